"""One event, two reporters, in Chromium at both sizes: told quietly while writing, merged at triage, asked one by one."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from gezhi.engines.workflows.models import Case
from gezhi.foundation import people
from gezhi.foundation.jobs import claims, registry
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SAID = "七里桥头自来水管爆了，水漫了半条街，车都过不去。"
SAME = "七里桥头自来水管爆了，水漫街了，车过不去。"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
OPEN: list[BrowserContext] = []


@pytest.fixture(scope="module", autouse=True)
def _own_loop() -> Iterator[None]:
    """Playwright runs a loop of its own in this thread; the database is asked beside it until the module ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def world(transactional_db) -> World:
    registry.discover()
    return World()


@pytest.fixture
def wrong(live_server) -> Iterator[list[str]]:
    """What scripts did wrong. The windows are closed before the tables are emptied: a page that still loads asks for them."""
    heard: list[str] = []
    OPEN.clear()
    yield heard
    while OPEN:
        OPEN.pop().close()
    assert heard == []


def opened(
    browser: Browser, base: str, size: dict[str, int], wrong: list[str], world: World | None = None, name: str = ""
) -> Page:
    context = browser.new_context(viewport=size, locale="zh-CN", base_url=base, timezone_id="Asia/Shanghai")
    context.set_default_timeout(60_000)
    OPEN.append(context)
    if world is not None:
        person = people.directory().person(world.people[name])
        session = Client().session
        session["person"], session["person_epoch"] = person.id, person.session_epoch
        session.save()
        context.add_cookies([{"name": "sessionid", "value": session.session_key, "url": base}])
    page = context.new_page()
    page.on("pageerror", lambda fault: wrong.append(str(fault)))
    return page


def fits(page: Page, name: str) -> None:
    """Nothing scrolls sideways, at the desk's size and the phone's; with GEZHI_SHOTS pictures are left there."""
    for size in (DESK, PHONE):
        page.set_viewport_size(size)
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= size["width"], f"{name}: {wide} px at {size['width']}"
        if folder := os.environ.get("GEZHI_SHOTS"):
            page.screenshot(path=f"{folder}/{name}-{size['width']}.png")
    page.set_viewport_size(DESK)


def test_one_event_two_reporters(world, browser, live_server, wrong):
    main = world.open(SAID)
    claims.drain()
    # A neighbour is told quietly, and sends theirs all the same.
    page = opened(browser, live_server.url, PHONE, wrong)
    page.goto("/")
    page.locator("[data-place]").evaluate("d => { d.open = true; }")
    page.select_option("#place", str(world.places["lake"]))
    page.fill("#text", SAME)
    page.locator("[data-similar] .note").wait_for()
    assert SAID[:12] not in page.locator("[data-similar]").inner_text()
    fits(page, "told-quietly")
    page.click(".raise button.big")
    page.wait_for_url("**/receipt")
    report = Case.objects.exclude(pk=main.pk).get()
    claims.drain()
    # The clerk is led to the first one, and merges.
    desk = opened(browser, live_server.url, DESK, wrong, world, "赵兰")
    desk.goto(f"/desk/cases/{report.pk}")
    desk.locator(".alike-lines .btn").wait_for()
    fits(desk, "may-be-the-same")
    desk.click(".alike-lines .btn")
    desk.wait_for_url("**/merge/**")
    fits(desk, "side-by-side")
    desk.click(".merge-form button.main")
    desk.wait_for_url(f"**/desk/cases/{main.pk}")
    desk.locator(".alike-lines li").wait_for()
    fits(desk, "main-with-a-report")
    # Settled; each of the two is asked, by somebody else than who settled it.
    world.do(main, "settle", "赵兰", result="管子换好了。")
    page.goto(f"/r/{report.code}")
    assert "并到一起办" in page.inner_text("main") and page.locator('[data-opens="solved"]').count()
    fits(page, "merged-matter")
    street = opened(browser, live_server.url, DESK, wrong, world, "周敏")
    street.goto("/desk/follow")
    street.locator(".follow-one h2").wait_for()
    fits(street, "follow")
    with street.expect_navigation():
        street.click('.answers button[name="rating"][value="very"]')
    report.refresh_from_db()
    assert (report.solved, report.rating) == ("yes", "very")
