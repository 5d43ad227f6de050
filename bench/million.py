"""A large table of cases, made quickly: rows only (cases, items, private texts, search), no event log.

Skewed as life is: a few villages, categories and units have most of the cases; three per cent are open;
a few words stand in a tenth of all texts and one in fifty thousand texts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

YEARS = 3
COMMON_WORD, RARE_WORD = "路灯", "龙门架"
RARE_EVERY = 50_000
FIRST_ID = 1_000_000_000  # beyond the ids that are taken
TEXTS = (
    "三楼楼道{w}坏了一个星期，晚上下楼看不清",
    "路口的雨水井盖缺了一角，孩子上学都从这儿过",
    "小区西门垃圾堆了两天没清，味道很大",
    "早餐店把桌子摆到人行道上，推轮椅过不去",
    "河边有人倒建筑垃圾，已经堆到路上",
    "自来水发黄有半个月了，烧开有沉淀",
    "村口大树枝压着电线，下雨天冒火花",
    "老人医保卡换了以后报销不了，问怎么办",
    "邻居装修半夜还在打孔，说了几次不听",
    "学校门口放学时车太多，孩子过马路危险",
)


@dataclass(frozen=True)
class Ground:
    """Who and where the rows are about. `actor` has three disjoint places."""

    actor: Any
    county: int
    scopes: tuple[tuple[str, int], ...]
    common_category: str
    rare_category: str
    department: int
    rows: int


def zipf(count: int, s: float) -> list[float]:
    """Cumulative weights of `count` values, the first the most frequent."""
    return list(accumulate(1 / rank**s for rank in range(1, count + 1)))


def fill(rows: int, *, until: datetime) -> Ground:
    """Write `rows` cases opened in the years before `until`, with all that hangs on them; returns where to look."""
    from django.db import connection

    from gezhi.engines.workflows.models import Case, WorkItem
    from gezhi.foundation import db
    from gezhi.foundation.events.models import Private

    maker = Maker(rows, until)
    ground = _ground(maker)
    with _without_indexes(Case, WorkItem, Private):
        for model, made in ((Private, maker.texts()), (Case, maker.cases()), (WorkItem, maker.items())):
            with db.write():
                _load(model, made, connection)
    _search(maker)
    _settle(connection)
    return ground


def fill_within(rows: int, *, until: datetime) -> None:
    """`rows` cases and their work items inside the caller's transaction, indexes kept, statistics taken on PostgreSQL.

    For tests of plans: SQLite plans without statistics, as a site's database does.
    """
    from django.db import connection

    from gezhi.engines.workflows.models import Case, WorkItem

    maker = Maker(rows, until)
    for model, made in ((Case, maker.cases()), (WorkItem, maker.items())):
        _load(model, made, connection)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE workflows_case")
            cursor.execute("ANALYZE workflows_workitem")


def _ground(maker: Maker) -> Ground:
    """A person with three disjoint places: the busiest village, a middling one, and a street without either."""
    from gezhi.foundation import people, places
    from gezhi.foundation.people import actions

    known, staff, villages = places.directory(), people.directory(), maker.villages
    busy, middling = villages[0], villages[len(villages) // 2]
    taken = (known.path(busy).town_id, known.path(middling).town_id)
    town = next(t for t in known.children(maker.county) if t not in taken)
    setup = people.system("setup")
    (person,) = actions.create_people([actions.NewPerson("秦三处", "13800138333")], actor=setup, synthetic=True)
    for post, place in (("village_secretary", busy), ("village_secretary", middling), ("street_officer", town)):
        actions.appoint(staff.seats_at(place, post)[0].id, person, actor=setup)
    actor = people.actor_for(person)
    scopes = tuple(actor.places("case.see"))
    return Ground(
        actor, maker.county, scopes, maker.categories[0], maker.categories[-1], maker.departments[0], maker.rows
    )


class Maker:
    """Rows of each table as lists of values in the order of the columns; items and documents follow the cases."""

    def __init__(self, rows: int, until: datetime) -> None:
        from gezhi.engines.workflows.schema import definition
        from gezhi.foundation import packs, people, places

        self.flow = definition("request")  # asked now: PostgreSQL answers nothing while rows are copied in
        rng = Random(11)
        known, staff = places.directory(), people.directory()
        villages = list(known.of_kind("village"))
        categories = [c.code for c in packs.registry().categories if c.scheme == "request"]
        rng.shuffle(villages)
        rng.shuffle(categories)
        county = known.path(villages[0]).county_id
        assert county is not None
        self.rng, self.rows, self.until = rng, rows, until
        self.villages, self.categories, self.county = villages, categories, county
        self.departments = [s.id for s in staff.seats_at(county, "department")]
        self.owners = {v: staff.seat_for("village_secretary", v) for v in villages}
        self.village_weights = zipf(len(villages), 0.9)
        self.category_weights = zipf(len(categories), 1.1)
        self.department_weights = zipf(len(self.departments), 1.0)
        self.paths = {v: known.path(v) for v in villages}
        self.grids: dict[int, list[int | None]] = {v: [*known.grids_under(v)] or [None] for v in villages}
        # (case, owner, opened, closed, is open, village): what the other tables are made from.
        self.kept: list[tuple[int, int, str, str | None, bool, int]] = []

    def texts(self) -> Iterator[list[Any]]:
        """One sealed text for every case: all say the same, each is opened and read like any other."""
        from gezhi.foundation.events import private
        from gezhi.foundation.people import crypto

        sealed = crypto.seal(
            '{"title": "三楼楼道路灯坏了一个星期", "text": "三楼楼道路灯坏了一个星期。"}',
            private.aad("bench:0", "text"),
        )
        for number in range(self.rows):
            yield [FIRST_ID + number, "bench:0", "text", b"\0" * 16, sealed]

    def cases(self) -> Iterator[list[Any]]:
        from gezhi.engines.workflows import rules
        from gezhi.engines.workflows.models import Case

        flow, body_hash = self.flow
        rng = self.rng
        names = columns(Case)
        at = {name: number for number, name in enumerate(names)}
        blank = template(
            Case(workflow="request", version=flow.version, body_hash=body_hash, code="", number="", stage="closed", phase="closed",
                 channel="portal", county_id=0, place_id=0, text_ref=0, opened_at=self.until, due_at=self.until,
                 event_hash=b"\0" * 32, event_seq=6, state="closed", outcome="done"),
            names,
        )  # fmt: skip
        span = timedelta(days=365 * YEARS)
        villages = rng.choices(self.villages, cum_weights=self.village_weights, k=self.rows)
        categories = rng.choices(self.categories, cum_weights=self.category_weights, k=self.rows)
        handlers = rng.choices(self.departments, cum_weights=self.department_weights, k=self.rows)
        channels = rng.choices(
            ("scan", "portal", "phone", "counter", "field", "hotline"), (34, 26, 12, 10, 10, 8), k=self.rows
        )
        for number in range(self.rows):
            opened = self.until - span * (1 - number / self.rows)
            age = self.until - opened
            village = villages[number]
            path = self.paths[village]
            due = opened + timedelta(days=5)
            is_open = rng.random() < (0.6 if age < timedelta(days=30) else 0.012)
            took = timedelta(days=min(rng.expovariate(1 / 3.0) + 0.05, 40.0))
            is_open = is_open or took > age
            handled = None if is_open else opened + took * 0.8
            closed = None if is_open else opened + took
            refused = not is_open and rng.random() < 0.02
            row = list(blank)
            row[at["id"]] = (int((opened - rules.EPOCH) / timedelta(milliseconds=1)) << 20) | rng.getrandbits(20)
            row[at["number"]], row[at["code"]] = f"{opened.year}-{number}", f"{number:010d}"
            row[at["state"]] = "open" if is_open else "closed"
            row[at["stage"]] = ("handle" if rng.random() < 0.999 else "arbitrate") if is_open else "closed"
            row[at["outcome"]] = "" if is_open else "not_accepted" if refused else "done"
            row[at["phase"]] = "working" if is_open else "closed"
            row[at["channel"]], row[at["category"]] = channels[number], categories[number]
            row[at["county_id"]], row[at["town_id"]], row[at["village_id"]] = path.county_id, path.town_id, village
            row[at["grid_id"]] = rng.choice(self.grids[village])
            row[at["place_id"]] = row[at["grid_id"]] or village
            owner = handlers[number] if rng.random() < 0.7 else self.owners[village]
            row[at["handler_seat"]], row[at["owner_seat"]] = owner, owner if is_open else None
            row[at["text_ref"]] = FIRST_ID + number
            opened_text = text_of(opened)
            row[at["opened_at"]], row[at["due_at"]] = opened_text, text_of(due)
            row[at["late_at"]] = text_of(due) if is_open else None
            row[at["respond_by"]] = text_of(opened + timedelta(days=1))
            row[at["first_response_at"]] = row[at["accepted_at"]] = text_of(opened + timedelta(hours=6))
            row[at["handled_at"]] = text_of(handled) if handled else None
            row[at["closed_at"]] = row[at["followed_at"]] = text_of(closed) if closed else None
            if not is_open:
                row[at["solved"]] = "yes" if rng.random() < 0.9 else "no"
                row[at["rating"]] = "very" if rng.random() < 0.7 else "so_so"
            self.kept.append((row[at["id"]], owner, opened_text, row[at["closed_at"]], is_open, row[at["village_id"]]))
            yield row

    def items(self) -> Iterator[list[Any]]:
        """Two finished steps of each closed case, the running one of each open case."""
        from gezhi.engines.workflows.models import WorkItem

        names = columns(WorkItem)
        at = {name: number for number, name in enumerate(names)}
        blank = template(
            WorkItem(case_id=1, number=1, stage="handle", opened_at=self.until, due_at=self.until, state="done"), names
        )
        number = FIRST_ID
        for case_id, owner, opened, closed, is_open, _village in self.kept:
            for step, stage in ((1, "triage"), (2, "handle")):
                number += 1
                row = list(blank)
                row[at["id"]], row[at["case_id"]], row[at["number"]] = number, case_id, step
                row[at["stage"]], row[at["owner_seat"]] = stage, owner
                row[at["opened_at"]] = row[at["due_at"]] = opened
                running = is_open and step == 2
                row[at["state"]] = "open" if running else "done"
                row[at["done_at"]] = None if running else closed or opened
                yield row

    def documents(self) -> Iterator[tuple[int, str, list[int]]]:
        """(case id, text, places) for the search index."""
        for number, (case_id, _owner, _opened, _closed, _is_open, village) in enumerate(self.kept):
            text = TEXTS[number % len(TEXTS)].format(w=COMMON_WORD)
            if number % RARE_EVERY == RARE_EVERY // 2:
                text += RARE_WORD
            path = self.paths[village]
            yield case_id, text, [p for p in (path.county_id, path.town_id, village) if p]


def commonest(model: Any, column: str) -> Any:
    """The value most rows have in a column."""
    from django.db.models import Count

    return model.objects.values(column).annotate(n=Count("pk")).order_by("-n")[0][column]


def columns(model: Any) -> list[str]:
    """The columns a row is written in; generated ones are the database's."""
    return [f.column for f in model._meta.concrete_fields if not getattr(f, "generated", False)]


def template(instance: Any, names: list[str]) -> list[Any]:
    """The values of one instance as the database takes them."""
    from django.db import connection

    by_column = {f.column: f for f in instance._meta.concrete_fields}
    values = []
    for name in names:
        field = by_column[name]
        value = field.get_db_prep_save(getattr(instance, field.attname), connection)
        values.append(text_of(value) if isinstance(value, datetime) else value)
    return values


def text_of(moment: datetime) -> str:
    """An instant as both databases read it: UTC, without a zone, as Django keeps it on SQLite."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _load(model: Any, rows: Iterable[list[Any]], connection: Any) -> None:
    names = columns(model)
    table = model._meta.db_table
    listed = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL timezone = 'UTC'")
            with cursor.copy(f"COPY {table} ({listed}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row([_plain(value) for value in row])
            return
        marks = ", ".join(["%s"] * len(names))
        cursor.executemany(f"INSERT INTO {table} ({listed}) VALUES ({marks})", rows)


def _plain(value: Any) -> Any:
    """A value as COPY takes it: what Django wrapped for psycopg is unwrapped, JSON written as its text."""
    inner = getattr(value, "obj", value)
    return json.dumps(inner) if isinstance(inner, dict | list) else inner


class _without_indexes:
    """Sorted index builds at the end are many times faster than a million insertions into each."""

    def __init__(self, *models: Any) -> None:
        self.models = models

    def __enter__(self) -> None:
        self._each(lambda editor, model, index: editor.remove_index(model, index))

    def __exit__(self, *_: object) -> None:
        self._each(lambda editor, model, index: editor.add_index(model, index))

    def _each(self, change: Callable[[Any, Any, Any], None]) -> None:
        from django.db import connection

        for model in self.models:
            for index in model._meta.indexes:
                with connection.schema_editor(atomic=False) as editor:
                    change(editor, model, index)


def _search(maker: Maker) -> None:
    """The documents as text.index would store them; tokens of equal texts are made once."""
    from django.db import connection

    from gezhi.foundation import db
    from gezhi.foundation.text import table, tokens

    hashed: dict[str, list[str]] = {}
    space, key = table.SPACES["case"], table.key()

    def rows() -> Iterator[tuple[int, str]]:
        for case_id, text, places in maker.documents():
            if text not in hashed:
                hashed[text] = tokens.hashed(tokens.grams(text), key)
            words = [*hashed[text], *(f"0p{place}" for place in sorted(places))]
            number = space.low + case_id
            if connection.vendor == "postgresql":
                words += [f"0b{level}.{number >> space.shift + 2 * level}" for level in range(table.LEVELS)]
            yield number, " ".join(words)

    with db.write(), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.executemany("INSERT INTO search_document (rowid, tokens) VALUES (%s, %s)", rows())
            return
        cursor.execute("DROP INDEX search_document_tokens")
        cursor.execute("CREATE TEMP TABLE given (id bigint, words text) ON COMMIT DROP")
        with cursor.copy("COPY given FROM STDIN") as copy:
            for row in rows():
                copy.write_row(row)
        cursor.execute(
            "INSERT INTO search_document SELECT id, array_to_tsvector(string_to_array(words, ' ')) FROM given"
        )
        cursor.execute(
            "CREATE INDEX search_document_tokens ON search_document USING gin (tokens) WITH (fastupdate = off)"
        )


def _settle(connection: Any) -> None:
    """Statistics, and on PostgreSQL the visibility map: what autovacuum has done by the next day."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for name in ("workflows_case", "workflows_workitem", "events_private", "search_document"):
                cursor.execute(f"VACUUM (ANALYZE) {name}")
        else:
            cursor.execute("ANALYZE")
