"""The bulletin's numbers, read off its pages, equal counts made by SQL that shares no code with the product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.browser.fill import SUNDAY
from tests.browser.house import House, house, start
from tools.independent_counts import CHINA, COUNTS, GROUPS, Counts, bounds

__all__ = ["house"]
pytestmark = pytest.mark.slow

#: The rates of the bulletin's lowest section, by the words that stand before each.
TITLES = {
    "结案率": "closed_rate",
    "按期结案率": "closed_on_time_rate",
    "超期结案率": "closed_late_rate",
    "按期处置率": "handled_on_time_rate",
    "回退率": "returned_rate",
    "延期率": "extended_rate",
    "返工率": "reworked_rate",
    "重开率": "reopened_rate",
    "虚假办结率": "false_closed_rate",
    "响应率": "responded_rate",
    "有效回访率": "followed_rate",
    "解决率": "solved_rate",
    "解决率（部分解决算半件）": "solved_rate_weighted",
    "满意率": "satisfied_rate",
    "满意率（一减不满意率）": "not_dissatisfied_rate",
}
#: What the bulletin's sentences say, and which figure it must be.
SENTENCES = {
    r"收到 ([\d,]+) 件，结案": "reported",
    r"，结案 ([\d,]+) 件。": "closed",
    r"不予受理 ([\d,]+) 件": "refused",
    r"应结 ([\d,]+) 件，按期": "need_close",
    r"，按期 ([\d,]+) 件，": "closed_on_time",
    r"，按期结案率 ([\d.]+%)": "closed_on_time_rate",
    r"超期 ([\d,]+) 件，其中": "late",
    r"其中 ([\d,]+) 件到": "late_not_closed",
    r"问到 ([\d,]+) 人次": "answered",
    r"， ?([\d,]+) 人次说解决了": "solved",
    r"([\d,]+) 人次说没解决": "unsolved",
    r"手里还有 ([\d,]+) 件在办": "open",
    r"([\d,]+) 件已过答应的日期": "open_late",
}


@dataclass(frozen=True)
class Number:
    """A link on the page: the text one reads, the address it opens, what the address says it counts."""

    text: str
    url: str

    @property
    def asked(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def group(self) -> tuple[str, str] | None:
        return next(((key[3:], value) for key, value in self.asked.items() if key.startswith("by.")), None)


class Bulletin:
    """One page, as its reader sees it."""

    def __init__(self, client: httpx.Client, place: int, period: str):
        self.client, self.place, self.period = client, place, period
        kind = "week" if "W" in period else "month"
        answer = client.get(f"/desk/bulletin/{place}/{kind}/{period}")
        assert answer.status_code == 200, (place, period, answer.status_code)
        self.html = answer.text
        found = re.findall(r'<a class="number[^"]*" href="([^"]+)"[^>]*>([^<]+)</a>', self.html)
        self.numbers = [Number(unescape(text), unescape(url)) for url, text in found if "measure=" in url]

    @property
    def sentences(self) -> str:
        """The lead paragraphs as one reads them."""
        part = re.search(r'<div class="txt">(.*?)</div>', self.html, re.S)
        assert part is not None
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "", part[1])))

    @property
    def cut(self) -> datetime:
        """The moment the page looked from; any of its numbers carries it."""
        return datetime.fromisoformat(self.numbers[0].asked["at"])

    def rates(self) -> dict[str, tuple[str, str]]:
        """The lines of the lowest section: {title: (value, "n ÷ d" or nothing)}."""
        part = re.search(r'<section class="rates">(.*?)</section>', self.html, re.S)
        assert part is not None
        lines = re.findall(
            r"<li><span>([^<]+?) (?:<span[^>]*>([^<]*)</span>)?</span><span><\w+[^>]*>([^<]+)</\w+></span>", part[1]
        )
        return {unescape(title).strip(): (value, halves) for title, halves, value in lines}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def served(request: pytest.FixtureRequest) -> Iterator[House]:
    """The demo county on each database; on PostgreSQL six weeks of it, which is what the pages below look back."""
    if request.param == "sqlite":
        yield request.getfixturevalue("house")
        return
    import psycopg

    cluster = request.getfixturevalue("postgres_cluster")
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE figures")
    made = start(cases=90, weeks=6, database_url=cluster.url("figures"))
    yield made
    made.stop()


@pytest.fixture(scope="module")
def pages(served: House) -> list[tuple[Bulletin, Counts]]:
    """Bulletins of several places and periods, each with its second count: a county, streets, a community, a grid."""
    county, street = served.client("county"), served.client("street")
    top = _place_of(county)
    town = _place_of(street)
    community = int(_below(street, town)[0])
    grid = int(_below(street, community)[0])
    week, month = _periods()
    wanted = [
        (county, top, month[0]), (county, top, month[1]), (county, top, week[0]), (county, top, week[2]),
        (county, int(_below(county, top)[1]), month[1]), (street, town, month[0]), (street, town, week[1]),
        (street, community, month[1]), (street, grid, month[1]),
    ]  # fmt: skip
    found = []
    for client, place, period in wanted:
        page = Bulletin(client, place, period)
        at = page.cut if page.numbers else None
        found.append((page, Counts(served.database, place, period, at)))
    return found


def _place_of(client: httpx.Client) -> int:
    """The widest place somebody may read about: where their bulletin opens."""
    return int(urlsplit(str(client.get("/desk/bulletin").url)).path.split("/")[3])


def _below(client: httpx.Client, place: int) -> list[str]:
    """The places inside, as the bulletin's map of cells links them."""
    page = Bulletin(client, place, _periods()[1][1])
    cells = re.search(r'<ul class="cells">(.*?)</ul>', page.html, re.S)
    assert cells is not None, place
    return re.findall(r"/desk/bulletin/(\d+)/", cells[1])


def _periods() -> tuple[list[str], list[str]]:
    """This week and the two before it, this month and the one before it, written as bulletins are numbered."""
    today = SUNDAY.astimezone(CHINA).date()
    weeks = [(today - timedelta(weeks=n)).isocalendar() for n in range(3)]
    first = today.replace(day=1)
    months = [first, first - timedelta(days=1)]
    return [f"{w.year}-W{w.week:02d}" for w in weeks], [f"{m:%Y-%m}" for m in months]


def test_the_demo_county_is_in_the_middle_of_its_working_methods(served):
    """What residents see of three talks: one asks the households, one is being done, one is to be changed."""
    page = httpx.get(f"{served.url}/talks").text
    for topic, step in (("东门口划线停车", "商"), ("广场器材怎么换", "做"), ("充电桩装在哪里", "改方案")):
        row = re.search(rf"{topic}</b>.*?</a>", page, re.S)
        assert row is not None and f"“{step}”" in unescape(row[0]), topic


def test_the_pages_hold_something_to_count(pages):
    assert sum(counts.value("reported") > 10 for _page, counts in pages) >= 4
    # How many are late or unsolved depends on the hour of the run; that people answered does not.
    assert sum(counts.value("solved") > 0 for _page, counts in pages) >= 2
    assert sum(counts.value("closed") > 0 for _page, counts in pages) >= 2


def test_every_sentence_says_the_figure_counted_again(pages):
    said = 0
    for page, counts in pages:
        for pattern, name in SENTENCES.items():
            found = re.search(pattern, page.sentences)
            if found:
                said += 1
                assert found[1] == counts.text(name), (page.place, page.period, name, page.sentences)
            else:  # a sentence is left out only when there is nothing to say
                absent = {"need_close": "need_close", "closed_on_time": "need_close", "closed_on_time_rate": "need_close",
                          "late": "late", "late_not_closed": "late", "answered": "answered", "solved": "answered",
                          "unsolved": "unsolved", "refused": "refused", "open_late": "open_late"}  # fmt: skip
                assert name in absent and counts.value(absent[name]) == 0, (page.place, page.period, name)
    assert said > 60


def test_every_rate_and_its_two_halves_are_counted_again(pages):
    for page, counts in pages:
        rates = page.rates()
        assert set(rates) == set(TITLES), (page.place, page.period)
        for title, (value, halves) in rates.items():
            over, under = counts.halves(TITLES[title])
            at = (page.place, page.period, title)
            assert value == (counts.text(TITLES[title]) or "无数据"), at
            assert halves == (f"{over.normalize():f} ÷ {under}" if under else ""), at


def test_every_other_number_of_the_page_is_counted_again(pages, served):
    """Tables by unit, category and place, and the trend of twelve periods: whatever is a link, by what it asks for."""
    checked = 0
    for page, counts in pages:
        since, until = bounds(page.period)
        for number in page.numbers:
            asked, name = number.asked, number.asked["measure"]
            again = counts
            if datetime.fromisoformat(asked["since"]) != since:
                period = _earlier(page.period, datetime.fromisoformat(asked["since"]))
                again = Counts(served.database, page.place, period, page.cut)
                since_then, until_then = bounds(period)
                assert (datetime.fromisoformat(asked["since"]), datetime.fromisoformat(asked["until"])) == (
                    since_then,
                    until_then,
                )
            else:
                assert datetime.fromisoformat(asked["until"]) == until
            at = (page.place, page.period, number)
            assert int(asked["in"]) == page.place, at
            if number.group is None:
                assert number.text == again.text(name), at
            elif number.group == ("unit", "own"):
                continue  # test_a_group_table_adds_up_to_its_total
            elif name in COUNTS:
                column, value = number.group
                known = {str(k if k is not None else "~"): n for k, n in again.by(name, column).items()}
                assert column in GROUPS and number.text == f"{known[value]:,}", at
            else:
                raise AssertionError(f"a rate by group is not shown as a number: {at}")
            checked += 1
    assert checked > 200


def _earlier(period: str, since: datetime) -> str:
    """The number of the period of the same kind that begins at this instant."""
    day = since.astimezone(CHINA).date()
    return f"{day.isocalendar().year}-W{day.isocalendar().week:02d}" if "W" in period else f"{day:%Y-%m}"


def test_a_group_table_adds_up_to_its_total(pages):
    for page, counts in pages:
        for name in ("need_close", "closed_on_time", "late"):
            assert sum(counts.by(name, "unit").values()) == counts.value(name), (page.place, name)
        assert sum(counts.by("reported", "category").values()) == counts.value("reported")
        own = re.search(
            r'href="#own".*?</td>((?:<td class="n">(?:<a[^>]*>|<span[^>]*>)[^<]*</\w+></td>){3})', page.html, re.S
        )
        if own:  # the villages' own work in one line: what the units' lines leave of the total
            folded = re.search(r'<details class="as-table" id="own">(.*?)</details>', page.html, re.S)
            assert folded is not None
            inside = set(re.findall(r"by\.unit=(\d+)", folded[1]))
            for shown, name in zip(
                re.findall(r">([\d,]+)<", own[1]), ("need_close", "closed_on_time", "late"), strict=True
            ):
                by_unit = counts.by(name, "unit")
                assert int(shown.replace(",", "")) == sum(n for seat, n in by_unit.items() if str(seat) in inside), (
                    page.place,
                    name,
                )


def test_every_number_opens_a_list_with_exactly_so_many_rows(pages):
    """Each different number of three pages is opened, and the rows of its list are counted page after page."""
    for page, counts in (pages[0], pages[6], pages[7]):
        for number in {n.url: n for n in page.numbers}.values():
            name = number.asked["measure"]
            if name in COUNTS:
                expected = int(number.text.replace(",", ""))
            elif datetime.fromisoformat(number.asked["since"]) == bounds(page.period)[0]:
                expected = counts.rows_over(name)
            else:  # the rate of the period before, in the lead
                period = _earlier(page.period, datetime.fromisoformat(number.asked["since"]))
                expected = Counts(counts.database, page.place, period, page.cut).rows_over(name)
            assert _rows(page.client, number.url) == expected, (page.place, page.period, number)


def _rows(client: httpx.Client, url: str) -> int:
    """How many rows a list has, following 后面 50 件 to its end."""
    total = 0
    while url:
        answer = client.get(url)
        assert answer.status_code == 200, url
        total += len(re.findall(r"<tr data-row", answer.text))
        after = re.search(r'href="([^"]+)" rel="next"', answer.text)
        url = f"/desk/cases{unescape(after[1])}" if after else ""
    return total
