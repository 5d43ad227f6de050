"""Numbers of documents: one series per issuer, mark and year, without a gap and without a double.

A number is given when a draft is begun, so that the draft can be talked about by it; a draft that is given up keeps
its number as a void document. So every number from 1 to the last has exactly one document. ADR 0100.
"""

from __future__ import annotations

from gezhi.engines.publishing.models import Document, Series
from gezhi.foundation import db


def next_serial(issuer_place: int, mark: str, year: int) -> int:
    """The next number of the series, inside a write. The series' row stays locked until the commit, so nobody
    else reads the same last number."""
    with db.write():
        Series.objects.bulk_create([Series(issuer_place=issuer_place, mark=mark, year=year)], ignore_conflicts=True)
        series = Series.objects.select_for_update().get(issuer_place=issuer_place, mark=mark, year=year)
        series.last += 1
        series.save(update_fields=["last"])
    return series.last


def gaps() -> list[tuple[str, int, int]]:
    """(mark, year, serial) of numbers that were given out and have no document: always empty, and looked at."""
    missing = []
    for series in Series.objects.all():
        there = set(
            Document.objects.filter(issuer_place=series.issuer_place, mark=series.mark, year=series.year).values_list(
                "serial", flat=True
            )
        )
        missing += [(series.mark, series.year, n) for n in range(1, series.last + 1) if n not in there]
    return missing
