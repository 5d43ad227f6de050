"""Duties over a large register: one worker's list, open counts of a township, a county's missed month, publishing.

Rows are copied in without events (bench data); what is measured are the queries and the batches of the engine itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from time import perf_counter
from typing import Any

from django.db import connection

from bench.homes import Home
from bench.lines import Line
from bench.lists import spent
from bench.registers import change_beyond_row

ROWS, SMALL_ROWS = 1_000_000, 60_000
RULES = 30
FIRST = 10_000_000  # above whatever the home has already
OWED_MS, OPEN_MS, MISSED_S, PUBLISH_S, HELD_MS = 20.0, 500.0, 3.0, 10.0, 50.0


def run(home: Home) -> Iterator[Line]:
    """Measure on an empty home with the standard pack."""
    from gezhi.engines.duties import closing, publishing, queries, standings
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
    sql, made, cpu = spent(lambda: standings.open_counts(ground["town"]), times=3)
    yield Line(home.db, f"open counts of a township, {size}: SQL", sql, "ms", cpu_ms=cpu, queries=made,
               bound=f"<= {OPEN_MS:g} ms", ok=sql <= OPEN_MS)  # fmt: skip
    monthly = rule("bench-0")
    period = monthly.period(clock.now())
    assert period is not None
    begun = perf_counter()
    found = standings.standing(monthly, period, by="town")
    taken = perf_counter() - begun
    assert found and all(s.due == s.done + s.missed + s.waived + s.open for s in found)
    yield Line(home.db, f"county's month by town, {size}", taken, "s", bound=f"<= {MISSED_S:g} s", ok=taken <= MISSED_S)
    with db.write():
        Enrolment.objects.filter(rule="bench-0").delete()
        publishing.begun(monthly)
        from gezhi.engines.duties.models import Publication

        Publication.objects.filter(rule="bench-0").update(finished=False, reached=0)
    if connection.vendor == "postgresql":  # a rule that was never in force leaves no dead rows behind
        with connection.cursor() as cursor:
            cursor.execute("VACUUM duties_enrolment")
    held = _Held()
    begun = perf_counter()
    with held:
        count = publishing.publish("bench-0")
    taken = perf_counter() - begun
    yield Line(home.db, f"publishing a rule over {rows:,} subjects ({count:,} enrolled)", taken, "s",
               bound=f"<= {PUBLISH_S:g} s", ok=taken <= PUBLISH_S)  # fmt: skip
    yield Line(home.db, "publishing: longest the write lock was held", held.longest, "ms",
               bound=f"<= {HELD_MS:g} ms" if connection.vendor == "sqlite" else "",
               ok=held.longest <= HELD_MS if connection.vendor == "sqlite" else None)  # fmt: skip
    yield change_beyond_row(
        home, people.system("bench"), "lone_elder", [{"self_care": care} for care in ("partly", "unable", "able")],
        f"register change beyond its row, {size}",
    )  # fmt: skip
    one = next(p for p in monthly.periods(period.first - timedelta(days=40), period.first) if p.closes <= period.opens)
    Enrolment.objects.filter(rule="bench-0").update(since=one.first)
    held, begun = _Held(), perf_counter()
    with held:
        missed = closing.close(monthly, one)
    taken = perf_counter() - begun
    assert Window.objects.get(rule="bench-0", period=one.key).finished
    yield Line(home.db, f"closing a window, {missed:,} missed, a thousand", 1000 * taken / max(1, missed) * 1000, "ms")
    yield Line(home.db, "closing: longest the write lock was held", held.longest, "ms",
               bound=f"<= {HELD_MS:g} ms" if connection.vendor == "sqlite" else "",
               ok=held.longest <= HELD_MS if connection.vendor == "sqlite" else None)  # fmt: skip


class _Held:
    """The longest a write of this process held the database, from its first statement to its end."""

    def __init__(self) -> None:
        self.longest = 0.0

    def __enter__(self) -> _Held:
        from gezhi.foundation import db
        from gezhi.foundation.db import pacing

        self._write = db.write
        longest = self

        from contextlib import contextmanager

        @contextmanager
        def timed() -> Iterator[None]:
            with self._write():
                begun = perf_counter()
                yield
            longest.longest = max(longest.longest, 1000 * (perf_counter() - begun))

        db.write = pacing.write = timed  # type: ignore[assignment]
        return self

    def __exit__(self, *_: Any) -> None:
        from gezhi.foundation import db
        from gezhi.foundation.db import pacing

        db.write = pacing.write = self._write  # type: ignore[assignment]


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
        _copy(connection, rows, grids, paths, seats, today)
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


def _copy(connection: Any, rows: int, grids: list[int], paths: list[Any], seats: list[int], today: date) -> None:
    """Subjects and their lines for all, an enrolment for each under one rule in turn (and all under the first).

    Grid by grid, as registers are taken in village by village; written by the database out of a table of the grids.
    """
    lite = connection.vendor == "sqlite"
    since = (today - timedelta(days=400)).isoformat()
    each = -(-rows // len(grids))
    zero = "x'" + "00" * 32 + "'" if lite else "'\\x" + "00" * 32 + "'::bytea"
    flag = "1" if lite else "true"
    day = f"'{since}'" if lite else f"'{since}'::date"
    born = "'1950-01-01'" if lite else "'1950-01-01'::date"
    values = '\'{"self_care": "able"}\'' + ("" if lite else "::jsonb")
    path = "county_id, town_id, village_id, grid_id, place_id"
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE bench_row (id bigint PRIMARY KEY, number bigint, seat_id bigint, county_id bigint, "
            "town_id bigint, village_id bigint, grid_id bigint, place_id bigint)"
        )
        for at, grid in enumerate(grids):
            where = paths[at]
            first, count = FIRST + at * each, min(each, rows - at * each)
            if count <= 0:
                break
            series = (
                f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1}) "
                if lite else f"WITH n(i) AS (SELECT generate_series(0, {count - 1})) "
            )  # fmt: skip
            cursor.execute(
                f"INSERT INTO bench_row {series} SELECT {first + 1} + i, {first} + i, {seats[at]}, {where.county_id}, "
                f"{where.town_id}, {where.village_id}, {where.grid_id}, {grid} FROM n"
            )
        cursor.execute(
            f"INSERT INTO subjects_subject (id, kind, label, code, sex, born, since, ended, synthetic, source, event_seq, event_hash, {path}) "
            f"SELECT id, 'person', '秦○', '', '', {born}, {day}, '', {flag}, '', 1, {zero}, {path} FROM bench_row ORDER BY id"
        )
        cursor.execute(
            f'INSERT INTO subjects_entry (id, register, version, subject_id, "values", state, since, valid_from, end_reason, source, key, event_seq, event_hash, {path}) '
            f"SELECT id, 'lone_elder', 1, id, {values}, '', {day}, {day}, '', '', 's:' || id, 1, {zero}, {path} FROM bench_row ORDER BY id"
        )
        for rule in range(RULES):
            which = "" if rule == 0 else f"WHERE number %% {RULES} = {rule}"
            cursor.execute(
                f"INSERT INTO duties_enrolment (rule, version, subject_id, entry_id, seat_id, since, {path}) "
                f"SELECT %s, 1, id, id, seat_id, {day}, {path} FROM bench_row {which} ORDER BY id", [f"bench-{rule}"],
            )  # fmt: skip
        cursor.execute("DROP TABLE bench_row")
        if not lite:
            for table in ("subjects_subject", "subjects_entry", "duties_enrolment"):
                cursor.execute(f"ANALYZE {table}")
