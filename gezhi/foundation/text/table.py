"""One table `search_document` on both databases: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

A document's number is its id in the number space of its kind, so numbers descend from the newest and one
table serves every kind. Beside the hashed words a document carries plain tokens for its places (`0p17`) and,
on PostgreSQL, for the blocks of numbers it lies in; no hashed word begins with a digit zero.
docs/rules/text.md
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection

from gezhi.foundation import db
from gezhi.foundation.people import crypto
from gezhi.foundation.text import tokens

MAX_PLACES = 200
LEVELS = 12  # of blocks, each four times the one below


@dataclass(frozen=True, slots=True)
class Space:
    """Where a kind's numbers lie: [low, low + width); its smallest block spans 2**shift numbers."""

    low: int
    width: int
    shift: int


# Stored in every document's number: append, never change. Case ids are instants (43 bits of milliseconds, 20
# of chance), so their smallest block is 17 seconds and their largest two years; other kinds count from one.
SPACES = {
    "case": Space(0, 1 << 62, 34),
    "person": Space((1 << 62) + (1 << 40), 1 << 40, 12),
    "place": Space((1 << 62) + (2 << 40), 1 << 40, 12),
    "subject": Space((1 << 62) + (3 << 40), 1 << 40, 12),
}


def key() -> bytes:
    """The token key: derived from the index key, which lies outside GEZHI_HOME and its backups."""
    return crypto.derived_key("search/tokens/1")


def _number(kind: str, id: int) -> int:
    space = SPACES[kind]
    if not 0 <= id < space.width:
        raise ValueError(f"search id of {kind} out of range: {id}")
    return space.low + id


def grams(text: str) -> set[str]:
    """The hashed words of a text, for `put`: made ahead, where no lock is held."""
    return set(tokens.hashed(tokens.grams(text or ""), key()))


def _document(kind: str, id: int, hashed: Iterable[str], places: Iterable[int]) -> tuple[int, str]:
    number = _number(kind, id)
    words = sorted(hashed)
    words += [f"0p{place}" for place in sorted(set(places))[:MAX_PLACES]]
    if connection.vendor == "postgresql":
        shift = SPACES[kind].shift
        words += [f"0b{level}.{number >> shift + 2 * level}" for level in range(LEVELS)]
    return number, " ".join(words)


def index(kind: str, id: int, texts: Iterable[str], *, places: Iterable[int] = ()) -> None:
    """Make one document findable, replacing what was known of it. One statement; callable from a job.

    `kind` is one of SPACES; `texts` are the plain words (title, text, additions); `places` the ids of every
    place the document counts under (grid up to county), for `search(places=...)`.
    """
    index_many(kind, [(id, tuple(texts), tuple(places))])


def index_many(kind: str, documents: Sequence[tuple[int, Sequence[str], Sequence[int]]]) -> None:
    """Like `index` for a batch of (id, texts, places), at most 1,000: still one statement."""
    put(kind, [(id, set().union(*map(grams, texts)), places) for id, texts, places in documents])


def put(kind: str, documents: Sequence[tuple[int, Iterable[str], Sequence[int]]]) -> None:
    """`index_many` for (id, words already hashed by `grams`, places)."""
    if not documents:
        return
    rows = [_document(kind, id, hashed, places) for id, hashed, places in documents]
    flat = [value for row in rows for value in row]
    if connection.vendor == "postgresql":
        # array_to_tsvector takes the tokens as they are: no parser, no dictionary, no surprise.
        values = ",".join(["(%s, array_to_tsvector(string_to_array(%s, ' ')))"] * len(rows))
        sql = (
            f"INSERT INTO search_document (id, tokens) VALUES {values} "
            "ON CONFLICT (id) DO UPDATE SET tokens = EXCLUDED.tokens"
        )
    else:
        values = ",".join(["(%s, %s)"] * len(rows))
        sql = f"INSERT OR REPLACE INTO search_document (rowid, tokens) VALUES {values}"
    with db.write(), connection.cursor() as cursor:
        cursor.execute(sql, flat)


def forget(stream: str, names: object = None) -> None:
    """Remove a stream ("case:123") from search. Unknown kinds and ids are no error.

    Registered with `events.on_erase`; whoever erases only some of a stream's texts indexes the rest again.
    """
    kind, _, id = stream.partition(":")
    if kind not in SPACES or not (id.isascii() and id.isdigit()) or int(id) >= SPACES[kind].width:
        return
    column = "id" if connection.vendor == "postgresql" else "rowid"
    with db.write(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM search_document WHERE {column} = %s", [_number(kind, int(id))])


def search(
    kind: str, query: str, *, places: Iterable[int] = (), before: int | None = None, limit: int = 50
) -> list[int]:
    """Ids whose texts hold every word of the query, newest (highest id) first. One statement.

    `places`: only documents under at least one of these places. `before`: only ids below, for the next page.
    A query without a letter or digit finds nothing. Candidates may in rare cases not contain the phrase
    (pairs scattered, hash collision): re-check the page you show with `matches(query, text)`.
    The caller's own visibility rule still applies to the ids.
    """
    wanted = tokens.query_grams(query)
    if not wanted or limit < 1:
        return []
    words = tokens.hashed(wanted, key())
    scope = [f"0p{int(place)}" for place in sorted(set(places))[:MAX_PLACES]]
    space = SPACES[kind]
    end = space.width if before is None else max(0, min(before, space.width))
    find = _find_postgresql if connection.vendor == "postgresql" else _find_sqlite
    return [number - space.low for number in find(words, scope, space, space.low + end - 1, limit)]


def _find_sqlite(words: list[str], scope: list[str], space: Space, high: int, limit: int) -> list[int]:
    # FTS5 walks doclists backwards and stops at the limit: a common word costs no more than a rare one.
    match = " AND ".join(f'"{word}"' for word in words)
    if scope:
        match += " AND (" + " OR ".join(f'"{place}"' for place in scope) + ")"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM search_document WHERE search_document MATCH %s "
            "AND rowid BETWEEN %s AND %s ORDER BY rowid DESC LIMIT %s",
            [match, space.low, high, limit],
        )
        return [row[0] for row in cursor.fetchall()]


# GIN cannot return rows in order: a common word would fetch and sort every row that holds it. So the query
# walks blocks of numbers from the newest down, each level reaching back four times as far as the one below,
# and the outer LIMIT stops the walk. Inside a block its own token is the rare key and GIN skips through the
# common word's postings to it. A LATERAL join is always a nested loop, so the blocks are visited in the order
# given: some fifty probes of the index at worst, and at best blocks that hold about a page's worth of hits.
# OFFSET 0 keeps the planner from walking the primary key instead and reading every document's tokens.
_WALK = f"""
WITH top AS (SELECT max(id) AS id FROM search_document WHERE id BETWEEN %(low)s AND %(high)s)
SELECT hit.id
FROM top
CROSS JOIN LATERAL generate_series(0, {LEVELS - 1}) AS level
CROSS JOIN LATERAL generate_series(
  (top.id >> (%(shift)s + 2 * level)) - CASE WHEN level = 0 THEN 0 ELSE 2 END,
  CASE WHEN level = {LEVELS - 1} THEN %(low)s::bigint >> (%(shift)s + 2 * level)
       ELSE GREATEST(((top.id >> (%(shift)s + 2 * level + 2)) - 1) * 4,
                     %(low)s::bigint >> (%(shift)s + 2 * level)) END,
  -1
) AS block
CROSS JOIN LATERAL (
  SELECT found.id FROM (
    SELECT d.id FROM search_document AS d
    WHERE d.tokens @@ (%(match)s || ' & ''0b' || level || '.' || block || '''')::tsquery
    OFFSET 0
  ) AS found
  WHERE found.id BETWEEN %(low)s AND %(high)s
  ORDER BY found.id DESC LIMIT %(limit)s
) AS hit
LIMIT %(limit)s
"""


def _find_postgresql(words: list[str], scope: list[str], space: Space, high: int, limit: int) -> list[int]:
    match = " & ".join(f"'{word}'" for word in words)
    if scope:
        match += " & (" + " | ".join(f"'{place}'" for place in scope) + ")"
    with connection.cursor() as cursor:
        cursor.execute(
            _WALK,
            {"match": match, "low": space.low, "high": high, "limit": limit, "shift": space.shift},
        )
        return [row[0] for row in cursor.fetchall()]
