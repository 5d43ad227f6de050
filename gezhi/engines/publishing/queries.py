"""Documents of a subject, and lists of them by where their subject lies; the flow sifts what may be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gezhi.engines.publishing.models import Document
from gezhi.foundation.people import Actor


def about(stream: str) -> list[Document]:
    """Every document of a subject, newest first. One query."""
    return list(Document.objects.filter(about=stream).order_by("-id"))


def candidates(
    actor: Actor, *, template: str = "", state: str = "", number: str = "", before: int | None = None, size: int = 50
) -> list[Document]:
    """The next `size` documents, newest first, whose subject lies where the actor may look, or that come from or go to
    a seat of theirs. Whether each may be seen is still to be asked. One query a scope, each bounded by `size`."""
    shared: dict[str, Any] = {}
    if template:
        shared["template"] = template
    if state:
        shared["state"] = state
    if number:
        shared["number__contains"] = number
    if before is not None:
        shared["id__lt"] = before
    scans = [{f"{kind}_id": place} for kind, place in actor.places("case.see")]
    scans += [{"to_seat__in": sorted(actor.answering)}, {"issuer_seat__in": sorted(actor.answering)}]
    found: dict[int, Document] = {}
    for scan in _merged(scans):
        for row in Document.objects.filter(**scan, **shared).order_by("-id")[:size]:
            found[row.pk] = row
    return [found[id] for id in sorted(found, reverse=True)[:size]]


def _merged(scans: Iterable[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Places of one kind are asked together; a person with many grids costs as many queries as one with one."""
    by_column: dict[str, list[Any]] = {}
    for scan in scans:
        for column, value in scan.items():
            if column.endswith("__in"):
                by_column.setdefault(column, []).extend(value)
            else:
                by_column.setdefault(f"{column}__in", []).append(value)
    return [{column: values} for column, values in by_column.items() if values]
