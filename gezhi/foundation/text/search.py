"""One table `search_document` on both databases: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

A document's number is `kind * 2**40 + id`, so the newest of a kind come first when numbers descend and one
table serves every kind. Beside the hashed words a document carries plain tokens for its places (`0p17`) and,
on PostgreSQL, for the two blocks of numbers it lies in; no other token begins with a digit zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection

from gezhi.foundation import db
from gezhi.foundation.people import crypto
from gezhi.foundation.text import tokens

# Stored in every document's number: append, never reorder.
KINDS = ("case", "person", "place", "subject")
SHIFT = 40
FINE, COARSE = 12, 16  # block sizes 2**12 and 2**16 numbers
MAX_PLACES = 200


def key() -> bytes:
    """The token key: derived from the index key, which lies outside GEZHI_HOME and its backups."""
    return crypto.derived_key("search/tokens/1")


def _number(kind: str, id: int) -> int:
    if not 0 <= id < 1 << SHIFT:
        raise ValueError(f"search id out of range: {id}")
    return (KINDS.index(kind) + 1 << SHIFT) + id


def _bounds(kind: str, before: int | None) -> tuple[int, int]:
    low = _number(kind, 0)
    return low, (_number(kind, before) if before is not None else low + (1 << SHIFT)) - 1


def _document(kind: str, id: int, texts: Iterable[str], places: Iterable[int]) -> tuple[int, str]:
    grams: set[str] = set()
    for text in texts:
        grams |= tokens.grams(text or "")
    number = _number(kind, id)
    words = tokens.hashed(grams, key())
    words += [f"0p{place}" for place in sorted(set(places))[:MAX_PLACES]]
    if connection.vendor == "postgresql":
        words += [f"0f{number >> FINE}", f"0c{number >> COARSE}"]
    return number, " ".join(words)


def index(kind: str, id: int, texts: Iterable[str], *, places: Iterable[int] = ()) -> None:
    """Make one document findable, replacing what was known of it. One statement; callable from a job.

    `kind` is one of KINDS; `texts` are the plain words (title, text, additions); `places` the ids of every
    place the document counts under (grid up to county), for `search(places=...)`.
    """
    index_many(kind, [(id, tuple(texts), tuple(places))])


def index_many(kind: str, documents: Sequence[tuple[int, Sequence[str], Sequence[int]]]) -> None:
    """Like `index` for a batch of (id, texts, places): still one statement."""
    if not documents:
        return
    rows = [_document(kind, id, texts, places) for id, texts, places in documents]
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
    if kind not in KINDS or not id.isdigit():
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
    words = [tokens._hash(key(), gram) for gram in wanted]
    scope = [f"0p{int(place)}" for place in sorted(set(places))[:MAX_PLACES]]
    low, high = _bounds(kind, before)
    find = _find_postgresql if connection.vendor == "postgresql" else _find_sqlite
    return [number - low for number in find(words, scope, low, high, limit)]


def _find_sqlite(words: list[str], scope: list[str], low: int, high: int, limit: int) -> list[int]:
    # FTS5 walks doclists backwards and stops at the limit: a common word costs no more than a rare one.
    match = " AND ".join(f'"{word}"' for word in words)
    if scope:
        match += " AND (" + " OR ".join(f'"{place}"' for place in scope) + ")"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rowid FROM search_document WHERE search_document MATCH %s "
            "AND rowid BETWEEN %s AND %s ORDER BY rowid DESC LIMIT %s",
            [match, low, high, limit],
        )
        return [row[0] for row in cursor.fetchall()]


# GIN cannot return rows in order, so a common word would fetch and sort every row that holds it. The query
# therefore walks blocks of numbers from the newest down (two fine ones, then coarse ones) and the outer LIMIT
# stops the walk. Inside a block the block's own token is the rare key, and GIN skips through the common
# word's postings to it. A LATERAL join is always a nested loop, so the blocks are visited in order.
_SQL = f"""
WITH top AS (SELECT max(id) AS id FROM search_document WHERE id BETWEEN %(low)s AND %(high)s)
SELECT hit.id
FROM top CROSS JOIN LATERAL (
  SELECT '0f' || b AS token, b << {FINE} AS first, ((b + 1) << {FINE}) - 1 AS last
  FROM generate_series(top.id >> {FINE}, (top.id >> {FINE}) - 1, -1) AS b
  UNION ALL
  SELECT '0c' || b, b << {COARSE},
         LEAST((b + 1) << {COARSE}, ((top.id >> {FINE}) - 1) << {FINE}) - 1
  FROM generate_series(top.id >> {COARSE}, %(low)s >> {COARSE}, -1) AS b
) AS block CROSS JOIN LATERAL (
  SELECT d.id FROM search_document AS d
  WHERE d.tokens @@ (%(match)s || ' & ''' || block.token || '''')::tsquery
    AND d.id BETWEEN GREATEST(block.first, %(low)s) AND LEAST(block.last, %(high)s)
  ORDER BY d.id DESC LIMIT %(limit)s
) AS hit
LIMIT %(limit)s
"""


def _find_postgresql(words: list[str], scope: list[str], low: int, high: int, limit: int) -> list[int]:
    match = " & ".join(f"'{word}'" for word in words)
    if scope:
        match += " & (" + " | ".join(f"'{place}'" for place in scope) + ")"
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"match": match, "low": low, "high": high, "limit": limit})
        return [row[0] for row in cursor.fetchall()]
