"""A grid worker's phone with a bad line: done is done at once, sent when there is a signal, and never twice."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation.people import actions
from gezhi.interfaces.api import limits
from tests.foundation.people.county import SETUP
from tests.interfaces.phone import Phone, browser, phone, sent, sideways
from tests.world import World

__all__ = ["browser", "phone"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct-horse-7-battery"


@pytest.fixture
def world(transactional_db, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path / "home"
    limits.buckets.clear()
    made = World()
    person = actions.create_person("秦英", actor=SETUP, username="qinying", password=PASSWORD, synthetic=True)
    actions.appoint(made.seats["grid"], person, actor=SETUP)
    return made


def signed_in(phone: Phone, **more):
    """A page in a browser where the grid worker is signed in."""
    context = phone.context(**more)
    page = phone.page(context)
    page.goto("/signin")
    page.fill("#username", "qinying")
    page.fill("#password", PASSWORD)
    page.click("form button.main")
    page.wait_for_url("**/field/")
    return context, page


def test_a_check_done_without_a_signal_sinks_at_once_and_is_sent_later(phone: Phone, world):
    case = world.to_verify(world.open("楼道灯坏了。"))
    context, page = signed_in(phone)
    context.set_offline(True)
    page.click(f'[data-line="{case.id}"] button')
    page.wait_for_selector("text=已存在手机里 1 件")
    assert page.locator(f'[data-line="{case.id}"]').count() == 0
    assert page.locator("[data-pile] >> text=楼道灯坏了").count() == 1
    case.refresh_from_db()
    assert case.stage == "verify"
    context.set_offline(False)
    sent(page)
    case.refresh_from_db()
    assert case.stage == "follow_up"


def test_the_drawer_opens_with_what_can_be_done_and_sends_it(phone: Phone, world):
    case = world.to_verify(world.open("楼道灯坏了。"))
    _context, page = signed_in(phone)
    page.click(f'[data-line="{case.id}"] [data-ways]')
    page.click("#drawer summary >> text=没办好")
    page.fill("#drawer textarea >> nth=0", "四楼还不亮。")
    page.click("#drawer details[open] button.big")
    page.wait_for_selector("text=办好了一件")
    case.refresh_from_db()
    assert (case.stage, case.reworks) == ("handle", 1)


def test_without_a_signal_the_drawer_keeps_one_sentence(phone: Phone, world):
    case = world.to_verify(world.open("楼道灯坏了。"))
    context, page = signed_in(phone)
    context.set_offline(True)
    page.click(f'[data-line="{case.id}"] [data-ways]')
    page.fill("#offline-words", "门锁着，明早再来。")
    page.click("#drawer button.big")
    page.wait_for_selector("text=已存在手机里 1 件")
    before = case.event_seq
    context.set_offline(False)
    sent(page)
    case.refresh_from_db()
    assert (case.stage, case.event_seq) == ("verify", before + 1)


def test_a_report_without_a_signal_is_kept_and_sent_once(phone: Phone, world):
    context, page = signed_in(phone)
    page.goto("/field/report")
    page.fill("#text", "北侧通道堆了杂物。")
    context.set_offline(True)
    page.click("text=报上去")
    page.wait_for_selector("text=没有信号，先存在手机里了")
    assert Case.objects.count() == 0
    context.set_offline(False)
    sent(page)
    page.goto("/field/")
    assert Case.objects.count() == 1


def test_what_the_server_refuses_later_is_shown_with_its_words_and_can_be_dropped(phone: Phone, world):
    case = world.to_verify(world.open("楼道灯坏了。"))
    context, page = signed_in(phone)
    context.set_offline(True)
    page.click(f'[data-line="{case.id}"] button')
    page.wait_for_selector("text=已存在手机里 1 件")
    world.do(case, "fail", "秦英", finding="还在闪。")
    context.set_offline(False)
    page.wait_for_selector("text=有 1 件没有收下")
    assert page.is_visible(".refused-line >> text=楼道灯坏了")
    page.click("text=不交了，从手机里去掉")
    sent(page)
    case.refresh_from_db()
    assert case.stage == "handle"


def test_while_writing_a_category_is_suggested_dashed_and_only_taken_on_a_tap(phone: Phone, world):
    _context, page = signed_in(phone)
    page.goto("/field/report")
    page.fill("#text", "村口路灯不亮。")
    page.wait_for_selector("[data-chips] .choice")
    assert page.evaluate("getComputedStyle(document.querySelector('[data-suggestion]')).borderTopStyle") == "dashed"
    assert page.input_value("[data-chips] input:checked") == ""
    page.click("[data-chips] .choice >> nth=0")
    page.click("text=报上去")
    page.wait_for_url("**/field/")
    assert Case.objects.get().category != ""


def test_large_type_on_the_smallest_phone_never_scrolls_sideways(phone: Phone, world):
    case = world.to_verify(world.open("很长的一句话" * 20, contact_phone="13800000000"))
    context, page = signed_in(phone, viewport={"width": 320, "height": 700})
    context.add_cookies([{"name": "large", "value": "1", "url": phone.base}])
    urls = ["/field/", "/field/report", f"/field/case/{case.id}", f"/field/case/{case.id}/ways"]
    wide = {}
    for url in urls:
        page.goto(url)
        wide[url] = sideways(page)
    assert wide == dict.fromkeys(urls, 0)
