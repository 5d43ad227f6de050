"""A resident's phone with a bad line: drafts survive, a kept sending goes by itself, nothing is created twice."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation import files, places
from gezhi.interfaces.api import limits
from tests.foundation.files.pictures import jpeg
from tests.interfaces.phone import Phone, browser, phone, sent, sideways, until
from tests.mechanisms import mechanism
from tests.world import World

__all__ = ["browser", "phone"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SENTENCE = "三楼楼道灯坏了一周。"


@pytest.fixture
def world(transactional_db, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path / "home"
    limits.buckets.clear()
    return World()


@pytest.fixture
def plate(world) -> str:
    return f"/b/{places.directory().get(world.places['block7']).qr}"


def write(page, url: str, text: str = SENTENCE) -> None:
    page.goto(url)
    page.fill("#text", text)


def queue(page) -> int:
    return page.evaluate("window.gezhiStore.queue.all().length")


@mechanism("M096")
def test_without_a_signal_it_is_kept_in_the_phone_and_sent_once_later(phone: Phone, plate, world):
    context = phone.context()
    page = phone.page(context)
    write(page, plate)
    context.set_offline(True)
    page.click("button.big")
    page.wait_for_selector("text=没有信号，先存在手机里了")
    page.wait_for_selector("text=已存在手机里 1 件")
    assert (queue(page), Case.objects.count()) == (1, 0)
    context.set_offline(False)
    sent(page)
    case = Case.objects.get()
    assert (case.channel, case.place_id) == ("scan", world.places["block7"])
    page.evaluate("window.gezhiStore.queue.flush()")
    page.goto(plate)
    page.wait_for_selector(f"[data-my-matters] >> text={SENTENCE.rstrip('。')}")
    assert Case.objects.count() == 1


def test_what_was_kept_is_sent_by_the_next_page_even_after_the_browser_was_closed(phone: Phone, plate):
    context = phone.context()
    page = phone.page(context)
    write(page, plate)
    context.set_offline(True)
    page.click("button.big")
    page.wait_for_selector("text=没有信号，先存在手机里了")
    page.close()
    context.set_offline(False)
    later = phone.page(context)
    later.goto("/find")
    sent(later)
    assert Case.objects.count() == 1


def test_an_answer_lost_on_the_way_creates_nothing_twice(phone: Phone, plate):
    page = phone.page()
    write(page, plate)
    lost: list[str] = []

    def lose(route):
        if route.request.method == "POST" and not lost:
            route.fetch(max_redirects=0)  # the server has it; the phone never hears
            lost.append(route.request.url)
            route.abort("connectionfailed")
        else:
            route.continue_()

    page.route("**/b/*", lose)
    page.click("button.big")
    page.wait_for_selector("text=没有信号，先存在手机里了")
    assert Case.objects.count() == 1
    page.evaluate("window.gezhiStore.queue.flush()")
    sent(page)
    assert (len(lost), Case.objects.count()) == (1, 1)


def test_a_draft_with_its_photo_survives_a_lost_page(phone: Phone, plate):
    context = phone.context()
    page = phone.page(context)
    write(page, plate)
    page.set_input_files("input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()})
    page.wait_for_selector(".previews img")
    until(
        page,
        "Object.keys(localStorage).some(k => k.startsWith('gezhi.draft') && localStorage[k].includes('data:image'))",
    )
    page.close()
    again = phone.page(context)
    again.goto(plate)
    again.wait_for_selector(".previews img")
    assert again.input_value("#text") == SENTENCE
    again.click("button.big")
    again.wait_for_url("**/receipt")
    case = Case.objects.get()
    assert len(files.of(f"case:{case.id}")) == 1
    again.goto(plate)
    assert again.input_value("#text") == ""


def test_two_quick_taps_create_one(phone: Phone, plate):
    page = phone.page()
    write(page, plate)
    page.dblclick("button.big")
    page.wait_for_url("**/receipt")
    assert Case.objects.count() == 1


def test_a_refusal_is_shown_at_its_field_and_nothing_typed_is_lost(phone: Phone, world):
    page = phone.page()
    write(page, "/")
    page.click("button.big")
    page.wait_for_selector("text=请选您所在的村或社区")
    assert page.input_value("#text") == SENTENCE
    page.select_option("#place", str(world.places["lake"]))
    page.click("button.big")
    page.wait_for_url("**/receipt")
    assert Case.objects.count() == 1


def test_without_scripts_it_is_a_plain_form(phone: Phone, plate):
    page = phone.page(java_script_enabled=False)
    write(page, plate)
    page.set_input_files("input[type=file]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": jpeg()})
    page.click("button.big")
    page.wait_for_url("**/receipt")
    case = Case.objects.get()
    assert len(files.of(f"case:{case.id}")) == 1
    assert page.is_visible("text=看这件事的进度")


def test_the_phones_position_is_asked_only_on_a_tap(phone: Phone, plate):
    context = phone.context(permissions=["geolocation"], geolocation={"longitude": 1.0, "latitude": 1.0})
    page = phone.page(context)
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if r.url.endswith("/where") else None)
    write(page, plate)
    page.wait_for_timeout(300)
    assert asked == []
    page.click("[data-place] summary")
    page.click("[data-locate]")
    page.wait_for_selector("text=没找到位置，请从上面选")
    assert len(asked) == 1


def test_saying_solved_in_two_taps(phone: Phone, world):
    case = world.to_follow_up(world.open())
    page = phone.page()
    page.goto(f"/r/{case.code}")
    page.click(".thumb-bar >> text=解决了")
    page.click("dialog[open] >> text=满意 >> nth=1")
    page.wait_for_selector("text=谢谢您回话")
    case.refresh_from_db()
    assert (case.state, case.solved) == ("closed", "yes")


def test_large_type_on_the_smallest_phone_never_scrolls_sideways(phone: Phone, world, plate):
    case = world.to_follow_up(world.open("很长的一句话" * 20, contact_phone="13800000000"))
    context = phone.context(viewport={"width": 320, "height": 700})
    context.add_cookies([{"name": "large", "value": "1", "url": phone.base}])
    page = phone.page(context)
    mine = f"/r/{case.code}"
    urls = ["/", plate, f"{plate}/needs", "/find", "/board", "/board/list", "/patterns", "/signin", "/nothing", mine,
            f"{mine}/receipt", f"{mine}?say=unsolved"]  # fmt: skip
    wide = {}
    for url in urls:
        page.goto(url)
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
        wide[url] = sideways(page)
    assert wide == dict.fromkeys(urls, 0)
