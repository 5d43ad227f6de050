"""Two votes of one household, a vote at the closing, two clerks closing: each counts wholly, once, or is told so."""

from __future__ import annotations

from unittest import mock

import pytest

from gezhi.engines.workflows import convening, panels
from gezhi.engines.workflows.models import Ballot, Case, Panel
from gezhi.foundation import events
from gezhi.foundation.errors import Conflict, Refusal
from gezhi.foundation.people import actions as staffing
from tests.crash.test_two_officers import race
from tests.engines.workflows import talks
from tests.foundation.people.county import SETUP

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 3


@pytest.fixture
def world(transactional_db, at_ten):
    return talks.world()


def conferring(world) -> Case:
    case = talks.topic(world)
    for house in talks.HOUSES[:2]:
        talks.vote(case, house, "yes")
    return case


def refusals(outcomes: list[object]) -> list[str]:
    return sorted(o.code for o in outcomes if isinstance(o, Refusal))


def test_two_votes_of_one_household_are_one(world):
    case = conferring(world)
    panel, clerk = talks.panel_of(case), world.actor("赵兰")
    for house in talks.HOUSES[2:]:
        number = Ballot.objects.get(panel=panel, label=house).number
        outcomes = race(
            lambda: talks.vote(case, house, "yes"),  # noqa: B023
            lambda: panels.cast(panel.id, actor=clerk, ballot=number, choice="no", way="paper"),  # noqa: B023
        )
        assert refusals(outcomes) == ["panel.voted"], outcomes
    case = talks.close(world, case, minutes="好。")
    panel.refresh_from_db()
    assert sum(panel.tally["choices"].values()) == panel.tally["voted"] == 5
    assert events.verify().clean


def test_without_the_lock_both_votes_think_they_are_the_first(world):
    """The twin: both read the panel before either writes; only the chain of the panel's stream lets one be kept."""
    case = conferring(world)
    panel, clerk = talks.panel_of(case), world.actor("赵兰")
    number = Ballot.objects.get(panel=panel, label="1-201").number
    read = [Panel.objects.get(pk=panel.id) for _ in range(2)]
    first = panels._ballot_of

    def both(*given):
        found = first(*given)
        found.state = "invited"  # as it was when both looked
        return found

    with mock.patch.object(convening, "locked", lambda **_w: read.pop()), mock.patch.object(panels, "_ballot_of", both):
        outcomes = race(
            lambda: talks.vote(case, "1-201", "yes"),
            lambda: panels.cast(panel.id, actor=clerk, ballot=number, choice="no", way="paper"),
        )
    assert refusals(outcomes) == ["event.stale"], outcomes


def test_a_vote_at_the_closing_counts_wholly_or_is_told_it_is_late(world):
    for _ in range(ROUNDS):
        case = conferring(world)
        outcomes = race(
            lambda: talks.vote(case, "1-201", "no"),  # noqa: B023
            lambda: talks.close(world, case, minutes="好。"),  # noqa: B023
        )
        panel = talks.panel_of(case) if not isinstance(outcomes[1], Refusal) else None
        assert panel is not None, outcomes
        late = isinstance(outcomes[0], Conflict)
        assert not late or outcomes[0].code == "panel.closed"
        first = Panel.objects.filter(case_id=case.id, stage="confer").order_by("number").first()
        assert first.tally["voted"] == (2 if late else 3)
        assert first.tally["voted"] == Ballot.objects.filter(panel=first, state="voted").count()
    assert events.verify().clean


def test_without_the_lock_a_vote_is_taken_and_not_counted(world):
    """The twin: the vote looked at the panel before it was closed; only the chain refuses it."""
    case = conferring(world)
    panel = talks.panel_of(case)
    case_then, item, flow = panels._around(panel)
    stale = Panel.objects.get(pk=panel.id)
    talks.close(world, case, minutes="好。")
    seen = (case_then, item, flow)
    with (
        mock.patch.object(convening, "locked", lambda **_w: stale),
        mock.patch.object(panels, "_around", lambda _p: seen),
        pytest.raises(Refusal) as refused,
    ):
        talks.vote(case, "1-201", "no")
    assert refused.value.code == "event.stale"


def test_two_clerks_closing_count_once(world):
    staffing.appoint(world.seats["secretary"], world.person("副赵"), actor=SETUP)
    for _ in range(ROUNDS):
        case = conferring(world)
        item = case.items.get(state="open", side=False).number
        outcomes = race(
            lambda: talks.close(world, case, minutes="好。", item=item),  # noqa: B023
            lambda: talks.close(world, case, "副赵", minutes="好了。", item=item),  # noqa: B023
        )
        assert refusals(outcomes) == ["case.stale"], outcomes
        assert [e.kind for e in events.history(f"panel:{talks.panel_of(case).id}")].count("panel.closed") <= 1
    assert events.verify().clean


def test_without_the_lock_two_clerks_would_both_count(world):
    """The twin: both read the case before either writes; only the chain keeps one of the two results."""
    from gezhi.engines.workflows import access

    case = conferring(world)
    panel = talks.panel_of(case)
    item = case.items.get(state="open", side=False).number
    read = [(Case.objects.get(pk=case.id), list(case.items.order_by("number"))) for _ in range(2)]
    seen = [Panel.objects.get(pk=panel.id) for _ in range(2)]
    with (
        mock.patch.object(access, "case_to_change", lambda _id: read.pop()),
        mock.patch.object(convening, "locked", lambda **_w: seen.pop()),
    ):
        outcomes = race(
            lambda: talks.close(world, case, minutes="好。", item=item),
            lambda: talks.close(world, case, minutes="好了。", item=item),
        )
    assert refusals(outcomes) == ["event.stale"], outcomes
