"""Query budgets of the doors of the engine: asserted, so that no one adds a query without meaning to."""

from gezhi.engines.workflows import actions, queries, views
from gezhi.engines.workflows.models import Case
from gezhi.foundation import people
from gezhi.foundation.db import count_queries, revisions


def _warm(world):
    world.to_closed(world.open())
    revisions.forget()


def test_opening_a_case_costs_at_most_eight_queries(world):
    _warm(world)
    with revisions.scope(), count_queries() as seen:  # as in a request
        actions.open_case(
            "request",
            {"text": "井盖坏了", "contact_name": "王秀兰", "contact_phone": "13812342671"},
            actor=people.resident(),
            place_id=world.places["lake1"],
            channel="portal",
            key="k",
        )
    assert seen.total <= 8, "\n".join(seen.statements)


def test_an_action_costs_at_most_twelve_queries(world):
    _warm(world)
    case = world.open()
    for action, by, data in (
        ("dispatch", "赵兰", {"sort": "big", "unit": world.seats["city"], "note": "快些"}),
        ("accept", "马东", {"plan": "下午去"}),
        ("finish", "马东", {"result": "好了"}),
        ("pass", "秦英", {}),
        ("solved", None, {"rating": "very"}),
    ):
        # In a request the numbers are asked for once before; here who acts is settled before the count.
        actor = world.actor(by) if by else people.resident(case.code)
        revisions.forget()
        with count_queries() as seen:
            actions.fire(case.id, action, item=None, expected_seq=None, actor=actor, data=data, key=action)
        assert seen.total <= 12, (action, "\n".join(seen.statements))


def test_lists_cost_the_same_however_long_they_are(world):
    for _n in range(12):
        world.open()
    totals = []
    for size in (3, 12):
        revisions.forget()
        officer, secretary = world.actor("周敏"), world.actor("赵兰")
        with revisions.scope(), count_queries() as seen:
            assert len(queries.page(officer, size=size).rows) == size
        totals.append(seen.total)
        with revisions.scope(), count_queries() as seen:
            queries.inbox(secretary, limit=size)
        totals.append(seen.total)
    assert totals[0] == totals[2] <= 6 and totals[1] == totals[3] <= 6


def test_a_case_page_costs_at_most_eight_queries(world):
    case = world.to_closed(world.open())
    officer = world.actor("周敏")
    with revisions.scope(), count_queries() as seen:
        views.case_view(case.id, officer)
    assert seen.total <= 8, "\n".join(seen.statements)
    with revisions.scope(), count_queries() as seen:
        views.public_view(case.code)
    assert seen.total <= 8, "\n".join(seen.statements)
    assert Case.objects.count() == 1
