"""Holidays are imported while clocks run: open work stands as if the holidays had always been known."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, timedelta
from unittest import mock

import pytest
from django.db import transaction

from gezhi.engines.workflows import recounting, ticking
from gezhi.engines.workflows.models import Case, WorkItem
from gezhi.foundation import calendar, db, events, jobs
from gezhi.foundation.calendar import actions as calendar_actions
from gezhi.foundation.calendar import deadline, parse_limit
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.jobs.models import Job
from tests.foundation.people.county import SETUP

pytestmark = pytest.mark.django_db
# Thursday and Friday become holidays, Saturday a working day.
ROWS = [
    (date(2026, 11, 19), "试验假", False),
    (date(2026, 11, 20), "试验假", False),
    (date(2026, 11, 21), "补班", True),
]
HOUR = timedelta(hours=1)
START = datetime.fromisoformat("2026-11-18T02:00:00+00:00")  # Wednesday 10:00 in Shanghai


def import_them(rows=ROWS) -> int:
    return calendar.import_holidays(rows, actor=SETUP)


@contextmanager
def undone():
    """What happens inside is rolled back; `db.write()` inside means what it means outside."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)
    revisions.forget()


def fired(case: Case) -> list[str]:
    return [event.kind for event in events.history(f"case:{case.id}")]


def kinds_of_clock(case: Case) -> tuple:
    """Everything of a case and its open items that a calendar has a say in."""
    case = Case.objects.get(pk=case.pk)
    items = WorkItem.objects.filter(case_id=case.id, state="open").order_by("number")
    clocks = [(i.number, i.stage, i.due_at, i.warn_at, i.next_at, i.warned_at, i.breached_at, i.rung) for i in items]
    # Whoever has been answered was answered under the calendar of that day.
    respond_by = case.respond_by if case.first_response_at is None else None
    return case.due_at, case.late_at, respond_by, case.close_by, clocks


# What is done, hours after Wednesday ten o'clock. Each ends in another stage.
def opened(world, at_ten):
    return world.open()


def urgent(world, at_ten):
    case = world.open(urgent=True)
    at_ten.shift(HOUR)
    return case


def better_known(world, at_ten):
    case = world.open()
    at_ten.shift(2 * HOUR)
    return world.do(case, "dispatch", "赵兰", sort="big", unit=world.seats["city"], urgent=True)


def being_handled(world, at_ten):
    case = world.to_sign(world.open())
    at_ten.shift(3 * HOUR)
    return world.do(case, "accept", "马东")


def asked_for_more(world, at_ten):
    case = being_handled(world, at_ten)
    return world.do(case, "extend", "马东", more="3 work_day", reason="等零件")


def granted_more(world, at_ten):
    case = asked_for_more(world, at_ten)
    at_ten.shift(HOUR)
    side = WorkItem.objects.get(case_id=case.id, state="open", side=True)
    return world.do(case, "grant", "周敏", item=side.number)


def granted_and_sent_back(world, at_ten):
    case = granted_more(world, at_ten)
    case = world.do(case, "return", "马东", ground="不在职责内", proposed=world.seats["power"])
    return world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["power"])


def waiting_for_a_word(world, at_ten):
    return world.do(world.open(), "settle", "赵兰", result="换了灯泡")


def reopened(world, at_ten):
    case = world.to_closed(world.open())
    at_ten.shift(HOUR)
    return world.do(case, "reopen", why="又坏了")


LIVES = [
    opened, urgent, better_known, being_handled, asked_for_more, granted_more, granted_and_sent_back,
    waiting_for_a_word, reopened,
]  # fmt: skip


def test_as_if_it_had_always_been_known(world, at_ten):
    usual = [(day, "照常", not works) for day, _name, works in ROWS]
    for live in LIVES:
        # Every import has its own instant: revision numbers hold the time.
        at_ten.move_to(START)
        with undone():
            import_them()
            at_ten.shift(1)
            known_before = kinds_of_clock(live(world, at_ten))
        at_ten.move_to(START + timedelta(seconds=1))
        with undone():
            case = live(world, at_ten)
            without = kinds_of_clock(case)
            at_ten.shift(1)
            assert import_them() == 3
            assert kinds_of_clock(case) == known_before != without, live
            assert fired(case)[-1] == "case.reclocked"
            assert events.verify().clean
            # Taken back, everything stands as before; with one more event that says so.
            at_ten.shift(1)
            import_them(usual)
            assert kinds_of_clock(case) == without, live
            assert fired(case)[-2:] == ["case.reclocked"] * 2


def test_the_extension_is_counted_on_top_of_the_promise(world, at_ten):
    case = granted_more(world, at_ten)
    limit = case.promised["limits"][0]
    import_them()
    expected = deadline(deadline(case.opened_at, parse_limit(limit)), parse_limit("3 work_day"))
    case.refresh_from_db()
    assert case.due_at == expected == world.main(case).due_at
    assert case.promised == {"limits": [limit], "more": ["3 work_day"]}


def test_a_breach_that_is_none_any_more_is_taken_back_and_fires_anew(world, at_ten):
    """Typhoon: Thursday is declared a day off on Thursday afternoon."""
    at_ten.move_to("2026-11-18T08:00:00+00:00")  # Wednesday 16:00: four working hours end on Thursday morning
    case = world.open()
    at_ten.move_to("2026-11-19T07:00:00+00:00")
    ticking.tick()
    assert world.main(case).breached_at is not None
    import_them([(date(2026, 11, 19), "台风停工", False)])
    item = world.main(case)
    assert item.breached_at is None and item.due_at > item.opened_at + timedelta(days=1)
    assert item.next_at is not None
    at_ten.move_to(item.due_at + timedelta(seconds=1))
    ticking.tick()
    ticking.tick()
    assert fired(case).count("item.breached") == 2
    assert world.main(case).breached_at is not None


def test_a_warning_stands_when_its_moment_has_passed_either_way(world, at_ten):
    case = being_handled(world, at_ten)
    at_ten.move_to(world.main(case).warn_at + timedelta(seconds=1))
    ticking.tick()
    warned = world.main(case).warned_at
    assert warned is not None
    import_them([(date(2027, 3, 1), "试验假", False)])
    assert world.main(case).warned_at == warned
    assert "case.reclocked" not in fired(case)


def test_working_hours_count_as_well(world, at_ten):
    case = world.open()
    before = world.main(case).due_at
    calendar.set_working_hours("09:00-11:00", actor=SETUP, since=date(2026, 11, 18))
    after = world.main(case).due_at
    assert after == deadline(case.opened_at, parse_limit("4 work_hour")) != before


def test_closed_cases_keep_what_was_promised_them(world):
    case = world.to_closed(world.open())
    before = kinds_of_clock(case)
    import_them()
    assert kinds_of_clock(case) == before and "case.reclocked" not in fired(case)


def test_many_cases_cost_as_many_queries_as_a_batch(world, monkeypatch):
    def cost(cases: int) -> int:
        with undone():
            made = [world.open() for _ in range(cases)]
            with count_queries() as queries:
                import_them()
            assert all(fired(case)[-1] == "case.reclocked" for case in made)
            return queries.total

    assert cost(2) == cost(12)
    monkeypatch.setattr(recounting, "BATCH", 5)
    assert cost(12) > cost(5)


def test_a_case_written_at_that_very_moment_is_caught_by_the_job(world, at_ten):
    """The transaction that had read the old calendar: as if the hook had not seen its case."""
    with mock.patch.object(calendar_actions, "_listeners", []):
        case = world.open()
        import_them(ROWS[:1])
    import_them(ROWS[1:2])
    with db.write():
        Case.objects.filter(pk=case.pk).update(due_at=deadline(case.opened_at, parse_limit("1 work_hour")))
    assert Job.objects.filter(name="case.recount", state=Job.READY).count() == 1
    at_ten.shift(2 * recounting.LATER)
    jobs.registry.discover()
    jobs.claims.drain()
    case.refresh_from_db()
    assert case.due_at == deadline(case.opened_at, parse_limit(case.promised["limits"][0]))
    assert fired(case)[-1] == "case.reclocked"
