"""An ordinary matter becomes a protected one midway: what it is from then on, for whom, and the way back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import actions, apart, gathering, merging, queries, restoring, similar, views
from gezhi.engines.workflows.models import Case, ProtectedAgainst, Sketch, WorkItem
from gezhi.engines.workflows.queries import Filters
from gezhi.foundation import events, measures
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.jobs import claims, registry

WORDS = "低保名额给了自家亲戚，独居的周奶奶报了三回都没批。"


@pytest.fixture
def case(world):
    made = world.open(WORDS, contact_phone="13812342671", public_ok=True)
    registry.discover()
    claims.drain()
    return made


def protect(world, case, by="秦英", about="village", **more):
    return apart.protect(case.id, about, "说的是书记给亲戚办低保。", actor=world.actor(by), **more)


def test_from_then_on_it_is_as_if_it_had_been_opened_so(world, case):
    world.to_handle(case)
    opened_so = world.open(WORDS, about="village")
    kept = protect(world, case, by="马东")
    kept.refresh_from_db()
    for column in ("workflow", "version", "body_hash", "stage", "phase", "protected", "owner_seat", "handler_seat",
                   "public_ok", "contact_hash", "kept"):  # fmt: skip
        assert getattr(kept, column) == getattr(opened_so, column), column
    lines = [
        sorted(
            ProtectedAgainst.objects.filter(case=one).values_list("source", "person_id", "seat_id", "place_id"), key=str
        )
        for one in (kept, opened_so)
    ]
    assert lines[0] == lines[1] and lines[0]
    running = WorkItem.objects.filter(case=kept, state="open")
    assert [(i.stage, i.owner_seat) for i in running] == [("receive", world.seats["street"])]
    assert world.people["赵兰"] in running[0].barred
    assert events.verify().findings == []


def test_whoever_had_it_in_hand_stands_in_the_record_and_sees_it_no_more(world, case):
    world.to_handle(case)
    protect(world, case, by="赵兰")
    view = views.case_view(case.id, world.actor("周敏"))
    entry = next(e for e in view.timeline if e.action == "protect")
    public = world.actor("赵兰").name[0]
    assert any(name.startswith(public) for name in entry.known_to) and len(entry.known_to) >= 2
    assert entry.said == {"ground": "说的是书记给亲戚办低保。"}
    # What was done under the other process is still told as it was drawn there.
    assert [e.title for e in view.timeline if e.action == "dispatch"] == ["分派"]
    for gone in ("赵兰", "马东", "秦英"):
        with pytest.raises(NotFound):
            views.case_view(case.id, world.actor(gone))
    world.do(case, "transfer", "周敏", unit=world.seats["city"], copy="请查评定记录。")
    handler = views.case_view(case.id, world.actor("马东"))
    assert all(not e.known_to and not e.said.get("ground") for e in handler.timeline)


def test_an_open_page_and_a_call_sent_again_say_nothing(world, case):
    item, seq = world.main(case).number, Case.objects.get(pk=case.id).event_seq
    protect(world, case)
    for action in ("dispatch", "note", "nothing"):
        with pytest.raises(NotFound):
            actions.fire(case.id, action, item=item, expected_seq=seq, actor=world.actor("赵兰"), data={})
    with pytest.raises(NotFound):
        protect(world, case, by="赵兰")


def test_nothing_derived_from_it_stays(world, case):
    assert Sketch.objects.filter(pk=case.id).exists()

    def reported():
        week, later = measures.week_of(case.opened_at.date()), case.opened_at + timedelta(hours=1)
        return measures.measure(["reported"], period=week, place=world.places["lake"], at=later)["reported"].value

    before = reported()
    protect(world, case)
    assert not Sketch.objects.filter(pk=case.id).exists()
    assert reported() == before - 1
    assert similar.candidates(WORDS, case.place_id, actor=world.actor("周敏")) == []
    assert queries.page(world.actor("赵兰"), Filters()).rows == []
    assert queries.page(world.actor("赵兰"), Filters(q=case.number)).rows == []
    claims.drain()
    assert queries.page(world.actor("赵兰"), Filters(q="独居的周奶奶")).rows == []
    assert [r.case.id for r in queries.page(world.actor("周敏"), Filters(q="独居的周奶奶")).rows] == [case.id]


def test_reports_of_the_same_event_go_with_it_and_come_back_with_it(world, case):
    report = world.open(WORDS + "我也看到了。", contact_phone="13812340002")
    claims.drain()
    merging.merge(report.id, case.id, actor=world.actor("赵兰"))
    with pytest.raises(Conflict) as refused:
        protect(world, report)
    assert refused.value.code == "protect.merged" and case.number in refused.value.what
    protect(world, case)
    report.refresh_from_db()
    assert report.protected == "named" and report.contact_hash is None
    with pytest.raises(NotFound):
        views.case_view(report.id, world.actor("赵兰"))
    assert views.public_view(report.code).words.text.endswith("我也看到了。")  # its own reporter keeps it
    world.do(case, "name", "周敏", about=world.seats["grid"])
    seats = ProtectedAgainst.objects.filter(case=report).values_list("seat_id", flat=True)
    assert world.seats["grid"] in seats
    restoring.restore(case.id, "说的不是干部。", actor=world.actor("周敏"))
    report.refresh_from_db()
    assert report.protected == "" and report.contact_hash is not None
    assert views.case_view(report.id, world.actor("赵兰")).case.id == report.id
    assert events.verify().findings == []


def test_lifted_it_is_an_ordinary_matter_by_the_date_that_was_promised_first(world, case):
    first = Case.objects.get(pk=case.id)
    kept = protect(world, case)
    assert kept.due_at > first.due_at
    lifted = restoring.restore(kept.id, "说的不是干部。", actor=world.actor("周敏"))
    lifted.refresh_from_db()
    assert (lifted.protected, lifted.due_at, bytes(lifted.contact_hash)) == (
        "",
        first.due_at,
        bytes(first.contact_hash),
    )
    assert views.case_view(case.id, world.actor("赵兰")).case.id == case.id
    claims.drain()
    assert Sketch.objects.filter(pk=case.id).exists()


def test_a_closed_matter_is_hidden_where_it_stands(world, case):
    closed = world.to_closed(case)
    kept = protect(world, closed, by="方晓")
    kept.refresh_from_db()
    assert (kept.state, kept.workflow, kept.stage) == ("closed", "request", closed.stage)
    with pytest.raises(NotFound):
        views.case_view(case.id, world.actor("赵兰"))
    assert views.case_view(case.id, world.actor("周敏")).words.text == WORDS


def test_who_may_and_what_is_refused(world, case):
    with pytest.raises(NotFound):
        protect(world, case, by="钱立")  # another village
    world.seats["auditor"] = world.seat("auditor", "county", "薛衡")
    with pytest.raises(NotAllowed):
        protect(world, case, by="薛衡")
    for about in ("", "nobody", "seat:999999", "seat:x"):
        with pytest.raises(Invalid) as refused:
            protect(world, case, about=about)
        assert "about" in refused.value.field_errors
    with pytest.raises(Conflict):
        protect(world, case, expected_seq=99)
    assert Case.objects.get(pk=case.id).protected == ""
    assert protect(world, case, key="once").event_seq == protect(world, case, by="秦英", key="once").event_seq
    with pytest.raises(Conflict) as refused:
        protect(world, case, by="周敏")
    assert refused.value.code == "protect.already"


def test_a_hundred_reports_cost_as_many_statements_as_one(world, case):
    def cost(count):
        made = [world.open(f"{WORDS}第{n}个人说。") for n in range(count + 1)]
        main = made.pop()
        gathering.gather(main.id, {one.id: None for one in made}, actor=world.actor("赵兰"))
        with count_queries() as seen:
            protect(world, main)
        return seen.total

    cost(1)  # reads what is kept in memory
    assert cost(12) <= cost(1) + 2
