"""Duties over a large register: one worker's list, open counts of a township, a county's missed month, publishing.

Rows are copied in without events (bench data); what is measured are the queries and the batches of the engine itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from time import perf_counter
from typing import Any

from bench.homes import Home
from bench.lines import Line
from bench.lists import spent

ROWS, SMALL_ROWS = 1_000_000, 60_000
RULES = 30
FIRST = 10_000_000  # above whatever the home has already
OWED_MS, OPEN_MS, MISSED_S, PUBLISH_S, HELD_MS = 20.0, 500.0, 3.0, 10.0, 50.0


def run(home: Home) -> Iterator[Line]:
    """Measure on an empty home with the standard pack."""
    from gezhi.engines.duties import closing, publishing, queries
    from gezhi.engines.duties.models import Enrolment, Window
    from gezhi.engines.duties.schema import rule
    from gezhi.foundation import db, people
    from gezhi.foundation.calendar import clock

    rows = SMALL_ROWS if home.small else ROWS
    ground = _ground(rows)
    size = f"{rows:,} subjects, {RULES} rules"
    actor = people.actor_for(ground["worker"])
    sql, made, cpu = spent(lambda: queries.owed(actor))
    yield Line(home.db, f"one worker's list, {size}: SQL", sql, "ms", cpu_ms=cpu, queries=made,
               bound=f"<= {OWED_MS:g} ms", ok=sql <= OWED_MS)  # fmt: skip
    sql, made, cpu = spent(lambda: queries.open_counts(ground["town"]), times=3)
    yield Line(home.db, f"open counts of a township, {size}: SQL", sql, "ms", cpu_ms=cpu, queries=made,
               bound=f"<= {OPEN_MS:g} ms", ok=sql <= OPEN_MS)  # fmt: skip
    monthly = rule("bench-0")
    period = monthly.period(clock.now())
    assert period is not None
    begun = perf_counter()
    found = queries.standing(monthly, period, by="town")
    taken = perf_counter() - begun
    assert found and all(s.due == s.done + s.missed + s.waived + s.open for s in found)
    yield Line(home.db, f"county's month by town, {size}", taken, "s", bound=f"<= {MISSED_S:g} s", ok=taken <= MISSED_S)
    with db.write():
        Enrolment.objects.filter(rule="bench-0").delete()
        publishing.begun(monthly)
        from gezhi.engines.duties.models import Publication

        Publication.objects.filter(rule="bench-0").update(finished=False, reached=0)
    held = _Held()
    begun = perf_counter()
    with held:
        count = publishing.publish("bench-0")
    taken = perf_counter() - begun
    yield Line(home.db, f"publishing a rule over {rows:,} subjects ({count:,} enrolled)", taken, "s",
               bound=f"<= {PUBLISH_S:g} s", ok=taken <= PUBLISH_S)  # fmt: skip
    yield Line(home.db, "publishing: longest the write lock was held", held.longest, "ms", bound=f"<= {HELD_MS:g} ms",
               ok=held.longest <= HELD_MS)  # fmt: skip
    one = next(p for p in monthly.periods(period.first - timedelta(days=40), period.first) if p.closes <= period.opens)
    Enrolment.objects.filter(rule="bench-0").update(since=one.first)
    held, begun = _Held(), perf_counter()
    with held:
        missed = closing.close(monthly, one)
    taken = perf_counter() - begun
    assert Window.objects.get(rule="bench-0", period=one.key).finished
    yield Line(home.db, f"closing a window, {missed:,} missed, a thousand", 1000 * taken / max(1, missed) * 1000, "ms")
    yield Line(home.db, "closing: longest the write lock was held", held.longest, "ms", bound=f"<= {HELD_MS:g} ms",
               ok=held.longest <= HELD_MS)  # fmt: skip


class _Held:
    """The longest a write of this process held the database, from its first statement to its end."""

    def __init__(self) -> None:
        self.longest = 0.0

    def __enter__(self) -> _Held:
        from gezhi.foundation import db

        self._write = db.write
        longest = self

        from contextlib import contextmanager

        @contextmanager
        def timed() -> Iterator[None]:
            with self._write():
                begun = perf_counter()
                yield
            longest.longest = max(longest.longest, 1000 * (perf_counter() - begun))

        db.write = timed  # type: ignore[assignment]
        return self

    def __exit__(self, *_: Any) -> None:
        from gezhi.foundation import db

        db.write = self._write  # type: ignore[assignment]


def _ground(rows: int) -> dict[str, int]:
    """A county of 10 towns, 200 villages, 1,000 grids with a worker each; subjects and enrolments spread over them."""
    from django.db import connection

    from gezhi.foundation import db, packs, people, places
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.people import actions

    setup = people.system("bench")
    on = clock.today() - timedelta(days=900)
    above = None
    for kind, name in (("province", "省"), ("city", "市"), ("county", "县")):
        above = places.open_place(kind, name, actor=setup, parent=above, on=on)
    county = above
    grids: list[int] = []
    towns = []
    for t in range(10):
        town = places.open_place("town", f"{t} 镇", actor=setup, parent=county, on=on)
        towns.append(town)
        for v in range(4):
            village = places.open_place("village", f"{t}-{v} 村", actor=setup, parent=town, on=on)
            grids += [places.open_place("grid1", f"第 {g} 网格", actor=setup, parent=village, on=on) for g in range(25)]
    install(packs)
    people.sync_posts(packs.registry().body("posts", "standard-county"))
    persons = actions.create_people(
        [actions.NewPerson(f"人{n}", f"1990{n:07d}", f"w{n}") for n in range(4)], actor=setup, synthetic=True
    )
    assert county is not None
    if people.directory().chain.root is None:  # the home may have a county of its own already
        actions.open_root("county_director", county, persons[:2], actor=setup)
    seats = actions.open_seats([actions.NewSeat("grid_worker", g) for g in grids], actor=setup)
    actions.appoint(seats[0], persons[2], actor=setup)
    paths = [places.directory().path(g) for g in grids]
    today = clock.today()
    with db.write():
        _copy(connection, rows, grids, seats, paths, today)
    return {"worker": persons[2], "town": towns[0], "county": county}


def install(packs: Any) -> None:
    """The standard pack, a register and thirty rules, written as installed versions."""
    import json
    from pathlib import Path

    from gezhi.engines.duties.models import Publication
    from gezhi.foundation import db, people
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.packs.models import PackVersion

    root = Path(__file__).parents[1] / "packs"
    packs.install(root / "yueshi-village", actor=people.system("bench"))
    body = packs.registry().body("duty", "elder-visit")
    entry = packs.registry().get("duty", "elder-visit")
    row = PackVersion.objects.get(pk=entry.id)
    with db.write():
        for number in range(RULES):
            new = json.loads(json.dumps(body)) | {"duty": f"bench-{number}"}
            new["rhythm"] = {"every": ("month", "week", "quarter", "two_months")[number % 4]}
            digest = packs.body_hash(new)
            values = {f.name: getattr(row, f.name) for f in row._meta.concrete_fields if f.name != "id"}
            PackVersion.objects.create(**values | {"name": f"bench-{number}", "body": new, "hash": digest})
            Publication.objects.create(
                rule=f"bench-{number}", version=row.version, hash=digest, finished=True,
                since=clock.today() - timedelta(days=800),
            )  # fmt: skip
        db.revisions.bump("packs")


def _copy(connection: Any, rows: int, grids: list[int], seats: list[int], paths: list[Any], today: date) -> None:
    """Subjects and their lines for all, an enrolment for each under one rule in turn (and all under the first)."""
    from gezhi.engines.duties.models import Enrolment
    from gezhi.foundation import db
    from gezhi.foundation.subjects.models import Entry, Subject

    since = today - timedelta(days=400)
    for start in range(0, rows, 10_000):
        subjects, entries, enrolled = [], [], []
        for n in range(FIRST + start, FIRST + min(start + 10_000, rows)):
            at = n % len(grids)
            where = {
                "place_id": grids[at], "county_id": paths[at].county_id, "town_id": paths[at].town_id,
                "village_id": paths[at].village_id, "grid_id": paths[at].grid_id,
            }  # fmt: skip
            subjects.append(
                Subject(id=n + 1, kind="person", label="秦○", born=date(1950, 1, 1), since=since, synthetic=True,
                        event_seq=1, event_hash=b"\0" * 32, **where)
            )  # fmt: skip
            entries.append(
                Entry(id=n + 1, register="lone_elder", version=1, subject_id=n + 1, values={"self_care": "able"},
                      since=since, valid_from=since, key=f"s:{n + 1}", event_seq=1, event_hash=b"\0" * 32, **where)
            )  # fmt: skip
            for rule in {"bench-0", f"bench-{n % RULES}"}:
                enrolled.append(
                    Enrolment(
                        rule=rule, version=1, subject_id=n + 1, entry_id=n + 1, seat_id=seats[at], since=since, **where
                    )
                )
        Subject.objects.bulk_create(subjects, batch_size=1_000)
        Entry.objects.bulk_create(entries, batch_size=1_000)
        db.insert_many(enrolled)
