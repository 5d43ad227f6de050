"""A method that nobody here had seen, on one page of prose, written as a pack by the guide alone: it loads, and runs as the prose says.

How long that took and where it stumbled: docs/pack-author.md, at the end.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows import panels, ticking
from gezhi.engines.workflows.models import Panel
from gezhi.foundation import events, files, packs, people
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.foundation.files.pictures import jpeg
from tests.world import World

UNSEEN = Path(__file__).parent / "unseen"
VOTERS = ("赵兰", "调解员丁", "格新")


@pytest.fixture
def world(db, at_ten, tmp_path, settings):
    root = Path(settings.ROOT)
    (tmp_path / "standard-county").symlink_to(root / "packs" / "standard-county")
    (tmp_path / "green-stone").symlink_to(UNSEEN / "green-stone")
    settings.GEZHI_HOME = tmp_path
    made = World()
    packs.install(tmp_path / "green-stone", actor=people.system("test"))
    made.seat("village_mediator", "lake", "调解员丁")
    made.seat("grid_head", "lake1", "格新")
    return made


def proof(world: World, by: str) -> list[int]:
    return [files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor(by), key=f"photo-{by}").pk]


def sealed(world: World, case, by: str = "秦英"):
    return world.do(case, "sealed", by, number="2026-17", photo=proof(world, by))


def test_a_plain_paper_is_looked_at_by_the_secretary_and_sealed_by_another(world, at_ten):
    case = world.open("要开居住证明。", workflow="seal")
    with pytest.raises(Invalid, match="purpose"):
        world.do(case, "plain", "秦英")  # without a purpose nothing is registered
    world.do(case, "plain", "秦英", purpose="居住证明，孩子上学用")
    world.do(case, "approve", "赵兰")
    with pytest.raises((NotAllowed, NotFound)):
        sealed(world, case, "赵兰")
    assert sealed(world, case).stage == "posted"
    at_ten.shift(timedelta(days=4))
    ticking.tick()
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("closed", "done") and not events.verify().findings


def test_declined_twice_the_town_explains_and_it_is_not_sent_round_again(world):
    case = world.open("要开收入证明。", workflow="seal")
    for _ in range(2):
        world.do(case, "plain", "秦英", purpose="收入证明")
        case = world.do(case, "decline", "赵兰", why="没有工资流水。")
    assert case.stage == "explain"
    assert world.do(case, "explained", "周敏", words="讲了要什么材料。").outcome == "not_accepted"


def test_a_contract_needs_the_meeting_and_a_majority_of_those_who_came(world):
    case = world.open("租村里仓库。", workflow="seal")
    case = world.do(case, "weighty", "秦英", purpose="仓库租赁合同")
    assert case.stage == "committee"
    panel = Panel.objects.get(case_id=case.id)
    panels.cast(panel.id, actor=world.actor("赵兰"), choice="yes")
    with pytest.raises(Conflict, match="panel.voted"):
        panels.cast(panel.id, actor=world.actor("赵兰"), choice="no")
    panels.cast(panel.id, actor=world.actor("格新"), choice="no")
    assert world.do(case, "close_panel", "赵兰", minutes="两人到会，一人不同意。").outcome == "not_accepted"


def test_a_meeting_that_fails_twice_goes_to_the_town(world):
    case = world.open("给合作社担保。", workflow="seal")
    world.do(case, "weighty", "秦英", purpose="担保合同")
    for stage in ("committee", "town"):
        panel = Panel.objects.filter(case_id=case.id).order_by("-number")[0]
        panels.cast(panel.id, actor=world.actor("赵兰"), choice="yes")  # one of three is no quorum
        case = world.do(case, "close_panel", "赵兰", minutes="人没到齐。")
        assert case.stage == stage
    world.do(case, "approve", "周敏")
    case = sealed(world, case)
    case = world.do(case, "object", words="担保没有公示过。")
    assert case.stage == "inquiry"
    assert people.directory().effective(world.main(case).owner_seat, unlike=frozenset(world.main(case).barred)).persons
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "void", "周敏", finding="自己批的，不能自己查。")
    assert world.do(case, "void", "吕岩", finding="没有公示。").outcome == "withdrawn"


def test_every_sentence_of_the_prose_is_there(world):
    """By hand: what the page says, against what the method's own page says of itself."""
    flow = packs.registry().body("workflow", "seal")
    stages = flow["stages"]
    assert {n: (s.get("owner") or {}).get("post") for n, s in stages.items() if s["kind"] != "end"} == {
        "register": "grid_worker", "secretary": "village_secretary", "explain": "street_officer",
        "committee": "village_secretary", "town": "street_officer", "seal": "grid_worker", "posted": "village_secretary",
        "inquiry": "street_officer",
    }  # fmt: skip
    assert {n: s["clock"]["limit"] for n, s in stages.items() if s.get("clock")} == {
        "register": "0 calendar_day", "secretary": "1 work_day", "explain": "1 work_day", "committee": "3 calendar_day",
        "town": "3 work_day", "seal": "1 work_day", "posted": "3 calendar_day", "inquiry": "3 work_day",
    }  # fmt: skip
    assert "三天" in (UNSEEN / "prose.md").read_text(encoding="utf-8") and settings.ROOT
