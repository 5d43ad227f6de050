"""Every statement and every commit of everything that writes cases fails once: all or nothing, and a retry is safe."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import connection

from gezhi.engines.workflows import actions, erasing, ticking
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.record import item_patch
from gezhi.foundation import calendar, db, events, files, jobs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.people import actions as staff
from tests.crash.faults import boundaries
from tests.foundation.files.pictures import jpeg
from tests.foundation.people.county import SETUP
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db, at_ten, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path / "home"
    settings.GEZHI_ERASURES = str(tmp_path / "erasures.jsonl")
    return World()


def test_opening_a_case(world):
    photo = files.stage(io.BytesIO(jpeg()), actor=people.resident(), key="k").id
    data = {
        "text": "三楼楼道灯坏了一周",
        "contact_name": "方小满",
        "contact_phone": "13900001234",
        "photos": [photo],
    }

    def act():
        actions.open_case(
            "request", data, actor=people.resident(), place_id=world.places["lake1"], channel="api", key="only once"
        )

    # On PostgreSQL the rows of an opening are one statement (ADR 0262).
    assert boundaries(act) >= (6 if connection.vendor == "postgresql" else 7)
    assert Case.objects.count() == 1 and WorkItem.objects.count() == 1 and jobs.claims.Job.objects.count() == 1
    assert [f.stream for f in files.of(f"case:{Case.objects.get().id}")]


def step(world, prepare, action, by, **data):
    """`prepare(case)` brings a new case to where `by` can do `action`; then every boundary of that is tried."""
    case = world.open()
    prepare(case)
    before = events.history(f"case:{case.id}")
    boundaries(lambda: world.do(case, action, by, key="only once", **data))
    assert len(events.history(f"case:{case.id}")) == len(before) + 1
    return Case.objects.get(pk=case.id)


def asked_for_more(world: World) -> Callable[[Case], object]:
    def prepare(case: Case) -> None:
        world.to_handle(case)
        world.do(case, "extend", "马东", more="2 work_day", reason="等零件")

    return prepare


def nothing(case: Case) -> None:
    """The case as it was opened."""


# One of each kind: what it moves, asks, grants, counts, stamps, says. (stage, action, who, what they fill in)
STEPS = {
    "moves through a gate": (lambda w: nothing, "dispatch", "赵兰", {"sort": "big", "unit": "city"}),
    "settles on the spot": (lambda w: nothing, "settle", "赵兰", {"result": "换了灯泡"}),
    "takes": (lambda w: nothing, "take", "赵兰", {}),
    "notes": (lambda w: nothing, "note", "赵兰", {"words": "先去看看"}),
    "urges": (lambda w: nothing, "urge", "周敏", {"words": "快些"}),
    "supervises": (lambda w: nothing, "supervise", "方晓", {"demand": "三天内办好"}),
    "is added to": (lambda w: nothing, "add", None, {"words": "二楼也坏了"}),
    "signs for": (lambda w: w.to_sign, "accept", "马东", {}),
    "returns": (lambda w: w.to_sign, "return", "马东", {"ground": "不在职责内", "proposed": "power"}),
    "asks for more time": (lambda w: w.to_handle, "extend", "马东", {"more": "2 work_day", "reason": "等零件"}),
    "is granted more time": (asked_for_more, "grant", "周敏", {"item": 4}),
    "finishes": (lambda w: w.to_handle, "finish", "马东", {"result": "换了灯"}),
    "fails the check": (lambda w: w.to_verify, "fail", "秦英", {"finding": "还是不亮"}),
    "passes the check": (lambda w: w.to_verify, "pass", "秦英", {}),
    "is closed": (lambda w: w.to_follow_up, "solved", None, {"rating": "very"}),
    "starts again": (lambda w: w.to_closed, "reopen", None, {"why": "又坏了"}),
}


def test_every_kind_of_action(world):
    """In one county: building it takes longer than all the faults."""
    for name, (prepare, action, by, data) in STEPS.items():
        seats = {field: world.seats[data[field]] for field in ("unit", "proposed") if field in data}
        case = step(world, prepare(world), action, by, **{**data, **seats})
        if name == "is granted more time":
            assert case.promised["more"] == ["2 work_day"]


def test_a_hand_over(world):
    case = world.open()
    world.do(case, "take", "赵兰")
    boundaries(lambda: world.do(case, "hand_over", "赵兰", key="only once"))
    assert world.main(case).person_id is None


def test_a_finish_with_a_photo(world):
    case = world.open()
    world.to_handle(case)
    photo = files.stage(io.BytesIO(jpeg()), actor=world.actor("马东")).id
    boundaries(lambda: world.do(case, "finish", "马东", key="only once", result="换了", photos=[photo]))
    assert [f.id for f in files.of(f"case:{case.id}")] == [photo]


def test_the_clock_warns_breaches_and_climbs(world, at_ten):
    case = world.open()
    for expected in ("warned_at", "breached_at", "rung"):
        at_ten.move_to(world.main(case).next_at + timedelta(seconds=1))
        boundaries(ticking.tick)
        assert getattr(world.main(case), expected)


def test_silence_lapses(world, at_ten):
    case = world.do(world.open(), "settle", "赵兰", result="换了灯泡")
    item = world.main(case)
    while WorkItem.objects.get(pk=item.pk).state == OPEN:
        at_ten.move_to(world.main(case).next_at + timedelta(seconds=1))
        boundaries(ticking.tick)
    assert [e.kind for e in events.history(f"case:{case.id}")].count("case.lapse") == 1


def test_a_job_is_claimed_and_done(world):
    registry.discover()
    world.open()
    boundaries(lambda: claims.claim("w"))
    assert claims.release_all("w") == 1
    (job,) = claims.claim("w")

    def taken_over():
        with pytest.raises(claims.LeaseLost):
            registry.HANDLERS["case.index"](job)

    boundaries(lambda: registry.HANDLERS["case.index"](job), taken_over)


def test_a_person_is_erased(world):
    case = world.open(contact_name="方小满", contact_phone="13900001234")
    world.to_closed(case)

    def act():
        erasing.erase_case(case.id, actor=people.system("operator"), ground="申请 2026-12")

    def again():
        with pytest.raises(Refusal) as refused:
            act()
        assert refused.value.code == "erase.nothing"

    # The file of erasures that are pending is written before the commit on purpose; it is no table.
    boundaries(act, again)


def test_holidays_are_imported(world):
    case = world.to_handle(world.open())
    rows = [(date(2026, 11, 19), "试验假", False)]
    boundaries(lambda: calendar.import_holidays(rows, actor=SETUP))
    assert [e.kind for e in events.history(f"case:{case.id}")][-1] == "case.reclocked"


def test_a_holder_leaves(world):
    case = world.open()
    world.do(case, "take", "赵兰")
    person = world.people["赵兰"]
    boundaries(lambda: staff.leave(person, actor=SETUP))
    assert world.main(case).person_id is None


def test_half_a_write_is_caught(world):
    """The twin: the same change written in two transactions is found out, at the boundary between them."""
    case = world.open()

    def act():
        item = world.main(case)
        item.warned_at = clock.now()
        with db.write():
            fresh = Case.objects.get(pk=case.id)
            head = events.record(
                f"case:{case.id}",
                "item.warned",
                actor=people.system("clock"),
                head=events.Head(fresh.event_seq, bytes(fresh.event_hash)),
                patch={f"item:{item.number}": item_patch(item)},
            )
            Case.objects.filter(pk=case.id).update(event_seq=head.seq, event_hash=head.hash)
        with db.write():
            item.save(update_fields=["warned_at"])

    with pytest.raises(AssertionError, match="the retry did something more, in .*events_event"):
        boundaries(act)
