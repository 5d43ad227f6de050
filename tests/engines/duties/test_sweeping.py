"""A rule put in force by one statement a range enrols exactly whom the rules, asked one by one, would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.duties import access, enrolling, publishing, sweeping
from gezhi.engines.duties.models import Enrolment
from gezhi.engines.duties.schema import rule
from gezhi.foundation import expressions as ex
from gezhi.foundation import subjects
from gezhi.foundation.expressions import sql
from gezhi.foundation.subjects import definitions, rule_sql
from gezhi.foundation.subjects.models import Entry, Subject

# Every form the SQL road knows, over a choice, a truth, dates, sex and age; what it must leave to the closures below.
SAID = [
    "年龄 >= 60",
    "age between 35 and 64",
    "性别 = '女' 且 年龄 >= 35 且 年龄 <= 64",
    "非 (年龄 < 76)",
    "self_care = 'able' 或 gas_alarm",
    "self_care in ['partly', 'unable']",
    "self_care not in ['partly', 'unable']",
    "self_care 为空",
    "gas_alarm 不为空 且 非 gas_alarm",
    "gas_alarm = 真 或 gas_alarm 为空",
    "self_care != 'able' 或 sex 为空",
    "born < 1950-03-05",
    "born between 1949-02-28 and 1950-03-05",
    "entered_on = 2026-11-18 且 confirmed_on >= 2026-11-01",
    "性别 != '男' 且 非 (self_care = 'unable' 且 gas_alarm)",
]
BORN = [
    None,
    date(1949, 2, 28),
    date(1948, 2, 29),
    date(1950, 3, 5),
    date(1950, 11, 18),
    date(1950, 11, 19),
    date(1980, 1, 1),
]
someone = st.tuples(
    st.sampled_from(BORN),
    st.sampled_from(["", "f", "m"]),
    st.fixed_dictionaries(
        {}, optional={"self_care": st.sampled_from(["able", "partly", "unable"]), "gas_alarm": st.booleans()}
    ),
)


def program(source: str) -> ex.Program:
    form = definitions.register("lone_elder").form
    return ex.compile(source, definitions.rule_types(form), expect=ex.Truth, aliases=definitions.rule_aliases(form))


def compiled(source: str, on: date) -> tuple[str, list] | None:
    return sql.where(program(source), rule_sql.columns(definitions.register("lone_elder"), on))


def put(village, people) -> list[int]:
    """Lines of a register written past every hook."""
    line = village.alone()
    who = Subject.objects.get(pk=line.subject_id)
    entry = Entry.objects.get(pk=line.pk)
    found = []
    for number, (born, sex, values) in enumerate(people, start=1):
        subject = replace_row(who, id=who.pk + 100 + number, born=born, sex=sex, ident_hash=None, person_id=None)
        subject.save(force_insert=True)
        row = replace_row(
            entry, id=entry.pk + 100 + number, subject_id=subject.pk, values=values, key=f"s:{subject.pk}"
        )
        row.save(force_insert=True)
        found.append(row.pk)
    return [entry.pk, *found]


def replace_row(row, **values):
    return type(row)(**{f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields} | values)


@given(
    people=st.lists(someone, min_size=1, max_size=12),
    on=st.sampled_from([date(2026, 11, 18), date(2027, 2, 28), date(2028, 2, 29)]),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_condition_in_sql_means_what_it_means_row_by_row(village, people, on):
    with transaction.atomic():
        ids = put(village, people)
        register = definitions.register("lone_elder")
        entries = Entry.objects.in_bulk(ids)
        whos = Subject.objects.in_bulk([e.subject_id for e in entries.values()])
        for source in SAID:
            asked = program(source)
            one_by_one = {
                id for id, e in entries.items()
                if asked.holds(subjects.facts_of(register, e.values, whos[e.subject_id], on, e), today=on)
            }  # fmt: skip
            text, values = compiled(source, on)
            with connection.cursor() as cursor:
                marks = ", ".join(["%s"] * len(ids))
                cursor.execute(
                    "SELECT e.id FROM subjects_entry e JOIN subjects_subject s ON s.id = e.subject_id "
                    f"WHERE e.id IN ({marks}) AND {text}", [*ids, *values],
                )  # fmt: skip
                assert {id for (id,) in cursor.fetchall()} == one_by_one, source
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    "source", ["年数(born) >= 60", "age + 1 > 60", "age >= 59.5", "若(gas_alarm, 真, 假)", "今天 > born"]
)
def test_what_sql_cannot_say_exactly_is_left_to_the_closures(village, source):
    assert compiled(source, date(2026, 11, 18)) is None


def enrolled(name: str) -> set[tuple]:
    rows = Enrolment.objects.filter(rule=name, until=None)
    return set(rows.values_list("subject_id", "entry_id", "seat_id", "place_id", "grid_id", "since", "version"))


def republish(monkeypatch, known, *, by_rows: bool) -> None:
    from gezhi.engines.duties.models import Publication

    monkeypatch.setattr(publishing, "rule_of", lambda _name: known)
    if by_rows:
        monkeypatch.setattr(sweeping, "prepared", lambda _rule: None)
    Publication.objects.filter(rule=known.name).update(hash="", reached=0, finished=False)
    publishing.publish(known.name)


@pytest.mark.parametrize("by_rows", [False, True], ids=["swept", "by rows"])
def test_publishing_enrols_mends_and_ends(village, at_ten, monkeypatch, by_rows):
    """Both roads: whoever is new comes, whoever is no longer meant leaves, a wrong seat is put right, nobody twice."""
    people = [(born, "f", {"self_care": care}) for born in BORN[1:] for care in ("able", "unable")]
    put(village, people)
    known = rule("elder-visit")
    republish(monkeypatch, known, by_rows=by_rows)
    assert len(enrolled("elder-visit")) == len(people) + 1
    assert publishing.rebuild("elder-visit") == 0
    at_ten.move_to(datetime(2026, 12, 1, 4, tzinfo=UTC))
    wrong = Enrolment.objects.filter(rule="elder-visit", until=None).order_by("id")[3]
    Enrolment.objects.filter(pk=wrong.pk).update(seat_id=village.seats["secretary"])
    monkeypatch.setattr(sweeping, "FIRST", 3)
    narrower = replace(known, version=known.version + 1, when="self_care = 'able' 且 年龄 >= 60", hash="x" * 64)
    monkeypatch.setattr(enrolling, "rules", lambda: [narrower])
    republish(monkeypatch, narrower, by_rows=by_rows)
    left = enrolled("elder-visit")
    able = Entry.objects.filter(register="lone_elder", values__self_care="able")
    old = Subject.objects.filter(born__lt=date(1960, 1, 1))
    assert {row[0] for row in left} == set(able.filter(subject_id__in=old).values_list("subject_id", flat=True))
    assert {row[-1] for row in left} == {narrower.version} and {row[2] for row in left} == {village.seats["grid"]}
    assert {row[5] for row in left} == {date(2026, 11, 18)}  # they stay since they came
    gone = Enrolment.objects.filter(rule="elder-visit").exclude(until=None)
    assert gone.count() == len(people) + 1 - len(left) and set(gone.values_list("until", flat=True)) == {
        date(2026, 12, 1)
    }


def test_the_seat_near_the_place_is_found_for_each(village, monkeypatch):
    """Two grids, a village without a worker: each line goes to the seat that serves its place."""
    for place in ("lake1", "lake1a", "lake"):
        village.alone(f"老{place}", place=place)
    wanted = enrolled("elder-visit")
    assert len({row[2] for row in wanted}) > 1
    Enrolment.objects.filter(rule="elder-visit").delete()
    republish(monkeypatch, rule("elder-visit"), by_rows=False)
    assert enrolled("elder-visit") == wanted


def test_the_enrolments_of_a_subject_are_found_by_an_index(village):
    """By a change of its line (all rules, those in force) and by a record (one rule, at any time)."""
    if connection.vendor != "sqlite":
        pytest.skip(
            "the few rows of a test are read in full on PostgreSQL; bench/duties.py changes a line among a million"
        )
    line, seen = village.alone(), []

    def note(execute, text, values, many, context):
        if text.startswith("SELECT") and "duties_enrolment" in text:
            seen.append((text, values))
        return execute(text, values, many, context)

    with connection.execute_wrapper(note):
        enrolling.settle({line.subject_id: date(2026, 11, 18)})
        access.enrolment_to_change(rule("elder-visit"), line.subject_id, "2026-11")
    assert len(seen) == 2
    for text, values in seen:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {text}", values)
            plan = " ".join(row[3] for row in cursor.fetchall())
        assert "enrolled_one_live (subject_id=?" in plan, plan
