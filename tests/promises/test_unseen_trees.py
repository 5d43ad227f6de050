"""The second page of prose nobody here had seen (unseen/old-trees.md): turns, a joint look, a council with a quorum, notice, danger.

Written by the guide alone on 22 November 2026; its minutes and stumbles: docs/pack-author.md, at the end.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from gezhi.engines.workflows import panels, ticking
from gezhi.engines.workflows.methods import drafts
from gezhi.engines.workflows.models import OPEN, Ballot, Panel, WorkItem
from gezhi.foundation import events, packs, people
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.world import World

from .test_unseen_method import UNSEEN, proof

KEEPERS = ("护甲", "护乙", "护丙")
ROLL = "\n".join(f"{n}号" for n in range(1, 10))


@pytest.fixture
def world(db, at_ten, tmp_path, settings):
    shutil.copytree(UNSEEN / "willow-brook", tmp_path / "willow-brook")
    (tmp_path / "standard-county").symlink_to(Path(settings.ROOT) / "packs" / "standard-county")
    made = World()
    packs.install(tmp_path / "willow-brook", actor=people.system("test"))
    people.sync_posts(packs.registry().body("posts", "willow-brook"))
    for number, name in enumerate(KEEPERS, 1):
        seat = actions.open_seat("tree_keeper", made.places["lake"], actor=SETUP, label=f"第 {number} 位")
        actions.appoint(seat, made.person(name), actor=SETUP)
    made.seat("forester", "east", "林业戊")
    made.seat("grid_head", "lake1", "格新")
    return made


def whose(world, case) -> str:
    (person,) = people.directory().effective(world.main(case).owner_seat).persons
    return next(name for name, id in world.people.items() if id == person)


def looked(world, case, keeper):
    """Taken by the keeper, and seen by all three."""
    case = world.do(case, "take", keeper, look_on="2026-11-19")
    for by, field in ((keeper, "keeper_words"), ("林业戊", "forester_words"), ("格新", "head_words")):
        branch = {"keeper_words": "keeper_looks", "forester_words": "forester_looks", "head_words": "head_looks"}[field]
        assert case.stage == "looking", "all three write before it counts as looked at"
        item = WorkItem.objects.get(case_id=case.id, stage=branch, state=OPEN)
        case = world.do(case, "opinion", by, item=item.number, **{field: "枝子压着瓦。"})
    return case


def council(world, case, coming: int, yes: int):
    """So many of nine households come and so many agree, all typed in by the secretary from paper."""
    panel = Panel.objects.filter(case_id=case.id).order_by("-number")[0]
    if panel.state == "gathering":
        panels.enrol(panel.id, ROLL, actor=world.actor("赵兰"))
    for n, ballot in enumerate(Ballot.objects.filter(panel=panel).order_by("number")[:coming]):
        panels.cast(panel.id, actor=world.actor("赵兰"), ballot=ballot.number, choice="yes" if n < yes else "no", way="paper")  # fmt: skip
    return world.do(case, "close_panel", "赵兰", minutes=f"到 {coming} 户，同意 {yes} 户。")


def test_keepers_take_turns_three_look_and_a_big_branch_needs_the_council_and_seven_days(world, at_ten):
    _says(packs.registry().body("workflow", "old_tree"))
    cases = []
    for _ in range(4):
        at_ten.shift(timedelta(minutes=1))
        cases.append(world.open("樟树枝压了瓦。", workflow="old_tree"))
    turns = [whose(world, case) for case in cases]
    assert set(turns[:3]) == set(KEEPERS) and turns[3] == turns[0], "one after the other, then the first again"
    case = looked(world, cases[0], turns[0])
    assert case.stage == "which" and whose(world, case) == turns[0], "whose turn it was sees it through"
    case = world.do(case, "big", turns[0])
    assert council(world, case, coming=5, yes=5).stage == "council", (
        "five of nine are no two thirds: again in three days"
    )
    case = council(world, case, coming=8, yes=6)
    assert (case.stage, world.main(case).due_at.date().isoformat()) == ("posted", "2026-11-25"), (
        "six of eight: exactly three quarters"
    )
    for _ in range(2):
        case = world.do(case, "object", objection="这是风水树。")
        with pytest.raises((NotAllowed, NotFound)):
            world.do(case, "wrong", turns[0], finding="自己看的不能自己查。")
        case = world.do(case, "wrong", "周敏", finding="枝子已空心。")
        assert case.stage == "posted"
    case = world.do(case, "object", objection="还是不行。")
    assert case.stage == "last_inquiry"
    case = world.do(case, "wrong", "周敏", finding="查过三次了。")
    case = world.do(case, "sawn", "赵兰", who="县绿化队")
    case = world.do(case, "not_fine")
    case = world.do(case, "done", "赵兰")
    assert world.do(case, "not_fine").stage == "town", "mended once, then the town"
    assert world.do(case, "seen", "周敏", seen="锯平了。").outcome == "done"
    # Seven of nine is enough to come, five of seven is less than three quarters.
    small = looked(world, cases[1], turns[1])
    small = world.do(small, "big", turns[1])
    assert council(world, small, coming=7, yes=5).stage == "explain"
    assert world.do(small, "explained", "赵兰", answer="会上没过。").outcome == "not_accepted"
    # A dead branch: trimmed with a photo, and five days without a word are a yes.
    dead = looked(world, cases[2], turns[2])
    dead = world.do(dead, "small", turns[2])
    dead = world.do(dead, "trimmed", turns[2], photo=proof(world, turns[2]))
    at_ten.shift(timedelta(days=6))
    ticking.tick()
    dead.refresh_from_db()
    assert (dead.state, dead.outcome) == ("closed", "done") and not events.verify().findings


def test_danger_does_not_wait_and_a_raised_pack_is_told_to_who_runs_their_own(world, at_ten, tmp_path):
    case = world.open("枯枝要掉下来砸人。", workflow="old_tree")
    case = world.do(case, "danger", whose(world, case))
    assert world.main(case).due_at - world.main(case).opened_at == timedelta(hours=24)
    case = world.do(case, "safe", "赵兰")
    assert world.main(case).due_at.date().isoformat() == "2026-11-23", "three working days, the weekend between"
    assert world.do(case, "posted", "赵兰", words="已经锯掉。").outcome == "done"
    # The county makes its own version; then the pack is raised: the page says so and what came.
    world.seat("admin", "county", "卢一舟", "卢二舟")
    draft = drafts.start("old_tree", actor=world.actor("卢一舟"))
    draft = drafts.change(draft.pk, "rename", {"stage": "trim", "title": "修枝"}, at=1, actor=world.actor("卢一舟"))
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor("卢一舟"))
    drafts.approve(draft.pk, draft.digest, actor=world.actor("卢二舟"))
    file = tmp_path / "willow-brook" / "workflows" / "old_tree.yaml"
    text = file.read_text(encoding="utf-8").replace("version: 1\n", "version: 2\n", 1)
    file.write_text(text.replace("limit: 7 calendar_day", "limit: 10 calendar_day"), encoding="utf-8")
    packs.install(tmp_path / "willow-brook", actor=people.system("test"))
    found = world.open("又一棵。", workflow="old_tree")
    assert found.version == packs.OWN_FROM, "the county's own stays in force"
    newer = _newer()
    assert newer is not None and (newer.entry.version, newer.common) == (2, 1)
    again = drafts.start("old_tree", actor=world.actor("卢一舟"), version=2)
    again = drafts.change(
        again.pk, "rename", {"stage": "trim", "title": "修枝"}, at=again.event_seq, actor=world.actor("卢一舟")
    )
    again = drafts.propose(again.pk, at=again.event_seq, actor=world.actor("卢一舟"))
    with pytest.raises(Conflict):
        drafts.approve(again.pk, "another", actor=world.actor("卢二舟"))
    drafts.approve(again.pk, again.digest, actor=world.actor("卢二舟"))
    assert _newer() is None, "its line holds the pack's second version now, with the local change made again"


def _newer():
    from gezhi.engines.workflows.methods import parents

    return parents.newer(packs.registry().get("workflow", "old_tree"), parents.bases("old_tree"))


def _says(flow):
    """By hand, from the page: every limit, what the council needs, beside which steps people watch."""
    stages = flow["stages"]
    assert {n: s["clock"]["limit"] for n, s in stages.items() if s.get("clock")} == {
        "turn": "2 work_day", "rescue": "24 urgent_hour", "account": "3 work_day", "looking": "5 work_day",
        "keeper_looks": "5 work_day", "forester_looks": "5 work_day", "head_looks": "5 work_day", "which": "1 work_day",
        "trim": "3 work_day", "council": "3 calendar_day", "explain": "3 work_day", "posted": "7 calendar_day",
        "inquiry": "5 work_day", "last_inquiry": "5 work_day", "hire": "10 work_day", "reply": "2 work_day",
        "word": "5 calendar_day", "mend": "10 work_day", "town": "5 work_day",
    }  # fmt: skip
    assert stages["council"]["panel"]["rounds"] == 2 and list(stages["eyes"]["beside"]) == ["hire", "mend"]
