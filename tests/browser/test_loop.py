"""The whole loop, by everybody's own hands: resident, counter, secretary, units, street, grid worker, county, auditor, admin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.fill import RELIEF
from tests.browser.visitor import Enter, Visitor, fill
from tests.foundation.files.pictures import jpeg
from tests.interfaces.phone import until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE = "19900081234"
LAMP = "路灯一闪一闪"
MEDICINE = "药快吃完了"


@pytest.fixture
def photo(tmp_path: Path) -> str:
    """A picture as a phone takes it."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(900, 600))
    return str(path)


def seat_value(visitor: Visitor, field: str, words: str) -> str:
    """The value of the seat in the open sheet whose title contains these words."""
    found = visitor.page.locator(f'#drawer select[name="{field}"] option', has_text=words)
    found.first.wait_for(state="attached")
    return found.first.get_attribute("value") or ""


def choose_with_keys(visitor: Visitor, words: str) -> None:
    """In the inbox, go down with j and up with k until the line with these words is chosen and shown beside the list."""
    page = visitor.page
    for key in ["j"] * 60 + ["k"] * 60:
        page.keyboard.press(key)
        if page.locator("[data-row].on", has_text=words).count():
            page.locator(".detail-body", has_text=words).wait_for()
            # The action bar has just been swapped in: until htmx knows it, a key would open the form's own page.
            until(page, "'htmx-internal-data' in (document.querySelector('footer.acts [data-key=e]') || {})")
            return
    raise AssertionError(f"{words} is not in the inbox")


def case_of(visitor: Visitor, code: str) -> str:
    """The address of the case page, found with the code as a clerk would: / and the search box."""
    page = visitor.go("/desk/")
    page.keyboard.press("/")
    page.keyboard.type(code)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    link = page.locator("[data-row] a[data-open]").first.get_attribute("href") or ""
    return link.split("?")[0]  # without the list one came from: an action then stays on the case


def test_the_whole_loop(enter: Enter, house, photo):
    resident = enter("phone", "resident")
    plate = house.plates()[0]

    # --- a resident scans the door plate, writes one sentence, adds a photo, leaves a number ---
    page = resident.go(plate, "plate")
    assert page.locator("[data-place-word]").inner_text().strip() != ""
    page.fill("#text", f"二单元门口的{LAMP}，昨晚全灭了。")
    page.set_input_files(".raise input[type=file]", photo)
    page.locator(".previews img").wait_for()
    page.click('.raise label:has([name="contact"][value="phone"])')
    page.fill("#contact_phone", PHONE)
    resident.press(".raise button.big")
    page.wait_for_url("**/receipt")
    resident.look("receipt")
    code = page.locator("strong.code").inner_text().strip()
    assert re.fullmatch(r"[0-9A-Z]{5}-[0-9A-Z]{5}", code)
    resident.press(".to-matter")
    resident.look("matter-received")
    assert page.locator(".photo-pair img").count() == 1
    mine = page.url
    assert page.locator(f"text={PHONE}").count() == 0  # masked even for whoever holds the code
    resident.go("/find", "find")
    page.fill("#code", code.replace("-", " ").lower())
    resident.press("form button.big")
    assert page.url == mine

    # --- the counter: the same matter is found by code and by phone; another is raised on somebody's behalf ---
    counter = enter("desk", "counter", "secretary")
    desk = counter.go("/desk/counter", "counter")
    for written in (code, PHONE):
        desk.fill("#c-q", written)
        counter.press(".find-form button")
        desk.locator(f".found >> text={LAMP}").wait_for()
    counter.look("counter-found")
    form = desk.locator(".counter-form")
    fill(form, "text", f"{MEDICINE}，想请人代买。")
    fill(form, "contact_name", "周桂兰")
    fill(form, "contact_phone", "19900085678")
    with desk.expect_navigation():
        form.locator("button.main").click()
    desk.locator(".is-wrong:has([name=consent])").wait_for()  # nothing starts without consent, nothing typed is lost
    assert form.locator("[name=text]").input_value() == f"{MEDICINE}，想请人代买。"
    counter.wrong.clear()  # the browser reports the expected 422 as an error of the page
    fill(form, "consent", "present")
    with desk.expect_navigation():
        form.locator("button.main").click()
    desk.wait_for_url("**/receipt")
    counter.look("counter-receipt")
    second = desk.locator(".receipt .code").inner_text().strip()
    desk.emulate_media(media="print")
    size = desk.evaluate("parseFloat(getComputedStyle(document.querySelector('.receipt .code')).fontSize)")
    assert size >= 28 and not desk.locator(".rail").is_visible()
    assert len(re.findall(rb"/Type\s*/Page\b", desk.pdf(format="A4"))) == 1
    desk.emulate_media(media="screen")

    # --- the secretary triages with the keyboard and dispatches to a department ---
    secretary = enter("desk", "secretary", "secretary")
    desk = secretary.go("/desk/", "inbox")
    choose_with_keys(secretary, LAMP)
    secretary.look("inbox-triage", again=False)
    desk.keyboard.press("e")
    unit = seat_value(secretary, "unit", "城市管理")
    secretary.look("inbox-dispatch", again=False)
    secretary.fill_sheet(sort="big", unit=unit, note="请先看线路。")
    desk.locator("p.undo[role=status]", has_text="已经办了").wait_for()
    desk.locator("p.undo a[data-key=z]").wait_for()  # undo instead of "are you sure"
    secretary.look("inbox-undo", again=False)
    address = case_of(secretary, code)
    secretary.go(address, "case-dispatched")

    # --- the department sends it back with its ground and a proposal ---
    department = enter("desk", "department", "department")
    department.go("/desk/", "inbox")
    desk = department.go(address, "case-to-sign")
    desk.locator('footer.acts a[href*="/do/return?"]').first.wait_for(state="attached")
    open_action(department, "return")
    company = seat_value(department, "proposed", "供电")
    department.look("sheet-return", again=False)
    department.fill_sheet(ground="路灯由供电公司管养，按职责清单第十二条。", proposed=company)

    # --- the street dispatches to the other unit ---
    street = enter("desk", "street", "street")
    street.go("/desk/supervise", "supervise")
    street.go("/desk/", "inbox")
    street.go(address, "case-returned")
    street.act("dispatch", sort="big", unit=company)

    # --- that unit signs, asks for more time; the street grants it ---
    power = enter("desk", "power", "power")
    power.go(address)
    power.act("accept", plan="今晚去看线路。")
    power.act("extend", more="2 work_day", reason="要等吊车，后天能到。")
    power.look("case-extension-asked")
    street.go("/desk/supervise", "supervise-waiting")
    street.page.locator(f'.ops a[href*="{address}/do/grant"]').first.click()
    street.look("sheet-grant", again=False)
    street.fill_sheet(note="同意，先告诉居民。")
    resident.go(mine, "matter-extended")
    assert resident.page.locator("text=要等吊车，后天能到").count() >= 1  # the reason is told to the resident

    # --- the unit finishes with a photo; the doer cannot verify; the grid worker does, on the phone ---
    finish(power, address, photo, "换了灯头，线路接好了。")
    assert power.page.locator('footer.acts a[href*="/do/pass"]').count() == 0
    grid = enter("phone", "grid", "grid")
    verify(grid, LAMP, look=True)

    # --- the resident says: not solved; the street sends it again; it is done and the resident says so ---
    resident.go(mine, "matter-your-word")
    resident.page.click(".thumb-bar >> text=没解决")
    resident.look("say-unsolved", again=False)
    resident.page.fill("#why", "好了一晚，今天又灭了。")
    resident.press("#back button.big")
    resident.look("matter-again")
    street.go(address, "case-reopened")
    street.act("dispatch", sort="big", unit=company)
    power.go(address)
    power.act("accept")
    finish(power, address, photo, "整段电缆换了新的。")
    verify(grid, LAMP)
    resident.go(mine)
    resident.page.click(".thumb-bar >> text=解决了")
    resident.look("say-solved", again=False)
    resident.press("#solved .rating button >> nth=0")
    resident.page.locator("text=谢谢您回话").wait_for()
    resident.look("matter-closed")
    assert resident.page.locator(".photo-pair figure").count() == 2

    # --- whoever looks at the number says why, and the resident reads it ---
    open_case = secretary.go(address)
    open_case.click("text=看全号")
    open_case.fill("#f-purpose", "约上门看灯的时间")
    with open_case.expect_response(lambda r: r.url.endswith("/reveal") and r.request.method == "POST"):
        open_case.click("#drawer button.main")
    open_case.locator(".phone-full").wait_for()
    assert open_case.locator(".phone-full").inner_text().replace(" ", "") == PHONE
    secretary.look("revealed", again=False)
    resident.go(mine)
    resident.page.click(".seen summary")
    resident.page.locator(".seen >> text=约上门看灯的时间").wait_for()
    resident.look("matter-seen", again=False)

    # --- the county reads the board and the bulletin; a number opens exactly its cases ---
    county = enter("desk", "county", "county")
    county.go("/desk/supervise", "supervise")
    desk = county.go("/desk/bulletin", "bulletin")
    number = desk.locator(".lead a.number").first
    count = int(number.inner_text().replace(",", ""))
    number.click()
    desk.locator("#drawer .meaning").wait_for()
    county.look("figure-sheet", again=False)
    county.press(f"#drawer a.btn:has-text('看 {count} 件')")
    county.look("cases-of-a-number")
    assert rows_in_all(county) == count
    for url, name in (("/desk/cases", "cases"), ("/desk/map", "map"), ("/desk/methods", "methods"),
                      ("/desk/methods/request", "method"), (f"/desk/search?q={code}", "search")):  # fmt: skip
        county.go(url, name)

    # --- the grid worker takes the counter's errand, is replaced, and it stands on the hand-over list ---
    secretary.go(case_of(secretary, second))
    number_of_case = re.search(r"\d{4}-\d+", secretary.page.locator(".crumb").inner_text())
    assert number_of_case is not None
    desk = secretary.page
    desk.locator('footer.acts a[href*="/do/dispatch?"]').first.click()
    worker = seat_value(secretary, "unit", "网格员")
    secretary.fill_sheet(sort="small", unit=worker)
    grid.go("/field/")
    open_line(grid, MEDICINE)
    grid.page.click("#do-take summary")
    grid.press("#do-take button.big")
    admin = enter("desk", "admin", "admin")
    admin.go("/desk/people", "people")
    desk = admin.go(f"/desk/people/seats/{worker}", "seat")
    admin.press(desk.locator("a[href*='/hand-over']").first)
    admin.look("hand-over")
    desk.locator(f"text={number_of_case[0]}").wait_for()
    admin.press("form.no-print button")
    assert desk.locator(f"text={number_of_case[0]}").count() == 0
    desk = admin.go(f"/desk/people/seats/{worker}")
    desk.fill("#a-phone", RELIEF[1])  # by phone, because names repeat in a county
    admin.press("button[value=appoint]")
    admin.look("seat-appointed")
    relief = enter("phone", "relief", "relief")
    relief.go("/field/", "today")
    assert relief.page.locator("li.item h3 a", has_text=MEDICINE).count() == 1
    for url, name in (("/desk/places", "places"), (f"/desk/places/{village_of(counter)}/plates", "plates")):
        admin.go(url, name)

    # --- the auditor: who looked at what, and that no record was changed ---
    auditor = enter("desk", "auditor", "auditor")
    desk = auditor.go("/desk/audit", "audit")
    desk.locator("text=约上门看灯的时间").first.wait_for()
    auditor.press("main form button.main")
    desk.locator("text=没有一条被改").wait_for(timeout=60_000)
    auditor.look("audit-verified", again=False)

    # --- the pages nobody needed on the way ---
    for url, name in (("/", "home"), (f"{plate}/needs", "needs"), ("/board", "board"), ("/board/list", "board-list"),
                      ("/signin", "signin"), ("/patterns", "patterns")):  # fmt: skip
        resident.go(url, name)
    for url, name in (("/field/", "today"), ("/field/report", "report")):
        relief.go(url, name)


def open_action(visitor: Visitor, action: str) -> None:
    """Open the sheet of an action that may stand behind 更多."""
    button = visitor.page.locator(f'footer.acts a[href*="/do/{action}?"]')
    if not button.is_visible():
        visitor.page.click("footer.acts summary")
    button.click()
    visitor.page.locator("#drawer form").wait_for()


def finish(unit: Visitor, address: str, photo: str, result: str) -> None:
    """The unit says it is done, with a picture."""
    unit.go(address)
    unit.act("finish", result=result, photos=photo)
    unit.look("case-finished", again=False)


def verify(grid: Visitor, words: str, *, look: bool = False) -> None:
    """The grid worker looks at the matter on the phone and says it is done."""
    grid.go("/field/", "today" if look else "")
    open_line(grid, words)
    if look:
        grid.look("case-to-verify")
    grid.press("#do-pass button.big")


def open_line(grid: Visitor, words: str) -> None:
    """Open a line of 今天要办; what is not due today lies in the pile 往后, which is opened first."""
    found = grid.page.locator("li.item h3 a", has_text=words)
    found.wait_for(state="attached")
    if not found.is_visible():
        grid.page.locator("details.pile:has(li.item) summary").click()
    grid.press(found)


def rows_in_all(visitor: Visitor) -> int:
    """How many rows a list has, page after page."""
    total = 0
    while True:
        total += visitor.page.locator("main [data-row]").count()
        after = visitor.page.locator("a[rel=next]")
        if not after.count():
            return total
        visitor.press(after)


def village_of(counter: Visitor) -> str:
    """The community the counter registers for."""
    counter.go("/desk/counter")
    return counter.page.locator("#c-place option[selected]").get_attribute("value") or ""
