"""Two clerks merge at one instant; one merges while another closes, or while the reporter answers."""

from __future__ import annotations

from unittest import mock

import pytest

from gezhi.engines.workflows import access, gathering, merging
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import events
from gezhi.foundation.errors import Refusal
from tests.crash.test_two_officers import race
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 4
PIPE = "滨河路18号门口水管爆了。"


@pytest.fixture
def world(transactional_db, at_ten) -> World:
    return World()


def merge(world: World, case: Case, into: Case, by: str = "赵兰") -> Case:
    return merging.merge(case.id, into.id, actor=world.actor(by))


def whole(*cases: Case) -> None:
    """Nothing points in a ring or to a merged case, and every row is what its events say."""
    for case in Case.objects.filter(merged_into__isnull=False):
        assert Case.objects.get(pk=case.merged_into).merged_into is None
    assert events.verify().clean


def test_each_into_the_other_leaves_exactly_one(world):
    for _ in range(ROUNDS):
        one, two = world.open(PIPE), world.open(PIPE)
        outcomes = race(lambda: merge(world, one, two), lambda: merge(world, two, one, "周敏"))  # noqa: B023
        assert sorted(isinstance(o, Case) for o in outcomes) == [False, True], outcomes
        refused = next(o for o in outcomes if not isinstance(o, Case))
        assert isinstance(refused, Refusal) and refused.code in (
            "merge.merged",
            "merge.late",
            "case.stale",
            "case.not_yours",
            "not_allowed",
        ), refused
        one.refresh_from_db(), two.refresh_from_db()
        assert sorted([one.state, two.state]) == ["closed", "open"]
    whole()


def test_without_the_lock_two_cases_point_at_each_other(world):
    """The twin: both clerks read before either writes, and nobody has either matter any more."""
    one, two = world.open(PIPE), world.open(PIPE)
    read = [{c.id: c for c in Case.objects.filter(pk__in=[one.id, two.id])} for _ in range(2)]
    with mock.patch.object(merging, "lock", lambda _ids: read.pop()):
        merge(world, one, two)
        with mock.patch.object(access, "why_not", lambda *_a, **_k: None):
            merge(world, two, one, "周敏")
    one.refresh_from_db(), two.refresh_from_db()
    assert (one.merged_into, two.merged_into) == (two.id, one.id)
    assert not WorkItem.objects.filter(state="open").exists()  # lost: no owner, no clock


def test_a_ring_of_three_is_never_closed(world):
    for _ in range(ROUNDS):
        a, b, c = (world.open(PIPE) for _n in range(3))
        race(lambda: merge(world, a, b), lambda: merge(world, b, c, "周敏"), lambda: merge(world, c, a, "吕岩"))  # noqa: B023
        rows = Case.objects.filter(pk__in=[a.id, b.id, c.id])
        assert rows.filter(state="open").count() >= 1
        whole()


def test_merging_while_the_main_case_is_settled_and_closed(world):
    for _ in range(ROUNDS):
        main, report = world.open(PIPE), world.open(PIPE)
        world.do(main, "settle", "赵兰", result="修好了")
        outcomes = race(lambda: merge(world, report, main), lambda: world.do(main, "solved", rating="very"))  # noqa: B023
        assert all(isinstance(o, Case) for o in outcomes), outcomes
        report.refresh_from_db(), main.refresh_from_db()
        assert (report.merged_into, main.state, main.solved, report.solved) == (main.id, "closed", "yes", "")
        assert world.do(report, "solved", rating="no").rating == "no"  # asked and answering for themselves
    whole()


def test_merging_while_the_report_itself_is_settled_or_answered(world):
    seen = set()
    for _ in range(ROUNDS):
        main, report = world.open(PIPE), world.open(PIPE)
        outcomes = race(
            lambda: merge(world, report, main, "周敏"),  # noqa: B023
            lambda: world.do(report, "settle", "赵兰", result="修好了"),  # noqa: B023
        )
        done = [isinstance(o, Case) for o in outcomes]
        assert sum(done) == 1, outcomes
        report.refresh_from_db()
        seen.add(report.stage)
        assert (report.merged_into is not None) == done[0] and (report.stage == "confirm") == done[1]
    whole()


def test_without_the_lock_a_settled_report_is_merged_away(world):
    """The twin: the clerk read the report before it was settled; only the chain refuses the write."""
    main, report = world.open(PIPE), world.open(PIPE)
    read = {c.id: c for c in Case.objects.filter(pk__in=[main.id, report.id])}
    world.do(report, "settle", "赵兰", result="修好了")
    with mock.patch.object(merging, "lock", lambda _ids: read), pytest.raises(Refusal) as refused:
        merge(world, report, main, "周敏")
    assert refused.value.code == "event.stale"


def test_the_reporter_says_not_solved_while_a_clerk_takes_the_report_out(world):
    for _ in range(ROUNDS):
        main, report = world.open(PIPE), world.open(PIPE)
        merge(world, report, main)
        world.do(main, "settle", "赵兰", result="修好了")
        race(
            lambda: world.do(report, "unsolved", why="还漏。"),  # noqa: B023
            lambda: world.do(report, "unmerge", "赵兰", reason="不是一处"),  # noqa: B023
        )
        report.refresh_from_db()
        assert report.state == "open" and report.merged_into is None and report.cycle == 2
        assert WorkItem.objects.filter(case_id=report.id, state="open", side=False).count() == 1
    whole()


def gather(world: World, into: Case, reports: list[Case], by: str) -> gathering.Gathered:
    return gathering.gather(into.id, {one.id: None for one in reports}, actor=world.actor(by))


def test_two_clerks_gather_the_same_reports_and_each_goes_to_one_of_them(world):
    """Each ticks all of them, also the other's main case: whoever is second finds that theirs has gone elsewhere."""
    for _ in range(2):
        cases = [world.open(f"{PIPE}第{n}个人说。") for n in range(12)]
        one, two = cases[0], cases[1]
        outcomes = race(
            lambda: gather(world, one, cases[1:], "赵兰"),  # noqa: B023
            lambda: gather(world, two, [one, *cases[2:]], "周敏"),  # noqa: B023
        )
        done = [o for o in outcomes if isinstance(o, gathering.Gathered)]
        refused = [o for o in outcomes if isinstance(o, Refusal)]
        assert len(done) == 1 and [o.code for o in refused] == ["merge.merged"], outcomes
        main, joined = done[0].main, {case.id for case in done[0].joined}
        assert joined == {case.id for case in cases} - {main.id} and done[0].left == []
        assert merging.reports_of([main.id]) == {main.id: 11}
        running = WorkItem.objects.filter(case_id__in=[case.id for case in cases], state="open", side=False)
        assert [item.case_id for item in running] == [main.id]
    whole()


def test_two_clerks_with_a_main_case_each_share_the_rest_and_lose_none(world):
    for _ in range(2):
        one, two, *rest = [world.open(f"{PIPE}第{n}个人说。") for n in range(10)]
        outcomes = race(lambda: gather(world, one, rest, "赵兰"), lambda: gather(world, two, rest, "周敏"))  # noqa: B023
        assert all(isinstance(o, gathering.Gathered) for o in outcomes), outcomes
        joined = [{case.id for case in o.joined} for o in outcomes]
        assert joined[0] | joined[1] == {case.id for case in rest} and not joined[0] & joined[1]
        assert {case.id for o in outcomes for case, _why in o.left} == {case.id for case in rest}
        rows = Case.objects.filter(pk__in=[case.id for case in rest])
        assert all(case.merged_into == (one if case.id in joined[0] else two).id for case in rows)
    whole()


def test_without_the_lock_every_report_points_where_nobody_handles_it(world):
    """The twin: both clerks read before either writes; all goes into a case that has itself gone into another."""
    one, two, *rest = [world.open(f"{PIPE}第{n}个人说。") for n in range(5)]
    ids = [case.id for case in (one, two, *rest)]
    read = {case.id: case for case in Case.objects.filter(pk__in=ids)}
    gather(world, one, [two], "赵兰")
    with mock.patch.object(merging, "lock", lambda _ids: read):
        gather(world, two, rest, "周敏")
    pointed = set(Case.objects.filter(pk__in=[case.id for case in rest]).values_list("merged_into", flat=True))
    assert pointed == {two.id} and Case.objects.get(pk=two.id).merged_into == one.id
