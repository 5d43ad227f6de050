"""Query budgets of the doors of the engine: asserted, so that no one adds a query without meaning to."""

from gezhi.engines.workflows import actions, panels, queries, rolls, views
from gezhi.engines.workflows.models import Ballot, Case, Panel, WorkItem
from gezhi.foundation import packs, people
from gezhi.foundation.db import count_queries, revisions
from tests.world import PACKS


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


def test_a_step_into_and_out_of_any_kind_of_stage_stays_in_the_budget_of_an_action(world, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    for pack in ("minzhu-street", "yongxingtun-village"):
        packs.install(PACKS / pack, actor=people.system("test"))
    world.seat("town_secretary", "east", "镇书")
    cost: dict[str, int] = {}

    def step(kind: str, case, action: str, by: str | None, *, stage: str = "", **data):
        actor = world.actor(by) if by else people.resident(case.code)
        item = WorkItem.objects.get(case_id=case.id, stage=stage, state="open").number if stage else None
        revisions.forget()
        with count_queries() as seen:
            case = actions.fire(case.id, action, item=item, expected_seq=None, actor=actor, data=data)
        cost[kind] = max(cost.get(kind, 0), seen.total)
        return case

    def vote(kind: str, case, count: int) -> None:
        panel = Panel.objects.filter(case_id=case.id).latest("id")
        if panel.state == "gathering":
            panels.enrol(panel.id, "\n".join(f"1-10{n},业主" for n in range(4)), actor=world.actor("赵兰"))
        for n, voter in enumerate(Ballot.objects.filter(panel=panel).values_list("voter", flat=True)):
            revisions.forget()
            with count_queries() as seen:
                panels.cast(
                    panel.id,
                    actor=people.resident(""),
                    choice="yes" if n < count else "no",
                    code=rolls.code_of(case.id, voter),
                )
            cost[kind] = max(cost.get(kind, 0), seen.total)

    case = world.open("楼前积水，想修排水。", place="lake", workflow="project")
    case = step("task", case, "put", "赵兰", plan="挖沟铺管。", households=4)
    case = step("task, staying", case, "heard", "赵兰", more=3, said="都想修。")
    case = step("fork with a timer, in", case, "enough", "赵兰", changed="管子加粗。")
    step("fork, a branch ends", case, "low", "周敏", stage="assess", finding="低。")
    step("fork, a branch ends", case, "signed", "赵兰", stage="agree", count=0)
    other = world.open("排水沟老堵。", workflow="seven_steps")
    other = step("panel and watch, in", other, "propose", "赵兰", topic="改排水沟", plan="清淤换管。")
    vote("a vote", other, 4)
    other = step("panel, out", other, "close_panel", "赵兰", minutes="四户到齐，都同意。")
    house = world.open("建养老综合体。", place="lake", workflow="relocation", by="赵兰", channel="counter")
    step("timer, in", house, "publish", "赵兰", plan="范围、补偿、安置。", mu=195)
    assert len(cost) == 8 and max(cost.values()) <= 12, cost
