"""Random lives of two people in a register: what a day looked like is what its events say, and never two lines at once."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.foundation import events, subjects
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Refusal
from gezhi.foundation.subjects.models import UNDONE, Entry, EntrySpan, Relation, Subject
from tests.foundation.subjects.test_subjects import ago, number
from tests.world import World

CARE = ("able", "partly", "unable")
WAYS = ("died", "moved_out")
days = st.integers(0, 40)
STEPS = st.one_of(
    st.tuples(st.just("enter"), st.integers(0, 1), st.sampled_from(CARE), days),
    st.tuples(st.just("change"), st.integers(0, 1), st.sampled_from(CARE), days),
    st.tuples(st.just("end"), st.integers(0, 1), st.none(), days),
    st.tuples(st.just("move"), st.integers(0, 1), st.sampled_from(("lake1", "lake2")), days),
    st.tuples(st.just("gone"), st.integers(0, 1), st.sampled_from(WAYS), days),
    st.tuples(st.just("back"), st.integers(0, 1), st.none(), days),
    st.tuples(st.just("merge"), st.integers(0, 1), st.none(), days),
    st.tuples(st.just("split"), st.integers(0, 1), st.none(), days),
    st.tuples(st.just("withdraw"), st.integers(0, 1), st.none(), days),
)


@contextmanager
def forgotten():
    """What happens inside is rolled back; writes inside are outermost, as in a request."""
    around = transaction.atomic()
    around._from_testcase = True
    around.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        around.__exit__(None, None, None)
        revisions.forget()


@pytest.fixture
def two(db):
    world = World()
    actor = world.actor("赵兰")
    made = [
        subjects.add(
            "person", {"name": "柳青山", "id_number": number("19500101", n)}, actor=actor,
            place_id=world.places["lake1"], since=ago(400),
        )
        for n in (1, 2)
    ]  # fmt: skip
    return world, actor, [row.pk for row in made]


def play(world, actor, ids, step):
    what, which, value, back = step
    id, other = ids[which], ids[1 - which]
    live = Entry.objects.filter(subject_id=id, until=None).first()
    match what:
        case "enter":
            subjects.enter("lone_elder", id, {"self_care": value}, actor=actor, since=ago(back))
        case "change" if live:
            subjects.change(live.pk, {"self_care": value}, actor=actor, on=ago(back))
        case "end" if live:
            subjects.end(live.pk, actor=actor, on=ago(back))
        case "withdraw" if live:
            subjects.withdraw_entries([live.pk], actor=actor)
        case "move":
            subjects.move(id, world.places[value], actor=actor, on=ago(back))
        case "gone":
            subjects.end_subject(id, value, actor=actor, on=ago(back))
        case "back":
            subjects.restore_subject(id, actor=actor)
        case "merge":
            theirs = Entry.objects.filter(subject_id=other, until=None).first()
            keep = {"lone_elder": (live or theirs).pk} if live and theirs else {}
            subjects.merge(id, into=other, actor=actor, keep=keep)
        case "split":
            subjects.split(id, actor=actor)


def replayed(day):
    """{entry id: (subject, self care, grid)} of a day, from the events alone."""
    found = {}
    for (id,) in Entry.objects.values_list("pk"):
        whole, then = {}, None
        for event in events.history(f"entry:{id}"):
            whole = {**whole, **event.patch}
            if whole["valid_from"] <= day.isoformat():
                then = dict(whole)
        if then is None or whole.get("end_reason") == UNDONE or whole["since"] > day.isoformat():
            continue
        if whole.get("until") and whole["until"] <= day.isoformat():
            continue
        found[id] = (whole["subject_id"], then["values"]["self_care"], then["grid_id"])
    return found


def shown(actor, day):
    rows = subjects.as_of(actor, "lone_elder", None, day, size=200).rows
    grids = {row.entry_id: row.place_id for row in rows}
    return {row.entry_id: (row.subject_id, row.values["self_care"], grids[row.entry_id]) for row in rows}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, min_size=2, max_size=12))
def test_a_day_is_what_its_events_say_and_no_subject_has_two_lines_on_it(two, steps):
    world, actor, ids = two
    with forgotten():
        for step in steps:
            before = dump()
            try:
                with transaction.atomic():
                    play(world, actor, ids, step)
            except Refusal:
                assert dump() == before  # a refused step leaves nothing
        for back in (0, 1, 7, 20, 40):
            at = shown(actor, ago(back))
            assert at == replayed(ago(back))
            if not any(step[0] in ("merge", "split") for step in steps):
                assert len({subject for subject, _care, _grid in at.values()}) == len(at)
        live = Entry.objects.filter(until=None)
        assert live.count() == len({line.subject_id for line in live})
        assert not live.filter(subject_id__in=Subject.objects.exclude(ended="").values("pk")).exists()
        assert events.verify().findings == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=8), which=st.integers(0, 1))
def test_merging_and_splitting_again_changes_nothing(two, steps, which):
    world, actor, ids = two
    with forgotten():
        for step in steps:
            try:
                with transaction.atomic():
                    play(world, actor, ids, step)
            except Refusal:
                continue
        before = dump()
        try:
            with transaction.atomic():
                play(world, actor, ids, ("merge", which, None, 0))
        except Refusal:
            return
        assert dump() != before
        subjects.split(ids[which], actor=actor)
        assert dump() == before


def dump():
    """Everything but the heads of streams, which only ever go on."""
    heads = {"event_seq", "event_hash"}
    return [
        [{k: v for k, v in row.items() if k not in heads} for row in model.objects.order_by("pk").values()]
        for model in (Subject, Entry, EntrySpan, Relation)
    ]
