"""岳师村 from Monday to Thursday week in Chromium: an ugly workbook becomes the register and is taken back as one step, six
grids are walked, the doctor measures, one elder moves away, one dies, a helper is replaced; week and month write themselves.

600 people; `GEZHI_VILLAGE_ROWS=5000` for a village as large as they come.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import openpyxl
import pytest

from tests.browser import ugly_book, village
from tests.browser.house import House, start
from tests.browser.visitor import Enter, Visitor
from tests.numbers import says

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROWS = int(os.environ.get("GEZHI_VILLAGE_ROWS", "600"))
REGISTER = "/desk/registers/village_elder"
HIGH, FINE = {"systolic": "178", "diastolic": "96"}, {"systolic": "126", "diastolic": "80"}


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    made = start(filled_by="tests.browser.village")
    yield made
    made.stop()


def patient(visitor: Visitor) -> Visitor:
    """A machine shared by many may stand still for half a minute: the story is not about speed."""
    visitor.context.set_default_timeout(120_000)
    return visitor


def travel(house: House, day: int, hour: int = 8) -> None:
    """To a day of the story (1 is the Monday), in the morning; whoever was signed in signs in again."""
    house.travel(village.MONDAY + timedelta(days=day - 1, hours=hour - 8))
    for client in house._clients.values():
        client.close()
    house._clients.clear()


def number_after(text: str, words: str) -> int:
    return int(re.search(rf"<b>(\d+)</b>{words}", text)[1])


def settled(visitor: Visitor, address: str, words: str) -> str:
    """The page of an import once its job is over; it loads itself anew."""
    if not visitor.page.url.endswith(address):
        visitor.go(address)
    visitor.page.locator(".sums, .note", has_text=words).first.wait_for(timeout=60_000 + ROWS * 40)
    return visitor.page.content()


def bring(visitor: Visitor, data: bytes, name: str) -> str:
    """Hand a workbook in; the address of its import."""
    page = visitor.go(f"{REGISTER}/import")
    place = page.locator("#i-place option", has_text="岳师村").first.get_attribute("value")
    page.select_option("#i-place", place)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files("#i-file", {"name": name, "mimeType": kind, "buffer": data})
    visitor.press("form.take-in button.main")
    return page.url.removeprefix(visitor.base)


def standing(house: House, rule: str, period: str = "", role: str = "secretary") -> tuple[int, int, int, int]:
    """(due, done, missed, open) of the village as the desk's page of a rule says."""
    page = house.client(role).get(f"/desk/duties/{rule}", params={"period": period} if period else {}).text
    cells = re.search(r'<tr class="sum">(.*?)</tr>', page, re.S)
    if cells is None:
        return (0, 0, 0, 0)
    due, done, _late, missed, _waived, still = (int(n) for n in re.findall(r">(\d+)<", cells[1]))
    return due, done, missed, still


def visit(house: House, role: str, path: str, **data: str) -> int:
    """A visit recorded by a form without a screen; the status it was answered with."""
    client = house.client(role)
    client.get("/field/")
    sent = {**data, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    return client.post(path, data=sent, headers={"Referer": f"{house.url}/field/"}, follow_redirects=False).status_code


def lines(house: House, role: str, rule: str) -> list[str]:
    """The addresses of what somebody owes under a rule, from their list of the day."""
    return list(
        dict.fromkeys(re.findall(rf'/field/duty/{rule}/\d+/[\w-]+(?=")', house.client(role).get("/field/").text))
    )


def test_a_week_of_a_village(enter: Enter, house: House):
    sheet = ugly_book.make(ROWS)
    secretary = patient(enter("desk", "secretary", "secretary"))

    # --- Monday: the register as it comes, looked at cell by cell, taken in, taken back, taken in again ---
    address = bring(secretary, sheet.data, "岳师村老人台账.xlsx")
    text = settled(secretary, address, "可以导入")
    assert (number_after(text, "可以导入"), number_after(text, "有问题")) == (sheet.good, len(sheet.bad))
    shown = dict(
        re.findall(r'<tr class="is-bad"><td class="n">(\d+)</td>.*?<span class="block-line s">(.*?)</span>', text)
    )
    assert shown and all(sheet.bad[int(row)] in said for row, said in shown.items()), shown
    secretary.look("import-checked")
    returned = house.client("secretary").get(f"{address}/returned").content
    reasons = [row[-1] for row in openpyxl.load_workbook(io.BytesIO(returned)).active.iter_rows(values_only=True)]
    for row, word in sheet.bad.items():
        assert word in str(reasons[row - 1]), (row, reasons[row - 1])
    secretary.press("footer.acts button.main, form.acts button.main")
    text = settled(secretary, address, "条已登记")
    assert number_after(text, "条已登记") == sheet.good
    secretary.look("import-done")
    assert f"{sheet.good} 条在册" in secretary.go(REGISTER, "register").content()
    secretary.go(address)
    secretary.press('button[value="undo"]')
    settled(secretary, address, "留着")
    assert "还没有登记" in secretary.go(REGISTER).content()
    again = bring(secretary, sheet.data, "岳师村老人台账（再交）.xlsx")
    settled(secretary, again, "可以导入")
    secretary.press("footer.acts button.main, form.acts button.main")
    settled(secretary, again, "条已登记")

    # --- six grids, each with its elders and its round every day; the neighbour sees none of it ---
    by_grid = {grid: sum(g == grid for *_rest, g in sheet.people) for grid in range(1, 7)}
    page = secretary.go("/desk/registers", "registers").content()
    for grid, count in by_grid.items():
        place = re.search(rf'value="(\d+)"[^>]*>[^<]*第 {grid} 网格<', house.client("secretary").get(REGISTER).text)[1]
        assert f"{count} 条在册" in house.client("secretary").get(REGISTER, params={"place": place}).text
    secretary.go("/desk/duties", "duties")
    secretary.press("header a:has-text('这一周的安排'), a:has-text('这一周的安排')")
    secretary.look("plan")
    plan = secretary.page.content()
    assert all(f"第 {grid} 网格" in plan for grid in by_grid) and plan.count("每日巡查") == 6 * 7
    neighbour = house.client("neighbour")
    assert "还没有登记" in neighbour.get(REGISTER).text and lines(house, "neighbour", "patrol") == []

    # --- one round by tapping, one with something wrong, the others without a screen ---
    worker = patient(enter("phone", "worker1", "worker1"))
    page = worker.go("/field/", "today")
    page.locator('form[action*="/duty/patrol/"] button.soft').first.click()
    page.locator("text=今天办完 1 件").first.wait_for()
    second = patient(enter("phone", "worker2", "worker2"))
    second.go(lines(house, "worker2", "patrol")[0] + "/trouble", "trouble")
    second.page.fill("textarea", "村口第三盏路灯不亮，老人晚上看不清。")
    second.press(".way-form button.main")
    second.look("reported", again=False)
    for role in ("worker3", "worker4"):
        assert visit(house, role, lines(house, role, "patrol")[0]) in (302, 303)
    assert standing(house, "patrol") == (6, 4, 0, 2)

    # --- the livelihood register: one helper each; the day after, one of them is replaced and the visit is the other's ---
    clerk = house.client("secretary")
    family = [row for row in sheet.people if row[3] == 1][:3]
    helped = livelihood(clerk, house, family[0][2], "程前进")
    assert len(lines(house, "helper1", "helper-visit")) == 1 and lines(house, "helper2", "helper-visit") == []
    travel(house, 2)
    clerk = house.client("secretary")
    secretary.sign_in("secretary")
    page = secretary.go(f"/desk/subjects/{helped}", "file")
    page.locator('form:has([value="relate"]) [name="kind"]').select_option("helper")
    page.locator('form:has([value="relate"]) [name="other"]').fill("温如玉")
    secretary.press('[value="relate"]')
    assert "温○" in secretary.page.content()
    secretary.look("helper-replaced")
    assert lines(house, "helper1", "helper-visit") == [] and len(lines(house, "helper2", "helper-visit")) == 1

    # --- one moves away, one dies: from their files ---
    gone = [subject_of(clerk, ident) for _row, _name, ident, _grid in family[1:]]
    for subject, how, said in ((gone[0], "moved_out", "迁出"), (gone[1], "died", "去世")):
        page = secretary.go(f"/desk/subjects/{subject}")
        page.locator("summary", has_text="换地方、结束登记、合并").click()
        page.select_option('[name="how"]', how)
        secretary.press('[value="end"]')
        assert said in secretary.page.content()
    secretary.look("file-ended")
    assert f"{sheet.good - 2} 条在册" in secretary.go(REGISTER).content()

    # --- Saturday: the doctor's month; nobody else records a reading, nothing is owed for who is gone ---
    travel(house, 6)
    doctor = patient(enter("phone", "doctor", "doctor"))
    doctor.go("/field/", "doctor-today")
    over = sum(int(ident[6:10]) <= 1936 + 30 for _row, _name, ident, _grid in family[1:])
    elders = sheet.elders - over
    assert standing(house, "monthly-health")[0] == elders
    owed = lines(house, "doctor", "monthly-health")
    assert owed and not any(f"/{subject}/" in line for line in owed for subject in gone)
    for other in ("secretary", "worker1"):
        assert visit(house, other, owed[0], **FINE) == 404
    for address_of, readings in ((owed[0], FINE), (owed[1], HIGH)):
        page = doctor.go(address_of, "reading")
        for name, value in readings.items():
            page.locator(f'[name="{name}"]').fill(value)
        doctor.press(".way-form button.main")
        doctor.look("read", again=False)
    text = house.client("secretary").get(f"/desk/subjects/{owed[1].split('/')[4]}").text
    assert not says(text, str(HIGH["systolic"]))
    assert standing(house, "monthly-health") == (elders, 2, 0, elders - 2)

    # --- Thursday week: what was not done has climbed; the week's summary and the month's circular have written themselves ---
    travel(house, 11)
    subprocess.run([sys.executable, "-m", "tests.browser.village", "over"], env=house.settings, check=True)
    settled_rule(house, "monthly-health", "2026-11", missed=elders - 2)
    settled_rule(house, "patrol", "2026-11-23", missed=2)  # what Monday left undone stays undone
    secretary.sign_in("secretary")
    text = secretary.go("/desk/duties", "climbed").content()
    assert "报到您这里" in text
    subprocess.run([sys.executable, "-m", "tests.browser.village", "late"], env=house.settings, check=True)
    days = [standing(house, "patrol", f"2026-11-{day}") for day in range(23, 30)]
    for period, kind in (("2026-W48", "week"), ("2026-11", "month")):
        page = secretary.go(sealed(house, "走访巡查通报", period), f"bulletin-{kind}")
        said = re.sub(r"\s", "", page.locator("main").inner_text())
        due, done, missed, waived = (
            int(re.search(rf"{words}有?(\d+)次", said)[1]) for words in ("到期要做的", "做了", "没做到", "免做")
        )
        still = re.search(r"还有(\d+)次没有记", said)
        assert due == done + missed + waived + (int(still[1]) if still else 0), said
        if kind == "week":  # the week is the sum of its days
            assert (due, done) == (sum(day[0] for day in days), sum(day[1] for day in days)) == (42, 4), said


def subject_of(client, ident: str) -> int:
    """The file of whoever has this identity number, by the search of the register."""
    page = client.get(REGISTER, params={"q": ident}).text
    entry = client.get(re.search(r"/desk/registers/entries/\d+", page)[0]).text
    return int(re.search(r"/desk/subjects/(\d+)", entry)[1])


def livelihood(client, house: House, ident: str, helper: str) -> int:
    """Somebody of the elders' register entered on the livelihood register too, with a helper; their file's number."""
    subject = subject_of(client, ident)
    client.get(f"/desk/registers/livelihood/new?subject={subject}")

    def post(url: str, **data: str) -> None:
        data["csrfmiddlewaretoken"] = client.cookies["csrftoken"]
        answer = client.post(url, data=data, headers={"Referer": house.url + url})
        assert answer.status_code == 200, answer.text[-3000:]

    post("/desk/registers/livelihood/new", subject=str(subject), group="elder", needs="灶台要修")
    post(f"/desk/subjects/{subject}", do="relate", kind="helper", other=helper)
    return subject


def settled_rule(house: House, rule: str, period: str, *, missed: int) -> None:
    """The worker closes windows every minute of the house's clock; so many are missed then."""
    until = time.monotonic() + 400
    while time.monotonic() < until:
        found = standing(house, rule, period)
        if found[2] == missed:
            return
        time.sleep(0.5)
    raise AssertionError(f"{rule} {period}: {found}")


def sealed(house: House, title: str, period: str) -> str:
    """The address of a sealed bulletin of the village, once the worker has written it."""
    until = time.monotonic() + 400
    while time.monotonic() < until:
        page = house.client("secretary").get("/desk/bulletins").text
        for row in re.findall(r"<tr.*?</tr>", page, re.S):
            link = re.search(r'href="(/desk/bulletins/\d+)"', row)
            if link and said_of(period) in row and title in row:
                return link[1]
        time.sleep(1)
    raise AssertionError(f"{title} {period}: {page[page.find('<main') :][:4000]}")


def said_of(period: str) -> str:
    """A period as the list of bulletins says it."""
    return {"2026-W48": "2026 年第 48 周", "2026-11": "2026 年 11 月"}[period]
