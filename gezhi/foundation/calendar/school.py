"""School terms: stretches of months and days that come round each year; what lies in one is term time."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date

Terms = Sequence[tuple[tuple[int, int], tuple[int, int]]]

#: The two terms of a school year, month and day; a pack may say its own.
SCHOOL: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = (((2, 20), (6, 30)), ((9, 1), (1, 20)))


def spans(terms: Terms, first: date, last: date) -> Iterator[tuple[date, date]]:
    """The terms that meet the days `first` to `last`, whole, ends counted, in order."""
    for year in range(first.year - 1, last.year + 1):
        for begins, ends in sorted(terms):
            start, stop = _on(year, begins), _on(year if ends >= begins else year + 1, ends)
            if start <= last and stop >= first:
                yield start, stop


def in_term(day: date, terms: Terms = SCHOOL) -> bool:
    """Whether the day lies in one of the terms."""
    return any(True for _span in spans(terms, day, day))


def _on(year: int, at: tuple[int, int]) -> date:
    return date(year, at[0], min(at[1], monthrange(year, at[0])[1]))
