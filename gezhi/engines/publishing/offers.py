"""What subjects offer to templates: names, types and titles, told by the flows that gather them.

This engine knows no case. `offers("case", {...}, roles=…)` declares it; a template that binds a field to a name that
nobody offers is refused when it loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Types of facts: text, number (int), truth, date, time (aware instant), span (timedelta), rows (list of mappings
# with `columns`), person (a `Personal`: shown masked until somebody reveals it).
TYPES = ("text", "number", "truth", "date", "time", "span", "rows", "person")


@dataclass(frozen=True)
class Offer:
    """One fact. `columns`: name -> type, for rows."""

    type: str
    title: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Personal:
    """A value that is masked on screen and paper unless it is revealed; `ref` is the private text it comes from."""

    full: str
    masked: str
    ref: int
    field: str


SUBJECTS: dict[str, dict[str, Offer]] = {}
# Prefixes of paths that a subject offers under any name, by type: what was answered in forms that packs declare.
ANSWERS: dict[str, dict[str, str]] = {}
ROLES: dict[str, tuple[str, ...]] = {}

# The engine's own: who issues, and when. `issuer.unit` is the organisation of the seat, empty where it has none.
ISSUER = {
    "issuer.place": Offer("text", "制发单位所在地"),
    "issuer.short": Offer("text", "制发单位简称"),
    "issuer.county": Offer("text", "县（市、区）"),
    "issuer.unit": Offer("text", "制发部门"),
    "issuer.seat": Offer("text", "制发席位"),
    "today": Offer("date", "今天"),
    "now": Offer("time", "此刻"),
    "corrects": Offer("text", "更正的原文号"),
}


def offers(
    subject: str, facts: Mapping[str, Offer], *, roles: tuple[str, ...] = (), answers: Mapping[str, str] | None = None
) -> None:
    """Declare what `subject` offers, and which roles an actor may have towards it. Called once, at start.

    `answers`: prefix -> type, for facts whose names packs give (`answer.terms`); one nobody answered is not known.
    """
    SUBJECTS[subject] = {**ISSUER, **facts}
    ANSWERS[subject] = dict(answers or {})
    ROLES[subject] = roles


def offer_of(subject: str, path: str) -> Offer | None:
    """What the subject offers at a path, also under a name that a pack's form gives; None when nobody does."""
    if found := SUBJECTS.get(subject, {}).get(path):
        return found
    for prefix, type_ in ANSWERS.get(subject, {}).items():
        name = path.removeprefix(prefix)
        if name != path and name.isidentifier() and name.isascii():
            return Offer(type_, path)
    return None
