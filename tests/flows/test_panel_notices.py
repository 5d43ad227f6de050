"""Seats that a panel asks are told when it is convened, and once more before it closes when they have not answered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client

from gezhi.engines.workflows import panels, ticking
from gezhi.engines.workflows.models import Panel
from gezhi.foundation import notices, packs, people
from gezhi.foundation.notices import choosing, sending
from tests import environment
from tests.flows.conftest import catch_up, told
from tests.foundation.notices import fakes

pytestmark = pytest.mark.django_db(transaction=environment.POSTGRES)
UNSEEN = Path(__file__).parents[1] / "promises" / "unseen" / "green-stone"


@pytest.fixture
def at_ten():
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


@pytest.fixture
def convened(at_ten, world, tmp_path):
    (tmp_path / "standard-county").symlink_to(Path(packs.__file__).parents[3] / "packs" / "standard-county")
    (tmp_path / "green-stone").symlink_to(UNSEEN)
    packs.install(tmp_path / "green-stone", actor=people.system("test"))
    world.seat("village_mediator", "lake", "调解员丁")
    world.seat("grid_head", "lake1", "格新")
    case = world.open("租村里仓库的合同要盖章。", workflow="seal")
    world.do(case, "weighty", "秦英", purpose="仓库租赁合同")
    catch_up()
    return world, case, Panel.objects.get(case_id=case.id)


def test_each_seat_is_told_when_it_is_asked_and_only_the_silent_ones_before_it_closes(convened, at_ten):
    world, case, panel = convened
    for name in ("赵兰", "调解员丁", "格新"):
        assert told(world, name).count("convened") == 1, name
    assert told(world, "秦英").count("convened") == told(world, "周敏").count("convened") == 0
    panels.cast(panel.id, actor=world.actor("格新"), choice="yes")
    at_ten.shift(timedelta(days=2))  # half of three days has passed
    ticking.tick()
    catch_up()
    assert {n: told(world, n).count("closing") for n in ("赵兰", "调解员丁", "格新")} == {
        "赵兰": 1,
        "调解员丁": 1,
        "格新": 0,
    }
    ticking.tick()
    catch_up()
    assert told(world, "调解员丁").count("closing") == 1, "once"
    (line,) = [n for n in notices.inbox(world.actor("调解员丁"))[0] if "快收票" in n.title]
    assert "“两委”会" in line.text and "11月21日24:00收票" in line.text
    assert line.stream == f"panel:{panel.id}", "it leads to where one can answer, not to a case one may not open"


def test_a_closed_panel_reminds_nobody(convened, at_ten):
    world, case, panel = convened
    for name in ("赵兰", "调解员丁", "格新"):
        panels.cast(panel.id, actor=world.actor(name), choice="yes")
    world.do(case, "close_panel", "赵兰", minutes="都同意。")
    at_ten.shift(timedelta(days=2))
    ticking.tick()
    catch_up()
    assert "closing" not in told(world, "赵兰") + told(world, "调解员丁") + told(world, "格新")
    assert not notices.inbox(world.actor("调解员丁"))[0], "what is over is not shown to whoever may not see the case"


def test_a_resident_who_left_a_phone_is_told_when_households_vote_and_once_before_it_closes(at_ten, world):
    packs.install(Path(packs.__file__).parents[3] / "packs" / "minzhu-street", actor=people.system("test"))
    with fakes.gateway() as fake:
        choosing.set_gateway(
            None,
            {"channel": "sms", "title": "sms", "url": f"{fake.url}/send", "secret": "SEC1", "templates": "*=SMS_1"},
            actor=people.system("test"),
        )
        case = world.open("排水沟老堵。", workflow="seven_steps", contact_phone="13811112222")
        world.open("别的事。", contact_phone="13833334444")
        at_ten.move_to("2026-11-18T15:00:00+00:00")  # eleven at night
        world.do(case, "propose", "赵兰", topic="改排水沟", plan="清淤换管。")

        def told_of_vote() -> list[str]:
            catch_up()
            while sending.send_due():
                pass
            return [
                c["body"]["text"]
                for c in fake.came
                if c["body"]["phone"] == "13811112222" and "收票" in c["body"]["text"]
            ]

        assert told_of_vote() == [], "nobody is woken"
        at_ten.move_to("2026-11-19T01:00:00+00:00")
        (first,) = told_of_vote()
        assert case.number in first and "11月28日24:00收票" in first and "投票码" in first
        page = Client().get(f"/r/{case.code}").content.decode()
        assert "正在请各户投票" in page and f"/talks/{case.number}" in page
        at_ten.move_to("2026-11-24T02:00:00+00:00")  # half of the ten days has passed
        for _n in range(3):
            ticking.tick()
            said = told_of_vote()
        assert len(said) == 2 and "还没投的" in said[1]
        assert not [c for c in fake.came if c["body"]["phone"] == "13833334444" and "收票" in c["body"]["text"]]
