"""M099 先锋骑士团 监控探头: duplicate reports join one case, each reporter is counted once (the loop half; no ledger yet)."""

from __future__ import annotations

from gezhi.engines.workflows import merging, queries, similar, views
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import events
from gezhi.foundation.jobs import claims, registry
from tests.mechanisms import mechanism

pytestmark = mechanism("M099", file="packs/minzhu-street/duplicates.yaml")

RIDERS = ("13800000001", "13800000002", "13800000003")
SAID = (
    "滨河路桥头路灯杆歪了，快倒了，骑车过去很危险。",
    "滨河路桥头的路灯杆歪得厉害，要倒了。",
    "桥头滨河路那根路灯杆快倒了，很危险。",
    "滨河路桥头路灯杆歪了还没人管，快倒了。",  # the first rider again
)


def test_duplicate_reports_join_one_case_and_each_reporter_counts_once(county, at_ten):
    registry.discover()
    world = county("minzhu-street")
    cases = []
    for text, phone in zip(SAID, (*RIDERS, RIDERS[0]), strict=True):
        case = world.open(text, contact_phone=phone)
        claims.drain()
        cases.append(case)
        at_ten.shift(60)  # the first report of a rider is the earliest one
    main, *others = cases
    secretary = world.actor("赵兰")
    assert similar.settings().village_days == 15  # the street's own pack counts
    for report in others:
        # The machine leads to the first one, and the secretary decides.
        found = similar.candidates(
            views.case_view(report.id, secretary).words.text, report.place_id, actor=secretary, besides=report.id
        )
        assert main.id in {near.case.id for near in found}, report.number
        merging.merge(report.id, main.id, actor=secretary)
    assert [row.id for row in queries.page(secretary, Filters(state="open")).rows] == [main.id]
    assert merging.reports_of([main.id]) == {main.id: 3}  # three more reports
    assert [case.id for case in merging.credited(main)] == [
        cases[0].id,
        cases[1].id,
        cases[2].id,
    ]  # three riders, once each
    world.to_closed(main)
    for report in others:
        view = views.public_view(report.code)
        assert view.stands.state == "closed" and {"solved", "unsolved"} <= {p.action for p in view.possible}
        world.do(report, "solved", rating="very")
    assert Case.objects.filter(solved="yes").count() == 4
    assert events.verify().clean
