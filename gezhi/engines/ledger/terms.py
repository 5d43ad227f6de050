"""What an amount or a condition of a ledger is computed from: names with their types, and what they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gezhi.foundation import expressions as ex


@dataclass(frozen=True)
class Terms:
    """`types` and `aliases` as the pack's reader proved the expression with; `values` of the one it is about."""

    types: Mapping[str, ex.Type]
    aliases: Mapping[str, str]
    values: Mapping[str, Any]

    def amount(self, source: str, more: Mapping[str, Any] | None = None) -> int | None:
        """A whole number of the smallest unit, parts of it dropped; None when something it reads is not known."""
        value = ex.compile(source, self.types, expect=ex.Number, aliases=self.aliases)({**self.values, **(more or {})})
        return None if value is None else int(value)

    def exact(self, source: str) -> Decimal | None:
        """The number as it is, parts of the smallest unit and all; None when something it reads is not known."""
        value = ex.compile(source, self.types, expect=ex.Number, aliases=self.aliases)(self.values)
        return None if value is None else Decimal(str(value))

    def holds(self, source: str) -> bool:
        """Whether a condition holds; the empty one does."""
        return not source or ex.compile(source, self.types, expect=ex.Truth, aliases=self.aliases).holds(self.values)
