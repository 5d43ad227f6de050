"""What the desk suggests for a case that waits to be dispatched: with reasons, never decided.

The category is read from the resident's own words; the units are those that finished such cases here in the last
90 days. Both open to their evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from gezhi.engines.workflows import queries
from gezhi.engines.workflows.queries import UnitSuggestion
from gezhi.engines.workflows.views import CaseView
from gezhi.foundation import packs, people, places

from .names import category_name

DAYS = 90


@dataclass(frozen=True)
class Advice:
    """`category` suggested (or already set), `score` 0..1 (None when it is set), `words` it was read from."""

    category: str
    category_words: str
    score: float | None
    words: tuple[tuple[str, int, int], ...] = ()
    others: list[tuple[str, str, float]] = field(default_factory=list)
    units: list[UnitSuggestion] = field(default_factory=list)
    total: int = 0
    named_unit: str = ""
    named_seat: int | None = None

    @property
    def percent(self) -> int:
        """The score as a whole per cent, for the bar."""
        return round((self.score or 0) * 100)


def advice(view: CaseView) -> Advice:
    """The suggestions for one case: one query."""
    case = view.case
    catalogue = packs.registry().categories
    found = [] if view.words.erased else catalogue.suggest(view.words.text)
    chosen = case.category or (found[0].code if found else "")
    units = queries.suggest_units(case, chosen, days=DAYS)
    best = next((s for s in found if s.code == chosen), None)
    category = catalogue.get(chosen)
    unit, seat = ("", None) if units or category is None else _named(category.unit, case.place_id)
    return Advice(
        category=chosen,
        category_words=category_name(chosen, whole=True),
        score=best.score if best else None,
        words=best.words if best else (),
        units=units,
        total=units[0].total if units else 0,
        others=[(s.code, category_name(s.code), s.score) for s in found if s.code != chosen],
        named_unit=unit,
        named_seat=seat,
    )


def _named(unit: str, place_id: int) -> tuple[str, int | None]:
    """The department the catalogue names for the category and its seat, when nobody handled such a case here lately."""
    if not unit:
        return "", None
    directory = people.directory()
    found = directory.organisation(unit, place_id)
    if found is None:
        return unit, None
    seats = [s.id for s in directory.seats_at(found.place_id) if s.organisation_id == found.id]
    return found.name, min(seats, default=None)


def likely_sort(seat: int | str | None) -> str | None:
    """大事 when the suggested seat is a unit's or stands above the village, 小事 when it is the village's own."""
    if seat in (None, ""):
        return None
    found = people.directory().seats.get(int(seat))
    if found is None:
        return None
    own = places.directory().get(found.place_id).kind not in ("town", "county", "city", "province")
    return "small" if own and not found.organisation_name else "big"


def underlined(text: str, words: tuple[tuple[str, int, int], ...]) -> SafeString:
    """The resident's words with what was recognised underlined."""
    parts: list[SafeString] = []
    at = 0
    for _word, start, end in sorted(words, key=lambda word: word[1]):
        if start < at:
            continue
        parts += [SafeString(escape(text[at:start])), format_html("<em>{}</em>", text[start:end])]
        at = end
    parts.append(SafeString(escape(text[at:])))
    return mark_safe("".join(parts))
