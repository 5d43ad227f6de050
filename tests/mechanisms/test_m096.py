"""M096 码上办: the code on the building carries the place; without a signal nothing is lost or doubled; the list is what is open."""

from __future__ import annotations

import re
from html import unescape

import pytest
import segno
from django.test import Client
from playwright.sync_api import BrowserContext, Page

from gezhi.engines.workflows.models import Case
from gezhi.foundation import packs, places
from gezhi.foundation.people import actions
from gezhi.interfaces.api import limits
from tests.foundation.people.county import SETUP
from tests.interfaces.phone import Phone, browser, phone, sent
from tests.mechanisms import mechanism
from tests.world import World

__all__ = ["browser", "phone"]
pytestmark = [
    mechanism("M096", file="packs/minzhu-street/services.yaml"),
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

NEED = "三楼楼道灯坏了一周。"
PASSWORD = "correct-horse-7-battery"


@pytest.fixture
def world(transactional_db, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path / "home"
    limits.buckets.clear()
    made = World("minzhu-street")
    worker = actions.create_person("秦英", actor=SETUP, username="qinying", password=PASSWORD, synthetic=True)
    actions.appoint(made.seats["grid"], worker, actor=SETUP)
    return made


@pytest.fixture
def plate(world: World) -> str:
    """The address in the code on building 7."""
    return f"/b/{places.directory().get(world.places['block7']).qr}"


def waiting(page: Page) -> int:
    return page.evaluate("window.gezhiStore.queue.all().length")


def write_offline(phone: Phone, plate: str) -> tuple[BrowserContext, Page]:
    """A sentence sent where there is no signal, with a double tap; it waits in the phone."""
    context = phone.context()
    page = phone.page(context)
    page.goto(plate)
    page.fill("#text", NEED)
    context.set_offline(True)
    page.dblclick("button.big")
    page.wait_for_selector("text=已存在手机里 1 件")
    assert (waiting(page), Case.objects.count()) == (1, 0)
    return context, page


def test_the_code_on_the_building_carries_the_place(world, plate, phone):
    body = packs.registry().body("services", "minzhu-street")
    assert "scan" in [c["channel"] for c in body["channels"]]
    labels = [
        label for sheet in places.sheets(world.places["block7"], "https://gezhi.example") for label in sheet.labels
    ]
    assert {label.url for label in labels} == {f"https://gezhi.example{plate}"}
    # The printed squares are those of that address, made a second time.
    again = segno.make(labels[0].url, error="m", boost_error=False, micro=False).svg_inline(border=2, omitsize=True)
    drawn = re.compile(r'\bd="([^"]+)"')
    assert drawn.findall(labels[0].svg)[-1] == drawn.findall(again)[-1]
    page = phone.page()
    page.goto(plate)
    page.fill("#text", NEED)
    page.click("button.big")
    page.wait_for_url("**/receipt")
    case = Case.objects.get()
    assert (case.channel, case.place_id, case.village_id) == ("scan", world.places["block7"], world.places["lake"])


def test_a_need_written_without_a_signal_is_sent_once_when_there_is_one(phone, plate, world):
    context, page = write_offline(phone, plate)
    context.set_offline(False)
    sent(page)
    page.evaluate("window.gezhiStore.queue.flush()")
    page.reload()
    page.wait_for_selector(f"[data-my-matters] >> text={NEED.rstrip('。')}")
    case = Case.objects.get()
    assert (case.channel, case.place_id) == ("scan", world.places["block7"])


def test_it_survives_the_page_and_is_still_sent_once(phone, plate):
    context, page = write_offline(phone, plate)
    page.close()
    context.set_offline(False)
    first, second = phone.page(context), phone.page(context)
    first.goto("/find")
    second.goto(plate)
    sent(first)
    sent(second)
    assert Case.objects.count() == 1


def test_a_lost_answer_and_a_second_sending_make_one_need(phone, plate):
    context = phone.context()
    page = phone.page(context)
    page.goto(plate)
    page.fill("#text", NEED)
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


def test_a_workers_report_without_a_signal_is_kept_and_sent_once(phone, world):
    context = phone.context()
    page = phone.page(context)
    page.goto("/signin")
    page.fill("#username", "qinying")
    page.fill("#password", PASSWORD)
    page.click("form button.main")
    page.wait_for_url("**/field/")
    page.goto("/field/report")
    page.fill("#text", "北侧通道堆了杂物。")
    context.set_offline(True)
    page.dblclick("button[form=report]")
    page.wait_for_selector("text=已存在手机里 1 件")
    page.click("button[form=report]")  # the slow second half of a double tap: the form is empty by now
    page.wait_for_timeout(300)
    assert (waiting(page), Case.objects.count()) == (1, 0)
    context.set_offline(False)
    sent(page)
    page.evaluate("window.gezhiStore.queue.flush()")
    page.reload()
    case = Case.objects.get()
    assert (case.channel, case.grid_id) == ("field", world.places["lake1"])


def test_the_list_of_needs_is_exactly_what_is_open_now(world, plate):
    def listed() -> list[str]:
        """The sentences on the list; all writers here agreed to be quoted."""
        html = unescape(Client().get(f"{plate}/needs").content.decode())
        rows = html.split('class="public-row"')[1:]
        return sorted(said for row in rows for said in re.findall(r'class="voice">“([^”]+)”', row))

    texts = ["灯坏了", "水管漏", "门关不上"]
    cases = [world.open(f"{text}。", place="block7", public_ok=True) for text in texts]
    world.open("山上的路塌了。", place="hill1", public_ok=True)  # another community: not on this list
    assert listed() == sorted(texts)
    world.to_closed(cases[0])
    assert listed() == sorted(texts[1:])
    world.do(cases[0], "reopen", why="又坏了")
    assert listed() == sorted(texts)
    world.to_handle(cases[1])
    assert listed() == sorted(texts)
