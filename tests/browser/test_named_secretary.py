"""A complaint about a village secretary, with a screen: nine people open the pages where it might show.

tests/promises/test_protected.py tries every door without a browser; here the pages are really drawn, on the desk and
on the phone, in a county where the secretary works beside everybody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.house import House, start
from tests.browser.visitor import DESK, PHONE, Enter

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS = "社区把低保名额给了自家亲戚，独居的周奶奶报了三回"
PIECE = "独居的周奶奶"
NUMBER = "19900091234"
LISTS = ("/desk/", "/desk/cases", "/desk/supervise", "/desk/protected", f"/desk/search?q={PIECE}", "/desk/map",
         "/desk/methods/protected", "/desk/documents", "/desk/notices", "/desk/audit", "/field/", "/board",
         "/board/list")  # fmt: skip
#: Who learns of it, and on which pages; whoever is not named here learns nothing anywhere. By hand.
SEES = {
    "street": {"/desk/", "/desk/cases", "/desk/protected", f"/desk/search?q={PIECE}", "/desk/supervise", "/field/",
               "/desk/notices", "case", "phone"},
    "county": {"/desk/cases", "/desk/protected", f"/desk/search?q={PIECE}", "/desk/supervise", "case", "phone"},
}  # fmt: skip
#: Pages on which it need not stand, even for those who may see it: they depend on lateness or on who is asked.
#: (Search by words waits for the worker; tests/promises/test_protected.py asserts it for those who may.)
MAY = {"/desk/supervise", "/field/", "/desk/notices", "/desk/", f"/desk/search?q={PIECE}"}
STAFF = ("grid", "secretary", "street", "county", "department", "auditor", "admin")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A small house of its own: what others do in the shared one is no noise here."""
    made = start(cases=12)
    yield made
    made.stop()


def told(page: Page, url: str, traces: tuple[str, ...]) -> bool:
    """Whether the page of an address, as drawn, shows any trace of the matter; a door that stays shut shows none."""
    answer = page.goto(url)
    assert answer is not None and answer.status in (200, 403, 404), (url, answer and answer.status)
    html = page.content()
    return any(trace in html for trace in traces)


def test_what_nine_people_see_on_their_screens(enter: Enter, house: House):
    # --- the resident says on the phone whom it is about ---
    resident = enter("phone", "reporter")
    page = resident.go(house.plates()[0])
    page.fill("#text", f"{WORDS}都没批。")
    page.click("details[data-field=about] summary")
    page.select_option("#about", "village")
    page.click('.raise label:has([name="contact"][value="phone"])')
    page.fill("#contact_phone", NUMBER)
    resident.look("complaint", again=False)
    resident.press(".raise button.big")
    page.wait_for_url("**/receipt")
    resident.press(".to-matter")
    resident.look("complaint-mine")
    mine = page.url
    assert PIECE in page.content() and NUMBER not in page.content()

    # --- the street, one level above, has it ---
    street = enter("desk", "street", "street")
    desk = street.go("/desk/protected", "protected")
    address = (
        desk.locator("[data-row]", has_text="低保名额")
        .first.locator("a[href*='/desk/cases/']")
        .first.get_attribute("href")
    )
    assert address
    case = address.split("?")[0]
    desk = street.go(case, "protected-case")
    found = re.search(r"\d{4}-\d+", desk.locator(".crumb").inner_text())
    assert found is not None
    traces = (PIECE, found[0], case, case.replace("/desk/cases/", "/field/case/"))
    assert NUMBER not in desk.content()

    # --- everybody opens everything ---
    wrong = []
    for who in STAFF:
        visitor = street if who == "street" else enter("desk", who, who)
        seen = {url for url in LISTS if told(visitor.page, url, traces[1:] if "q=" in url else traces)}
        seen |= {name for name, url in (("case", case), ("phone", traces[3])) if told(visitor.page, url, (PIECE,))}
        expected = SEES.get(who, set())
        if seen - expected or expected - seen - MAY:
            wrong.append((who, "too much", seen - expected, "too little", expected - seen - MAY))
        if who == "secretary":  # her own pages, drawn at both sizes, say nothing and look as on any day
            for size in (DESK, PHONE):
                visitor.page.set_viewport_size(size)
                visitor.go("/desk/")
                assert not any(t in visitor.page.content() for t in traces)
            visitor.page.set_viewport_size(DESK)
            visitor.page.goto(case)
            visitor.look("secretary-closed-door", again=False)
        visitor.wrong[:] = [w for w in visitor.wrong if not re.search(r"answer: (403|404)|Failed to load resource", w)]
    neighbour = enter("phone", "neighbour")
    for url in ("/board", "/board/list", f"{house.plates()[0]}/needs"):
        if told(neighbour.page, url, traces):
            wrong.append(("neighbour", url))
    assert wrong == []

    # --- and the reporter still has it, on the phone ---
    resident.go(mine)
    assert PIECE in resident.page.content()
