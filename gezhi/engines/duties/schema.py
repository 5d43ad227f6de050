"""The duties in force, typed."""

from __future__ import annotations

from gezhi.engines.duties.rules import Rule
from gezhi.foundation.packs import Typed

RULES = Typed("duty", Rule.of)


def rule(name: str, version: int | None = None) -> Rule:
    """The rule of this name, the newest version unless one is given. Raises NotFound pack.not_installed."""
    return RULES.get(name, version)


def rules() -> list[Rule]:
    """Every rule in force."""
    return RULES.all()
