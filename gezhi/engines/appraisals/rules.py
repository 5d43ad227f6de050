"""How a score comes about, in pure functions over Decimal: nothing is rounded but the mean of judges. docs/rules/appraisals.md

A rubric's body is plain JSON (reader.py); numbers in it are text. Points go from 0 to 100, weights add up to 1, so a score
does as well, and the lines of an explanation add up to it exactly.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
FULL = Decimal(100)
UNSCORED = "unscored"


@dataclass(frozen=True)
class Input:
    """What is known of one item of one subject: `raw` a number as text (None: nothing), `marks` of judges, `records` that it
    cites; `fixed`: the points that an objection which was upheld gave it, instead of all that."""

    raw: str | None = None
    marks: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    fixed: str | None = None

    def told(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        body = {"raw": self.raw, "marks": list(self.marks), "records": list(self.records), "fixed": self.fixed}
        return {name: value for name, value in body.items() if value not in (None, [])}

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Input:
        """The inverse of `told`."""
        return cls(body.get("raw"), tuple(body.get("marks", ())), tuple(body.get("records", ())), body.get("fixed"))


@dataclass(frozen=True)
class Line:
    """One line of an explanation: `gives` = weight × points; `points` None when the item is missing and unscored."""

    item: str
    raw: str | None
    points: Decimal | None
    weight: Decimal
    gives: Decimal
    missing: bool
    records: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """`score` is the sum of what the lines give; None when an item that must be there is missing. `lost`: gates, by id."""

    lines: tuple[Line, ...]
    score: Decimal | None
    band: str
    lost: tuple[str, ...]
    eligible: bool


def trimmed_mean(marks: Sequence[Decimal], trim: int) -> Decimal:
    """The mean of what stays when the `trim` highest and lowest are put aside, to a hundredth, half up. ValueError when none stays."""
    kept = sorted(marks)[trim : len(marks) - trim]
    if not kept:
        raise ValueError(f"{len(marks)} marks cannot lose {2 * trim}")
    return (sum(kept, Decimal(0)) / len(kept)).quantize(CENT, ROUND_HALF_UP)


def points_in(bands: Sequence[Mapping[str, Any]], value: Decimal) -> Decimal:
    """The points of the last band that begins at or below the value; without bands the value itself, kept within 0..100."""
    if not bands:
        return min(FULL, max(Decimal(0), value)).quantize(CENT, ROUND_HALF_UP)
    found = bands[0]
    for band in bands[1:]:
        if value >= Decimal(band["from"]):
            found = band
    return Decimal(found["points"])


def value_of(item: Mapping[str, Any], given: Input) -> Decimal | None:
    """What an item came to before its bands: the trimmed mean of judges, else the number itself; None when it is missing."""
    if item["kind"] == "judged":
        if len(given.marks) < item["judges"]["least"]:
            return None
        return trimmed_mean([Decimal(mark) for mark in given.marks], item["judges"]["trim"])
    return None if given.raw is None else Decimal(given.raw)


def line_of(item: Mapping[str, Any], given: Input) -> Line:
    """The line of one item."""
    weight = Decimal(item["weight"])
    points: Decimal | None
    if given.fixed is not None:
        points = Decimal(given.fixed)
        return Line(item["id"], given.fixed, points, weight, weight * points, False, given.records)
    value = value_of(item, given)
    if value is not None:
        points = points_in(item["bands"], value)
    else:
        points = None if item["missing"] == UNSCORED else Decimal(item["missing"])
    gives = weight * points if points is not None else Decimal(0)
    raw = None if value is None else format(value, "f")
    return Line(item["id"], raw, points, weight, gives, value is None, given.records)


def band_of(bands: Sequence[Mapping[str, Any]], score: Decimal) -> str:
    """The highest band that begins at or below the score; the first one has no beginning."""
    found = bands[0]["id"]
    for band in bands[1:]:
        if score >= Decimal(band["from"]):
            found = band["id"]
    return str(found)


def score_of(
    body: Mapping[str, Any], given: Mapping[str, Input], holds: Callable[[str, Mapping[str, Any]], bool]
) -> Scored:
    """Score one subject. `holds(gate id, {"score", "points_<item>"})`: whether a gate's condition is certainly true.

    A lost gate caps the band whatever the score is, and takes the subject out of awards: gates dominate.
    """
    lines = tuple(line_of(item, given.get(item["id"], Input())) for item in body["items"])
    if any(line.points is None for line in lines):
        return Scored(lines, None, "", (), False)
    score = sum((line.gives for line in lines), Decimal(0))
    reads: dict[str, Any] = {f"points_{line.item}": line.points for line in lines} | {"score": score}
    lost = tuple(gate["id"] for gate in body["gates"] if not holds(gate["id"], reads))
    order = [band["id"] for band in body["bands"]]
    band = order.index(band_of(body["bands"], score)) if order else 0
    for gate in body["gates"]:
        if gate["id"] in lost and order:
            band = min(band, order.index(gate["cap"]))
    return Scored(lines, score, order[band] if order else "", lost, not lost)


def sealed_body(results: Sequence[Mapping[str, Any]]) -> str:
    """The canonical text of a round's results, by subject: what is hashed, and must come out the same for ever."""
    rows = sorted(results, key=lambda row: row["subject"])
    return json.dumps(rows, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """SHA-256 of it."""
    return hashlib.sha256(text.encode()).hexdigest()


def told(subject: int, scored: Scored) -> dict[str, Any]:
    """A result as JSON, numbers as exact text."""
    return {
        "subject": subject,
        "score": None if scored.score is None else plain(scored.score),
        "band": scored.band,
        "lost": list(scored.lost),
        "eligible": scored.eligible,
        "lines": [
            {
                "item": line.item, "raw": line.raw, "points": None if line.points is None else plain(line.points),
                "weight": plain(line.weight), "gives": plain(line.gives), "missing": line.missing, "records": list(line.records),
            }
            for line in scored.lines
        ],
    }  # fmt: skip


def plain(number: Decimal) -> str:
    """83.5 and not 83.500 or 8.35E+1."""
    return format(number.normalize() + 0, "f")


@dataclass(frozen=True)
class Candidate:
    """Who may be awarded: `group` shares a quota; `ties` are the points that decide between equal scores, in order."""

    id: int
    group: str
    score: Decimal
    ties: tuple[Decimal, ...] = ()

    @property
    def rank(self) -> tuple[Decimal, ...]:
        """Greater is better."""
        return (self.score, *self.ties)


@dataclass(frozen=True)
class Reference:
    """`awarded` by the rule; `tied`: equals at the edge of a quota, of whom `open_` places are left to the body, by group."""

    awarded: tuple[int, ...]
    tied: Mapping[str, tuple[int, ...]]
    open_: Mapping[str, int]


def reference(candidates: Sequence[Candidate], quota: Mapping[str, int]) -> Reference:
    """The list that the rule alone gives: the best of each group within its quota; equals at the edge are nobody's by rule."""
    awarded: list[int] = []
    tied: dict[str, tuple[int, ...]] = {}
    left: dict[str, int] = {}
    for group in sorted({one.group for one in candidates}):
        mine = sorted(
            (one for one in candidates if one.group == group), key=lambda one: (one.rank, -one.id), reverse=True
        )
        most = quota.get(group, 0)
        if len(mine) > most:
            edge = mine[most].rank
            inside = [one for one in mine[:most] if one.rank > edge]
            equals = tuple(sorted(one.id for one in mine if one.rank == edge))
            if most > len(inside):
                tied[group], left[group] = equals, most - len(inside)
            awarded += [one.id for one in inside]
        else:
            awarded += [one.id for one in mine]
    return Reference(tuple(sorted(awarded)), tied, left)


def over_quota(candidates: Sequence[Candidate], chosen: frozenset[int], quota: Mapping[str, int]) -> list[str]:
    """Groups in which more are chosen than there are awards."""
    count: dict[str, int] = {}
    for one in candidates:
        count[one.group] = count.get(one.group, 0) + (one.id in chosen)
    return sorted(group for group, n in count.items() if n > quota.get(group, 0))


def passed_over(candidates: Sequence[Candidate], chosen: frozenset[int], quota: Mapping[str, int]) -> list[int]:
    """Eligible ones without an award whom nobody may leave out without a reason: they strictly outscore an awarded one of
    their group, or an award of their group goes to nobody."""
    found = []
    for one in candidates:
        if one.id in chosen:
            continue
        mine = [other for other in candidates if other.group == one.group and other.id in chosen]
        if any(one.rank > other.rank for other in mine) or len(mine) < quota.get(one.group, 0):
            found.append(one.id)
    return sorted(found)


@dataclass(frozen=True)
class Move:
    """Who moves when a rule changes, and why: `because` lists (item, gave, gives) that differ."""

    subject: int
    score: tuple[str | None, str | None]
    band: tuple[str, str]
    lost: tuple[tuple[str, ...], tuple[str, ...]]
    because: tuple[tuple[str, str, str], ...]


def moves(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> list[Move]:
    """What differs between two lists of results (`told`), by subject."""
    old = {row["subject"]: row for row in before}
    found = []
    for row in sorted(after, key=lambda one: one["subject"]):
        was = old[row["subject"]]
        gave = {line["item"]: line["gives"] for line in was["lines"]}
        gives = {line["item"]: line["gives"] for line in row["lines"]}
        because = tuple(
            (item, gave.get(item, "0"), gives.get(item, "0"))
            for item in dict.fromkeys((*gave, *gives))
            if gave.get(item, "0") != gives.get(item, "0")
        )
        changed = (was["score"], was["band"], was["lost"]) != (row["score"], row["band"], row["lost"])
        if changed or because:
            found.append(
                Move(
                    row["subject"], (was["score"], row["score"]), (was["band"], row["band"]),
                    (tuple(was["lost"]), tuple(row["lost"])), because,
                )
            )  # fmt: skip
    return found


def gaps(body: Mapping[str, Any], scored: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is lacking, the heaviest first: items that do not give all they could, and gates that are lost."""
    items = {item["id"]: item for item in body["items"]}
    found = [
        {
            "item": line["item"],
            "missing": line["missing"],
            "lacks": plain(FULL * Decimal(line["weight"]) - Decimal(line["gives"])),
        }
        for line in scored["lines"]
        if line["item"] in items
        and (line["points"] is None or Decimal(line["points"]) < Decimal(items[line["item"]]["good"]))
    ]
    return sorted(found, key=lambda gap: (-Decimal(gap["lacks"]), gap["item"]))
