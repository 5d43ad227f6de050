"""What may stand behind an address: the names a door knows, and which page of a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from gezhi.interfaces.api import numbers, refusals

MOST = 200  # rows of one page


def unknown(request: HttpRequest, known: Collection[str]) -> dict[str, Any]:
    """{name: sentence} for what was asked that the door does not know."""
    return {name[:60]: _("没有这一项") for name in request.GET if name not in known}


def only(request: HttpRequest, *known: str) -> None:
    """Raises ItemMalformed for anything else."""
    if wrong := unknown(request, known):
        raise refusals.ItemMalformed(field_errors=wrong)


def size(limit: str, wrong: dict[str, Any]) -> int | None:
    """How many rows a page has; None, and said in `wrong`, for anything but 1 to 200."""
    found = numbers.whole(limit, 1, MOST)
    if found is None:
        wrong["limit"] = _("要填 1 到 200 的整数")
    return found


def paging(cursor: str, limit: str) -> tuple[int | None, int]:
    """(what the page before gave as `next`, rows). Raises ItemMalformed."""
    wrong: dict[str, Any] = {}
    rows = size(limit, wrong)
    after = numbers.whole(cursor, 0, 2**63 - 1) if cursor else None
    if cursor and after is None:
        wrong["cursor"] = _("不是这里给出的")
    if wrong:
        raise refusals.ItemMalformed(field_errors=wrong)
    return after, rows or 1
