"""What a book must always be: legs that sum to zero, bounds at every prefix, one way to say an amount. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

MOST = 10**15  # of the smallest unit, in one leg


@dataclass(frozen=True)
class Standing:
    """What stands in an account. `held_out`, `held_in` are of pending transfers, both positive."""

    balance: int = 0
    held_out: int = 0
    held_in: int = 0
    lowest: int | None = None
    highest: int | None = None

    @property
    def free(self) -> int | None:
        """What may still be taken; None without a bound."""
        return None if self.lowest is None else self.balance - self.held_out - self.lowest

    @property
    def fault(self) -> str:
        """ "" within its bounds, else "short" or "full"."""
        if self.lowest is not None and self.balance - self.held_out < self.lowest:
            return "short"
        if self.highest is not None and self.balance + self.held_in > self.highest:
            return "full"
        return ""

    def moved(self, amount: int) -> Standing:
        """After a posted leg."""
        return replace(self, balance=self.balance + amount)

    def held(self, amount: int, sign: int = 1) -> Standing:
        """After a pending leg begins (`sign` 1) or is settled one way or another (-1)."""
        if amount < 0:
            return replace(self, held_out=self.held_out - sign * amount)
        return replace(self, held_in=self.held_in + sign * amount)


def unbalanced(legs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Assets whose legs (asset, amount) do not sum to zero, with what they sum to."""
    sums: dict[str, int] = defaultdict(int)
    for asset, amount in legs:
        sums[asset] += amount
    return {asset: total for asset, total in sums.items() if total}


def digest(content: Mapping[str, Any]) -> str:
    """The fingerprint of what a transfer or a list says; the same whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def divided(total: int, parts: Sequence[Decimal]) -> list[int]:
    """`total` in these proportions, in whole units that sum to it exactly: what rounding down leaves goes one by one to the
    largest remainders, of equal ones to the first. ValueError when there is no part above zero."""
    whole_of = sum(map(Fraction, parts), Fraction(0))
    if whole_of <= 0 or any(part < 0 for part in parts):
        raise ValueError("nothing to divide by")
    exact = [total * Fraction(part) / whole_of for part in parts]
    found = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda n: (found[n] - exact[n], n))
    for n in order[: total - sum(found)]:
        found[n] += 1
    return found


def whole(value: Any, scale: int) -> int | None:
    """An amount in the shown unit ("12.50" with scale 2) as the smallest one; None when it has smaller parts or is no
    number."""
    try:
        found = Decimal(str(value)).scaleb(scale)
    except (ArithmeticError, ValueError):
        return None
    return int(found) if found.is_finite() and found == found.to_integral_value() and abs(found) <= MOST else None


def shown(amount: int, scale: int) -> str:
    """The smallest unit as people read it: 1250 with scale 2 is "12.50"."""
    return f"{Decimal(amount).scaleb(-scale):,.{scale}f}"
