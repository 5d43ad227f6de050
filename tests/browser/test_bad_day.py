"""A county's bad day: a main bursts on the night of a holiday and forty people report it within ten minutes.

Whoever is on duty has it and puts the forty together on one screen; three units handle it side by side; one lets its
clock run out, supervision climbs rung by rung, a numbered notice is drafted, signed and printed; all sign off; each of
the forty is told and asked, one says that it is not solved, and the bulletin counts them as plain SQL does.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from datetime import time as datetime_time
from pathlib import Path

import chinese_calendar
import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.fill import RELIEF
from tests.browser.gateway import Sink, sms_gateway
from tests.browser.house import House, start
from tests.browser.test_loop import case_of, finish, photo, seat_value, verify
from tests.browser.visitor import Enter, Visitor
from tests.promises.test_figures import TITLES, Bulletin
from tools.independent_counts import COUNTS, Counts, bounds

pytestmark = [pytest.mark.browser, pytest.mark.slow]
__all__ = ["photo"]

REPORTS = 40
BURST = "门口的自来水主管爆了"
CHINA = timezone(timedelta(hours=8))
OPENS = datetime_time(8)
#: What people write in the night: the same event in other words.
SAID = (
    "{where}{burst}，水冲到路面上了。", "{where}{burst}，一楼快进水了，家里也停水了。", "水管爆了！就在{where}，喷得老高，没水用。",
    "{where}{burst}，路上全是水，电动车过不去。", "我们这栋没水了，下去一看是{where}的水管爆裂。",
)  # fmt: skip


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A house of its own: its clock runs ahead."""
    made = start(cases=12)
    yield made
    made.stop()


def until(found: Callable[[], object], seconds: float = 400) -> None:
    """Wait for the worker."""
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end, "the worker did not come to it"
        time.sleep(0.5)


@pytest.fixture
def phones() -> Iterator[Sink]:
    """What the SMS gateway of the county was given."""
    with sms_gateway() as sink:
        yield sink


def told(house: House, codes: list[str], *words: str) -> None:
    """Each code opens a page of its own that says all of these."""
    with httpx.Client(base_url=house.url, timeout=60, headers={"Accept-Language": "zh-CN"}) as public:
        for code in codes:
            answer = public.get(f"/r/{code}")
            assert answer.status_code == 200 and all(w in answer.text for w in words), (code, words)


def says(house: House, code: str, **words: str) -> None:
    """A reporter's word, through the public API."""
    answer = httpx.post(
        f"{house.url}/api/v1/requests/{code}/rating", json=words, headers={"Idempotency-Key": f"say-{code}"}, timeout=60
    )
    assert answer.status_code == 200, answer.text


def counted_again(house: House, role: str) -> dict[str, int]:
    """Every number of the week's bulletin that somebody reads first, equal to a count by plain SQL; a few by name."""
    client, week = house.client(role), house.now().astimezone(CHINA).date().isocalendar()
    place = int(str(client.get("/desk/bulletin").url).split("/desk/bulletin/")[1].split("/")[0])
    page = Bulletin(client, place, f"{week.year}-W{week.week:02d}")
    counts, wrong = Counts(house.database, place, page.period, page.cut), []
    for number in page.numbers:
        asked = number.asked
        if (
            number.group is None
            and asked["measure"] in COUNTS
            and datetime.fromisoformat(asked["since"]) == since(page)
        ):
            wrong += [number] if number.text != counts.text(asked["measure"]) else []
    for title, (value, halves) in page.rates().items():
        over, under = counts.halves(TITLES[title])
        same = value == (counts.text(TITLES[title]) or "无数据")
        wrong += [] if same and halves == (f"{over.normalize():f} ÷ {under}" if under else "") else [title]
    assert wrong == []
    return {name: int(counts.value(name) or 0) for name in ("reported", "filed", "merged", "answered", "unsolved")}


def since(page: Bulletin) -> datetime:
    return bounds(page.period)[0]


def until_there(visitor: Visitor, url: str, found: Locator, words: str) -> None:
    """Open a page until a part of it that follows the worker's indexing, and comes in after the page, says these words."""
    for _try in range(60):
        visitor.go(url)
        with suppress(AssertionError):
            expect(found).to_contain_text(words, timeout=5_000)
            return
    raise AssertionError(f"{words} is not said at {url}")


def shows(visitor: Visitor, url: str, words: str) -> Callable[[], bool]:
    return lambda: words in visitor.go(url).locator("main").inner_text()


def working_morning(after: datetime) -> datetime:
    """When offices open on the first working day that begins after this instant."""
    day = after.replace(hour=OPENS.hour, minute=OPENS.minute) + timedelta(days=1)
    while not works(day):
        day += timedelta(days=1)
    return day


def works(day: datetime) -> bool:
    """A working day of the calendar, or, in years whose holidays nobody knows yet, of the week."""
    try:
        return bool(chinese_calendar.is_workday(day.date()))
    except NotImplementedError:
        return day.weekday() < 5


def report(house: House, plate: str, number: int) -> str:
    """One of the forty, by the public API; most say that it must not wait, and some leave a number."""
    words = SAID[number % len(SAID)].format(where="1 号楼", burst=BURST)
    body = {"text": words, "place": plate.rpartition("/")[2], "urgent": True}
    if number % 4 == 0:
        body["contact_phone"] = f"199000{70000 + number}"
    answer = httpx.post(
        f"{house.url}/api/v1/requests", json=body, headers={"Idempotency-Key": f"burst-{number}"}, timeout=60
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["code"])


def holiday(house: House, folder: Path) -> datetime:
    """Ten at night of the next day that would be a working day, which a notice makes a day off."""
    day = house.now().astimezone(CHINA) + timedelta(days=1)
    while not (works(day) and works(day + timedelta(days=1))):
        day += timedelta(days=1)
    notice = folder / "notice.csv"
    notice.write_text(f"日期,名称,是否上班\n{day:%Y-%m-%d},县庆,休息\n", encoding="utf-8")
    assert "县庆 休息" in house.command("holidays", "import", str(notice), "--yes")
    return day.replace(hour=22, minute=0, second=0, microsecond=0)


def test_a_countys_bad_day(enter: Enter, house: House, photo: str, phones: Sink, tmp_path: Path):
    night = holiday(house, tmp_path)
    plate = house.plates()[0]
    phones.switch_on(house)

    # --- the street plans who is on duty that night; the roster shows the day off ---
    street = enter("desk", "street", "street")
    desk = street.go(f"/desk/duty?month={night:%Y-%m}")
    desk.locator("#d-seat option", has_text="值班员").first.wait_for(state="attached")
    desk.select_option("#d-seat", label=desk.locator("#d-seat option", has_text="值班员").first.inner_text())
    desk.fill("#d-persons", RELIEF[1])
    desk.fill("#d-first", f"{night:%Y-%m-%d}")
    desk.fill("#d-last", f"{night:%Y-%m-%d}")
    desk.check("input[name=replace]")
    street.press("button[value=rotate]")
    street.look("roster")
    assert "县庆" in desk.locator("main").inner_text()

    # --- the night: forty reports in ten minutes, two of them typed on a phone ---
    house.travel(night)
    before = counted_again(house, "county")
    first = enter("phone", "first")
    page = first.go(plate, "plate")
    page.fill("#text", f"1 号楼{BURST}，水往地下室灌。")
    page.check("input[name=urgent]", force=True)
    first.press(".raise button.big")
    page.wait_for_url("**/receipt")
    code = page.locator("strong.code").inner_text().strip().replace("-", "")
    first.press(".to-matter")
    first.look("matter-at-night")
    mine = page.url
    with ThreadPoolExecutor(4) as crowd:
        codes = [code, *crowd.map(lambda n: report(house, plate, n), range(1, REPORTS))]
    assert len(set(codes)) == REPORTS

    # --- whoever is on duty has all of it ---
    officer = enter("desk", "officer", "relief")
    desk = officer.go("/desk/", "inbox")
    assert desk.locator("[data-row]").count() >= min(REPORTS, 20)
    address = case_of(officer, code)
    officer.go(address)
    assert "值班" in officer.page.locator("main").inner_text()

    # --- forty times the same event: one screen, one step ---
    offer = officer.page.locator(".alike-all a")
    until_there(officer, address, offer, f"{REPORTS - 1} 次反映")
    officer.look("case-on-duty")
    officer.press(offer)
    boxes = officer.page.locator(".gather input[name=report]")
    assert boxes.count() == REPORTS - 1
    suggested = officer.page.locator(".gather input[name=report]:checked").count()
    assert REPORTS // 2 <= suggested < REPORTS  # who said it in other words is shown too, and ticked by the clerk
    officer.look("gather")
    officer.page.locator("fieldset:has(input[name=report]:not(:checked)) [data-tick-all] input").check()
    assert officer.page.locator(".gather input[name=report]:checked").count() == REPORTS - 1
    officer.page.fill("#m-reason", "同一处爆管")
    officer.press(".gather-bar button.main")
    officer.page.locator(".alike-lines li").nth(REPORTS - 2).wait_for(state="attached")
    officer.look("case-merged")
    assert officer.go("/desk/", "inbox-merged").locator("[data-row]").count() == 1
    told(house, codes[1:], "和别人说的是同一件，并到一起办")
    with_phone = REPORTS // 4 - (0 if REPORTS % 4 else 1)
    assert phones.sent == [] or {body["template"] for body in phones.sent} == {"other"}  # no resident is woken
    officer.go(address)

    # --- three units side by side: water leads, city management and power assist ---
    officer.page.locator('footer.acts a[href*="/do/dispatch_joint?"]').first.wait_for(state="attached")
    button = officer.page.locator('footer.acts a[href*="/do/dispatch_joint?"]')
    if not button.is_visible():
        officer.page.click("footer.acts summary")
    button.click()
    lead = seat_value(officer, "unit", "自来水")
    for unit in ("城市管理", "供电"):
        officer.page.locator("#drawer label:has([name=units])", has_text=unit).first.locator("input").check(force=True)
    officer.look("sheet-joint", again=False)
    officer.fill_sheet(unit=lead, urgent="true", note="先关阀，再抢修；供电看地下室配电，城管围挡。")
    officer.go(address, "case-three-units")
    now = officer.page.locator("p.branch").all_inner_texts()
    assert len(now) == 3, now

    # --- two do their part, the third lets its clock run out ---
    water, city, power = (
        enter("desk", name, user) for name, user in (("water", "water"), ("city", "department"), ("power", "power"))
    )
    for unit, action, words in (
        (water, "lead_done", "阀门关了，换了 DN300 主管一节。"), (city, "assist_done", "路面围挡、清淤。"),
    ):  # fmt: skip
        unit.go(address)
        unit.act(action, result=words)
    power.go(address, "case-my-part")
    lapse = working_morning(night + timedelta(days=1))

    # --- the ladder: the unit is told, then the street, then the county takes it over ---
    house.travel(lapse + timedelta(minutes=35))
    until(shows(power, "/desk/notices", "催一下"))
    until(lambda: len(phones.to("joined")) == with_phone)  # in the morning: handled together
    power.look("notices-reminded")
    house.travel(lapse + timedelta(minutes=65))
    until(shows(street, "/desk/notices", "督办"))
    street.go("/desk/supervise", "supervise")
    street.go(address, "case-late")

    # --- a numbered notice to the unit that is late, drafted with one tap, signed, printed ---
    street.press('form[action$="/documents/supervision"] button')
    street.look("paper-draft")
    paper = street.page.locator(".sheet-of-paper").inner_text()
    assert "供电公司" in paper and "自来水公司牵头会办" in paper and "已超时" in paper
    street.press("button[formaction$='/issue']")
    street.look("paper-signed")
    number = street.page.locator("h1").inner_text().strip()
    assert re.search(r"督〔\d{4}〕\d+号", number), number
    street.page.emulate_media(media="print")
    assert len(re.findall(rb"/Type\s*/Page\b", street.page.pdf(format="A4"))) == 1
    street.page.emulate_media(media="screen")

    # --- still nothing: the county has it now, and does it ---
    house.travel(working_morning(lapse + timedelta(days=1)) + timedelta(hours=2))
    county = enter("desk", "county", "county")
    until(shows(county, "/desk/notices", "请您接手"))
    county.look("notices-taken-over")
    county.go(address, "case-taken-over")
    county.act("assist_done", result="县里派应急电源到场，地下室配电恢复。")

    # --- all sign, the lead puts it together, somebody else looks ---
    for unit in (water, city, power):
        unit.go(address)
        unit.act("countersign", opinion="同意。")
    water.go(address, "case-all-signed")
    finish(water, address, photo, "爆管更换，全部恢复供水。")
    grid = enter("phone", "grid", "grid")
    verify(grid, "水往地下室灌", look=True)

    # --- each of the forty is told, under their own code, and asked for themselves ---
    told(house, codes, "爆管更换，全部恢复供水。", 'data-opens="solved"', 'data-opens="back"')
    until(lambda: len(phones.to("please_say")) == with_phone)
    assert phones.to("please_say") == phones.to("joined") and len(phones.to("please_say")) == len(codes[4::4])
    secretary = enter("desk", "secretary", "secretary")
    asked = secretary.go("/desk/follow", "follow-forty").locator(".follow-list li")
    assert asked.count() == REPORTS

    # --- many answer, two are reached by phone, one is still without water: that one is handled again ---
    first.go(mine, "matter-your-word")
    first.page.click(".thumb-bar >> text=解决了")
    first.press("#solved .rating button >> nth=0")
    first.page.locator("text=谢谢您回话").wait_for()
    answered = codes[2:24]
    for one in answered:
        says(house, one, solved="yes", rating="very")
    dry = enter("phone", "dry")
    dry.go(f"/r/{codes[1]}", "matter-of-a-merged-report")
    dry.page.click(".thumb-bar >> text=没解决")
    dry.page.fill("#why", "别家都来水了，我家五楼还是没有水。")
    dry.press("#back button.big")
    dry.look("matter-again")
    for _called in range(2):
        secretary.go("/desk/follow")
        secretary.press('.answers button[name="rating"][value="very"]')
    assert secretary.go("/desk/follow", "follow-rest").locator(".follow-list li").count() == REPORTS - 4 - len(answered)
    again = case_of(street, codes[1])
    street.go(again, "case-taken-out-again")
    assert "别家都来水了" in street.page.locator(".story").inner_text() and again != address
    county.go(address, "case-closed")

    # --- the bulletin counts reports and cases apart, as SQL that shares nothing with it does ---
    after = counted_again(house, "county")
    gained = {name: after[name] - before[name] for name in after}
    assert gained["reported"] == REPORTS and gained["unsolved"] == 1
    assert gained["merged"] == REPORTS - 2 and gained["filed"] == 2  # the main case, and the one taken out again
    county.go("/desk/bulletin", "bulletin")
