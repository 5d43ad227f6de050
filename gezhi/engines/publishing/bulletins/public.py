"""What everybody may see of a bulletin: sections meant for it, with cells hidden that would point at somebody. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

#: Fewer than this and a number could tell whose matter it is.
SMALLEST = 5
HIDDEN = "不足 5"
LEFT_OUT = "—"


def public_body(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with its public sections only, small counts and rates over few rows replaced by words.

    In a column of counts whose total is shown, one hidden cell could be worked out from the others: then the smallest
    of the rest is hidden as well. Definitions stay, numerators and denominators do not.
    """
    numbers = [_safe(number) for number in body["numbers"]]
    sections = [section for section in body["sections"] if section["public"]]
    for section in sections:
        if section["table"]:
            for column, additive in enumerate(section["table"]["additive"]):
                if additive:
                    _guard([row["cells"][column] for row in section["table"]["rows"]], body["numbers"], numbers)
    return {**body, "sections": sections, "numbers": numbers, "corrections": [], "totals": {}}


def _safe(number: Mapping[str, Any]) -> dict[str, Any]:
    """One number by itself."""
    text = number["text"]
    if number["unit"] == "rate":
        if number["top"] is not None and (number["few"] or _small(number["top"])):
            text = LEFT_OUT
    elif number["when"] == "change":
        text = HIDDEN if text.isdigit() and _small(text) else text
    elif number["top"] is not None and _small(number["top"]):
        text = HIDDEN
    return {**number, "text": text, "top": None, "bottom": None, "name": ""}


def _guard(cells: Sequence[int], was: Sequence[Mapping[str, Any]], now: list[dict[str, Any]]) -> None:
    hidden = [n for n in cells if now[n]["text"] == HIDDEN]
    rest = sorted((n for n in cells if now[n]["text"] != HIDDEN and _value(was[n])), key=lambda n: (_value(was[n]), n))
    if len(hidden) == 1 and rest:
        now[rest[0]]["text"] = LEFT_OUT


def _value(number: Mapping[str, Any]) -> float:
    return float(number["top"] or 0)


def _small(top: str) -> bool:
    return 0 < float(top) < SMALLEST
