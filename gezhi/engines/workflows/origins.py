"""A sender's own number for a matter: "12345:2026111800012", the sender's code in front."""

from __future__ import annotations

from gezhi.foundation import packs


def candidates(typed: str) -> list[str]:
    """What `Case.origin` may be for a number somebody typed, with or without the sender's code; [] for none."""
    number = "".join(typed.split())
    if not 3 <= len(number) <= 60:
        return []
    registry = packs.registry()
    codes = [registry.body("sheet", name)["code"] for name in registry.names("sheet")]
    return [number, *(f"{code}:{number}" for code in codes)] if codes else []


def number_of(origin: str | None) -> str:
    """The number as the sender writes it."""
    return (origin or "").partition(":")[2]


def sender_of(origin: str | None) -> str:
    """The sender's name in words; its code when no pack knows it (any more); "" without an origin."""
    code = (origin or "").partition(":")[0]
    registry = packs.registry()
    for name in registry.names("sheet"):
        body = registry.body("sheet", name)
        if body["code"] == code:
            return packs.localised(body["title"])
    return code
