"""due = done + missed + waived + open, whatever happens in whatever order; held against a model without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from unittest import mock

from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gezhi.engines.duties import actions, closing, publishing, queries, standings
from gezhi.engines.duties.models import Done, Enrolment
from gezhi.engines.duties.schema import rule
from gezhi.foundation import events, measures, subjects
from gezhi.foundation.errors import Refusal
from tests.engines.duties.scene import SYSTEM
from tests.environment import some

READING = {"systolic": 130, "diastolic": 80}
START = datetime(2026, 11, 18, 2, tzinfo=UTC)
STEPS = ("enter", "visit", "late", "waive", "back", "die", "move", "close", "day", "fortnight")


def last_day(key: str) -> date:
    """The last day of a month's window: two days after the month's end."""
    year, month = int(key[:4]), int(key[5:])
    return date(year + month // 12, month % 12 + 1, 2)


@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2)), min_size=4, max_size=22))
@settings(max_examples=some(12), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_every_period_adds_up(village, at_ten, steps):
    at_ten.move_to(START)
    doctor, secretary = village.actor("韩竹"), village.actor("赵兰")
    with transaction.atomic():
        lines: list = []
        lived: dict[int, list[date | None]] = {}  # subject -> [known since, first day gone]
        settled: dict[tuple[int, str], str] = {}
        keys: set[str] = set()
        for step, which in [("enter", 0), *steps]:
            now = datetime.now(UTC)
            today = (now + timedelta(hours=8)).date()
            line = lines[which % len(lines)] if lines else None
            key = f"{today:%Y-%m}" if today.day > 15 else f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
            keys.add(key)
            try:
                with transaction.atomic():
                    if step == "enter":
                        line = village.elder(f"老{len(lines)}")
                        lines.append(line)
                        lived[line.subject_id] = [today, None]
                    elif step in ("visit", "late"):
                        actions.fulfil("monthly-health", line.subject_id, key, READING, actor=doctor)
                        settled[line.subject_id, key] = "done"
                    elif step == "waive":
                        actions.waive("monthly-health", line.subject_id, key, "hospital", actor=secretary)
                        settled[line.subject_id, key] = "waived"
                    elif step == "back":
                        row = Done.objects.filter(subject_id=line.subject_id, period=key).first()
                        if row is not None:
                            actions.take_back(row.pk, actor=doctor)
                            settled.pop((line.subject_id, key), None)
                    elif step in ("die", "move"):
                        how = "died" if step == "die" else "moved_out"
                        gone = today - timedelta(days=which)
                        gone = max(gone, lived[line.subject_id][0])
                        subjects.end_subject(line.subject_id, how, actor=SYSTEM, on=gone)
                        lived[line.subject_id][1] = gone
                    elif step == "close":
                        closing.close_windows()
            except Refusal:
                pass
            if step in ("day", "fortnight"):
                at_ten.shift(timedelta(days=1 if step == "day" else 14))
        closing.close_windows()
        now = datetime.now(UTC)
        for key in keys:
            owing = {
                id for id, (since, gone) in lived.items()
                if since <= last_day(key) - timedelta(days=1) and (gone is None or gone > last_day(key))
            }  # fmt: skip
            expected = owing | {id for id, of in settled if of == key}
            period = rule("monthly-health").named(key)
            rows = standings.standing(rule("monthly-health"), period)
            got = {name: sum(getattr(r, name) for r in rows) for name in ("due", "done", "missed", "waived", "open")}
            assert got["due"] == len(expected) == got["done"] + got["missed"] + got["waived"] + got["open"]
            assert got["done"] == sum(1 for (_id, of), s in settled.items() if of == key and s == "done")
            assert got["waived"] == sum(1 for (_id, of), s in settled.items() if of == key and s == "waived")
            assert not (got["open"] and period.closes <= now) and not (got["missed"] and period.closes > now)
        kept = list(
            Enrolment.objects.filter(rule="monthly-health").order_by("id").values_list("subject_id", "since", "until")
        )
        assert publishing.rebuild("monthly-health") == 0
        assert kept == list(
            Enrolment.objects.filter(rule="monthly-health").order_by("id").values_list("subject_id", "since", "until")
        )
        transaction.set_rollback(True)


def test_the_rows_behind_a_number_are_the_number(village, at_ten):
    lines = [village.elder(f"老{n}") for n in range(5)]
    at_ten.move_to(datetime(2026, 12, 1, 4, tzinfo=UTC))
    doctor = village.actor("韩竹")
    for line in lines[:2]:
        actions.fulfil("monthly-health", line.subject_id, "2026-11", READING, actor=doctor)
    actions.waive("monthly-health", lines[2].subject_id, "2026-11", "hospital", actor=village.actor("赵兰"))
    known = rule("monthly-health")
    period = known.named("2026-11")
    (at,) = standings.standing(known, period, by="village", within=("village", village.places["lake"]))
    assert (at.due, at.done, at.waived, at.open, at.missed) == (5, 2, 1, 2, 0)
    for what in ("due", "done", "late", "waived", "missed", "open"):
        rows = queries.behind(known, period, what, ("village", village.places["lake"]))
        assert len(rows) == getattr(at, what), what
    board = standings.board([(known, period)], ("village", village.places["lake"]))
    assert board["monthly-health"] == at
    assert standings.open_counts(village.places["east"])["monthly-health"] == 2
    at_ten.move_to(datetime(2026, 12, 5, 4, tzinfo=UTC))
    closing.close_windows()
    month = measures.parse_period("2026-12")
    found = measures.measure(
        ["duties_due", "duties_done", "duties_missed", "duties_waived"], period=month, where={"rule": "monthly-health"}
    )
    assert [f.value for f in found.values()] == [5, 2, 2, 1]
    assert len(measures.opened_by(found["duties_missed"].opens)) == 2


def test_a_plan_puts_each_on_one_day_of_its_window(village, at_ten):
    for number in range(6):
        village.alone(f"老{number}")
    lines = queries.plan(village.places["lake"], date(2026, 11, 23), date(2026, 11, 29), actor=village.actor("赵兰"))
    visits = [line for line in lines if line.owed.rule.name == "elder-visit"]
    assert len(visits) == 6 and len({line.owed.subject_id for line in visits}) == 6
    assert {line.day.weekday() for line in visits} <= {0, 1, 2, 3, 4} and len({line.day for line in visits}) == 5
    patrols = [line for line in lines if line.owed.rule.name == "patrol"]
    assert len(patrols) == 7 * 2  # two grids, seven days


def test_a_register_kept_from_somebody_keeps_its_rules_too(village):
    """女 on the screening list: for the doctor and the secretary; the street sees neither rows nor numbers."""
    from gezhi.engines.duties import access

    known = rule("monthly-health")
    lake = village.places["lake"]
    with mock.patch.object(access, "register_of", lambda _rule: replace(known_register(), see=("village_doctor",))):
        assert access.sees(known, lake, village.actor("韩竹"))
        assert not access.sees(known, lake, village.actor("周敏"))
        assert queries.plan(lake, date(2026, 11, 28), date(2026, 12, 2), actor=village.actor("赵兰")) == []
    inside = replace(known_register(), inside=True)
    with mock.patch.object(access, "register_of", lambda _rule: inside), override_settings(GEZHI_ZONES=("field",)):
        assert not access.served(known) and not access.sees(known, lake, SYSTEM)


def known_register():
    return subjects.register("village_elder")


def test_an_erasure_takes_the_notes_of_visits_along(village, at_ten):
    line = village.elder()
    at_ten.move_to(datetime(2026, 12, 1, 4, tzinfo=UTC))
    row, _new = actions.fulfil(
        "monthly-health", line.subject_id, "2026-11", READING, actor=village.actor("韩竹"), note="腿肿"
    )
    assert "腿肿" in (events.read_private([row.private_ref])[row.private_ref] or "")
    events.erase(f"subject:{line.subject_id}", None, actor=SYSTEM, ground="本人要求")
    assert events.read_private([row.private_ref])[row.private_ref] is None
