"""The third page of prose nobody here had seen (unseen/drying-ground.md): a drying yard shared by seven villages at harvest.

Written by the guide alone on 22 November 2026; its minutes and stumbles: docs/pack-author.md, at the end.
"""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from gezhi.engines.workflows import panels, ticking
from gezhi.engines.workflows.models import OPEN, Ballot, Panel, WorkItem
from gezhi.engines.workflows.views import case_view, receipt_view
from gezhi.foundation import events, packs, people
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.world import World

from .test_unseen_method import UNSEEN

THREE = "农户甲\n农户乙\n场长"


@pytest.fixture
def world(db, at_ten, tmp_path):
    shutil.copytree(
        UNSEEN / "blue-stone", tmp_path / "blue-stone"
    )  # standard-county lies nowhere near: the shipped one
    made = World()
    packs.install(tmp_path / "blue-stone", actor=people.system("test"))
    people.sync_posts(packs.registry().body("posts", "blue-stone"))
    made.seat("field_head", "lake", "场长甲")
    made.other = made.seat("field_head", "hill", "场长乙")
    made.seat("group_head", "lake", "组长己")
    made.seat("supervisor", "lake", "监委丙")
    made.seat("farm_centre", "east", "中心丁")
    made.seat("deputy_mayor", "east", "副镇长戊")
    return made


def told(world, mu: int, what: str = "yard"):
    case = world.open("后天割，想晒两天。", workflow="drying_day")
    return world.do(case, "noted", "场长甲", mu=mu, cut="2026-11-19", what=what)


def placed(world, mu: int = 8, what: str = "yard"):
    case = world.do(told(world, mu, what), "placed", "场长甲", day="2026-11-20", part="morning", reserved=False)
    assert case.stage == "posted"
    return case


def talk(world, case, *said: str):
    """The three parties, as the head of the yard writes them down and types in what each said."""
    panel = Panel.objects.filter(case_id=case.id).latest("number")
    panels.enrol(panel.id, THREE, actor=world.actor("场长甲"))
    for ballot, choice in zip(Ballot.objects.filter(panel=panel).order_by("number"), said, strict=True):
        panels.cast(panel.id, actor=world.actor("场长甲"), ballot=ballot.number, choice=choice, way="paper")
    return world.do(case, "close_panel", "场长甲", minutes="三方都说了话。")


def test_fifty_mu_is_small_and_is_used_asked_about_and_answered(world, at_ten):
    case = told(world, 50, "dryer")
    assert (case.stage, world.main(case).due_at.isoformat()) == ("place", "2026-11-18T16:00:00+00:00"), "today"
    case = world.do(case, "placed", "场长甲", day="2026-11-20", part="night", reserved=True)
    assert world.main(case).due_at - world.main(case).opened_at == timedelta(hours=24), "a day and a night"
    # Unfair: the three talk, two of three change it; the new slot is posted anew, and a second objection is the town's.
    case = talk(world, world.do(case, "object", words="他家先排上的。"), "yes", "yes", "no")
    assert case.stage == "change"
    case = world.do(case, "changed", "场长甲", day="2026-11-21", part="morning")
    at_ten.shift(timedelta(hours=25))
    ticking.tick()
    case.refresh_from_db()
    assert case.stage == "day" and world.main(case).due_at.isoformat() == "2026-11-21T16:00:00+00:00"
    # Rain, twice at most, then the centre says.
    for day in ("2026-11-22", "2026-11-23"):
        case = world.do(case, "rain", "场长甲", day=day, days=1)
        assert case.stage == "day"
    case = world.do(case, "rain", "场长甲", day="2026-11-24", days=1)
    case = world.do(case, "decided", "中心丁", day="2026-11-25")
    with pytest.raises(Invalid):
        world.do(case, "used", "场长甲")  # a dryer ran for some hours
    case = world.do(case, "used", "场长甲", hours="6.5")
    assert case.stage == "fair"
    # Not fair: not the head of the yard, the chair of the supervisors answers in seven days; then the town.
    case = world.do(case, "unfair", dry=True, words="让别人插了队。")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "answer", "场长甲", words="没有的事。")
    assert world.main(case).due_at.date().isoformat() == "2026-11-26", "seven days from the 19th"
    case = world.do(world.do(case, "answer", "监委丙", words="查了，是记错了。"), "no")
    assert world.do(case, "answer", "副镇长戊", words="镇里重排。").outcome == "done"


def test_no_room_goes_to_the_centre_and_two_silent_hours_are_a_yes(world, at_ten):
    written = world.open("老张家八亩，后天割。", "lake", by="组长己", workflow="drying_day", channel="counter",
                         on_behalf=True, consent="present")  # fmt: skip
    assert receipt_view(written.id, world.actor("组长己")).case.code == written.code, (
        "who wrote it down hands over the code"
    )
    with pytest.raises(NotFound):
        case_view(written.id, world.actor("组长己"))  # and sees no more of it
    with pytest.raises(NotFound):
        receipt_view(written.id, world.actor("场长乙"))  # nor does anybody else who may only raise matters
    case = world.do(told(world, 8), "full", "场长甲", why="三天都满了")
    assert world.main(case).due_at.isoformat() == "2026-11-19T02:00:00+00:00", "by ten the next morning"
    case = world.do(case, "handed", "场长甲")
    with pytest.raises(Invalid):
        world.do(case, "ask", "中心丁", day="2026-11-20", part="morning")  # which village?
    case = world.do(case, "ask", "中心丁", other=world.other, day="2026-11-20", part="morning")
    assert world.main(case).owner_seat == world.other
    case = world.do(case, "refuse", "场长乙", why="那天留给受灾户")
    assert case.stage == "centre"
    world.do(case, "ask", "中心丁", other=world.other, day="2026-11-21", part="morning")
    at_ten.shift(timedelta(hours=2, minutes=1))
    ticking.tick()
    case.refresh_from_db()
    assert case.stage == "posted", "two hours without a word"
    at_ten.shift(timedelta(hours=25))
    ticking.tick()
    case.refresh_from_db()
    assert world.do(case, "absent", "场长甲").outcome == "withdrawn", "given to the next"


@pytest.mark.parametrize(
    ("ours", "theirs", "then"), [("yes", "yes", "centre"), ("yes", "no", "mayor"), ("no", "no", "closed")]
)
def test_more_than_fifty_mu_is_looked_at_by_two_and_the_mayor_settles_what_they_see_otherwise(
    world, ours, theirs, then
):
    case = world.do(told(world, 51), "sent", "中心丁", other=world.other)
    assert {i.due_at.date().isoformat() for i in WorkItem.objects.filter(case_id=case.id, state=OPEN)} == {"2026-11-23"}
    for branch, by, said in (
        ("town_looks", "中心丁", {"ours": ours, "words": "看过。"}),
        ("head_looks", "场长乙", {"theirs": theirs, "words": "看过。"}),
    ):
        assert case.stage == "looking", "both have to have spoken"
        item = WorkItem.objects.get(case_id=case.id, stage=branch, state=OPEN)
        case = world.do(case, "said", by, item=item.number, **said)
    assert case.stage == then or (case.state, case.outcome) == (then, "not_accepted")
    if then == "mayor":
        assert world.do(case, "yes", "副镇长戊").stage == "centre"


def test_what_two_of_three_do_not_want_is_the_towns_and_three_quiet_days_end_it(world, at_ten):
    case = talk(world, world.do(placed(world), "object", words="不公。"), "yes", "no", "no")
    case = world.do(case, "decided", "副镇长戊", day="2026-11-20", part="afternoon", why="先到先排。")
    case = world.do(case, "used", "场长甲")
    at_ten.shift(timedelta(days=4))
    ticking.tick()
    case.refresh_from_db()
    assert (case.state, case.outcome) == ("closed", "done") and not events.verify().findings
