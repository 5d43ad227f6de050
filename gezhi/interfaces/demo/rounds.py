"""Elders, their visits and the patrols of the demo county: the last days before now, through the engine's own actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from gezhi.engines.duties import actions, closing, publishing, queries
from gezhi.engines.duties.schema import rules
from gezhi.foundation import packs, people, places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import actions as seats
from gezhi.interfaces.demo import staff
from gezhi.interfaces.demo.life import Life
from gezhi.interfaces.demo.matters import name_of, phone_of

DAYS = 4
ELDERS = 5  # in each grid of the demo village
SETUP = people.system("setup")


def schedule(run: Life) -> None:
    """Four days of rounds, ending today with some still to do."""
    begins = clock.midnight(clock.local(run.until).date() - timedelta(days=DAYS)) + timedelta(hours=7)
    run.at(begins, lambda now: _begin(run, now))


def _begin(run: Life, now: datetime) -> None:
    """Elders are entered, rules come into force, and whoever walks is sent on the way."""
    _elders(now)
    for rule in rules():
        publishing.publish(rule.name)
    village = staff.demo_place("village")
    for back in range(DAYS + 1):
        day = clock.local(now).date() + timedelta(days=back)
        run.at(clock.midnight(day) + timedelta(minutes=10), lambda _now: _close())
        for line in queries.plan(village, day, day, actor=SETUP):
            # On the last day the demo's own worker still has most of the list before them.
            share = 0.25 if back == DAYS else 0.85
            if run.random.random() < share:
                at = clock.midnight(day) + timedelta(hours=run.random.uniform(8, 17))
                run.at(at, _visit(line.owed.rule.name, line.owed.subject_id, line.owed.period))


def _close() -> None:
    closing.close_windows()


def _visit(rule: str, subject_id: int, period: str) -> Callable[[datetime], None]:
    def do(now: datetime) -> None:
        owed = queries.one(rule, subject_id, period, SETUP)
        if owed is None or any(f.required for f in owed.rule.form):
            return
        person = people.directory().effective(owed.seat_id, now).persons[0]
        actions.fulfil(rule, subject_id, period, {}, actor=people.actor_for(person, now))

    return do


def _elders(now: datetime) -> None:
    """Made-up elders of the demo village, five a grid, on the registers that the rules are about; a doctor for them."""
    village = staff.demo_place("village")
    if "village_doctor" in packs.registry().posts:
        doctor = seats.open_seat("village_doctor", village, actor=SETUP)
        (who,) = seats.create_people(
            [seats.NewPerson(name_of(9_001), phone_of(9_001), "p9001")], actor=SETUP, synthetic=True
        )
        seats.appoint(doctor, who, actor=SETUP)
    grids = [p for p in places.directory().children(village) if places.directory().get(p).kind == "grid1"][:4]
    rows = []
    for place, grid in enumerate(grids):
        for number in range(ELDERS):
            n = place * ELDERS + number
            born = date(1936 + n % 24, n % 12 + 1, n % 27 + 1)
            rows.append(({"name": name_of(70_000 + n), "born": born.isoformat(), "sex": "fm"[n % 2]}, grid))
    found = subjects.add_many("person", rows, actor=SETUP, synthetic=True)
    known = set(packs.registry().names("register"))
    for register, values in (("lone_elder", {"self_care": "able"}), ("village_elder", {"medicine": True})):
        if register in known:
            subjects.enter_many(register, [(who.pk, values) for who in found], actor=SETUP)
