"""One event, three reporters: told quietly while writing, merged at triage, seen under each code, asked one by one."""

from __future__ import annotations

import pytest

from tests.browser.visitor import Enter, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SAID = (
    "七里桥头自来水管爆了，水漫了半条街，车都过不去。",
    "七里桥头自来水管爆了，水漫街了，车过不去。",
    "七里桥头自来水管爆了，满街都是水，过不去。",
)


def raise_it(who: Visitor, plate: str, text: str, *, told: bool) -> str:
    page = who.go(plate)
    page.fill("#text", text)
    if told:
        for more in range(1, 9):  # the words of the first one are read by a job: whoever goes on writing is told then
            page.wait_for_timeout(2500)
            if page.locator("[data-similar] .note").count():
                break
            page.fill("#text", text + "。" * more)
        page.locator("[data-similar] .note").wait_for()
        shown = page.locator("[data-similar]").inner_text()
        assert "刚有人报过" in shown and SAID[0][:8] not in shown
        who.look("told-quietly", again=False)
    who.press(".raise button.big")
    page.wait_for_url("**/receipt")
    return page.locator("strong.code").inner_text().strip()


def find(clerk: Visitor, code: str) -> str:
    page = clerk.go("/desk/")
    page.keyboard.press("/")
    page.keyboard.type(code)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    return (page.locator("[data-row] a[data-open]").first.get_attribute("href") or "").split("?")[0]


def test_one_event_three_reporters(enter: Enter, house):
    plate = house.plates()[0]
    residents = [enter("phone", f"resident-{n}") for n in range(3)]
    clerk = enter("desk", "clerk", "secretary")
    codes = [raise_it(residents[0], plate, SAID[0], told=False)]
    main = find(clerk, codes[0])  # by now the words are indexed: the clerk finds them
    for resident, text in zip(residents[1:], SAID[1:], strict=True):
        codes.append(raise_it(resident, plate, text, told=True))

    # --- the clerk is led to the first one, from the case and at the counter ---
    for code in codes[1:]:
        page = clerk.go(find(clerk, code))
        page.locator(".alike-lines .btn").first.wait_for()
        clerk.look("may-be-the-same")
        into = page.locator(f'.alike-lines li:has(a[href="{main}"]) .btn')
        clerk.press(into)
        clerk.look("side-by-side")
        clerk.press(".merge-form button.main")
        assert page.url.endswith(main)
    page.locator(".alike-lines li").nth(1).wait_for()
    clerk.look("main-with-reports")
    page = clerk.go("/desk/counter")
    page.fill("#c-text", "七里桥头水管爆了")
    page.locator("#c-alike .note").wait_for()
    clerk.look("counter-told", again=False)

    # --- each reporter sees the same steps under their own code ---
    page = residents[1].go(f"/r/{codes[1]}", "merged-matter")
    assert "并到一起办" in page.inner_text("main") and SAID[0][:8] not in page.inner_text("main")
    assert page.locator(".public-row").count() == 0

    # --- settled on the spot: both may speak ---
    clerk.go(main)
    clerk.act("settle", result="阀门关了，管子换好了，路面冲干净了。")
    page = residents[1].go(f"/r/{codes[1]}")
    page.locator('[data-opens="solved"]').click()
    residents[1].press("#solved .rating .btn >> nth=0")
    assert "谢谢您回话" in page.inner_text("body")

    # --- and whoever has not answered is asked, by somebody else than who did it ---
    street = enter("desk", "street", "street")
    page = street.go("/desk/follow", "follow")
    street.press(page.locator(".follow-list a", has_text="满街都是水").first)
    page.locator(".follow-one h2", has_text="满街都是水").wait_for()
    street.look("follow-one")
    street.press('.answers button[name="rating"][value="very"]')
    assert "记下了" in page.inner_text("body")

    # --- the board shows one event ---
    board = enter("phone", "anybody")
    page = board.go(plate.rstrip("/") + "/needs", "needs")
    page = board.go("/board")
    page.locator("a.number").first.click()
    page.locator(".public-row").first.wait_for()
    assert page.locator(".public-row", has_text="3 次反映").count() == 1
    board.look("board-one-event")
