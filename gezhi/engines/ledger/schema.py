"""What packs say of ledgers: typed views of pinned bodies. Their keys: reader.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from gezhi.engines.ledger.rules import shown
from gezhi.foundation import packs
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.packs.typed import Declared

HOLDERS = ("subject", "person", "guest", "place", "seat")


@dataclass(frozen=True)
class Asset:
    """What is counted. `scale`: decimals between the smallest unit and the shown one."""

    id: str
    title: str
    unit: str
    scale: int

    def said(self, amount: int) -> str:
        """ "12.50 元" """
        return f"{shown(amount, self.scale)} {self.unit}".strip()


@dataclass(frozen=True)
class _Titled:
    """`titles` in both languages: a typed view serves every reader, so the language is chosen when it is read."""

    id: str
    titles: Mapping[str, str]

    @property
    def title(self) -> str:
        return localised(self.titles)


@dataclass(frozen=True)
class Kind(_Titled):
    """A kind of account. `reward`: its holder's own; only they spend from it. `level`: of a place that holds one."""

    asset: str
    holders: tuple[str, ...]
    register: str
    level: str
    lowest: int | None
    highest: int | None
    reward: bool

    @property
    def of_place(self) -> bool:
        """Whether the place itself holds it, so that nobody need say whose it is."""
        return self.holders == ("place",)


@dataclass(frozen=True)
class Side:
    """A pair of legs: so much (an expression) from one kind of account to another."""

    source: str
    target: str
    amount: str


@dataclass(frozen=True)
class Entry(_Titled):
    """What may be entered by hand. `by`, `second`: posts; `waits`: it stays pending until a `by` or `second` confirms."""

    sides: tuple[Side, ...]
    by: tuple[str, ...]
    second: tuple[str, ...]
    spend: bool
    waits: bool
    most: int | None
    expires: str
    least: int = 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of account it touches, each once."""
        return tuple(dict.fromkeys(kind for side in self.sides for kind in (side.source, side.target)))


@dataclass(frozen=True)
class Rule(_Titled):
    """A posting rule: when a fact of `when` holds and `condition` with it, `amount` goes from one kind to another."""

    when: str
    condition: str
    amount: str
    source: str
    target: str


@dataclass(frozen=True)
class PayList(_Titled):
    """A list of payments: who (lines of a register in these states), how much, from which kind to which.

    `cut`, `leap`, `after_death`: as of which day they are read (drawing.py). `divide`: `amount` is each one's part of what stands
    free in `source`, all of which goes out.
    """

    every: str
    register: str
    states: tuple[str, ...]
    condition: str
    amount: str
    source: str
    target: str
    freeze: tuple[str, ...]
    approve: tuple[str, ...]
    pay: tuple[str, ...]
    cut: str = ""
    leap: str = ""
    after_death: bool = False
    divide: bool = False


@dataclass(frozen=True)
class Ledger(Declared):
    """One declared ledger in one version."""

    @property
    def see(self) -> tuple[str, ...]:
        return tuple(self.body["see"])

    @property
    def close(self) -> tuple[str, ...]:
        return tuple(self.body["close"])

    @property
    def mine(self) -> bool:
        """Whether holders see their own account at the portal."""
        return bool(self.body["mine"])

    @property
    def assets(self) -> Mapping[str, Asset]:
        return {
            a["id"]: Asset(a["id"], localised(a["title"]), localised(a["unit"]), a["scale"])
            for a in self.body["assets"]
        }

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        return {
            k["id"]: Kind(
                k["id"], k["title"], k["asset"], tuple(k["holders"]), k["register"], k["level"],
                k["lowest"], k["highest"], k["reward"],
            )
            for k in self.body["accounts"]
        }  # fmt: skip

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return {
            e["id"]: Entry(
                e["id"], e["title"], tuple(Side(*side) for side in e["sides"]), tuple(e["by"]),
                tuple(e["second"]), e["spend"], e["waits"], e["most"], e["expires"],
                e.get("least", 1),
            )
            for e in self.body["entries"]
        }  # fmt: skip

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        return {
            r["id"]: Rule(r["id"], r["title"], r["when"], r["if"], r["amount"], r["from"], r["to"])
            for r in self.body["rules"]
        }

    @cached_property
    def payouts(self) -> Mapping[str, PayList]:
        return {
            p["id"]: PayList(
                p["id"], p["title"], p["every"], p["register"], tuple(p["states"]), p["if"], p["amount"],
                p["from"], p["to"], tuple(p["freeze"]), tuple(p["approve"]), tuple(p["pay"]),
                p.get("cut", ""), p.get("leap", ""), p.get("after_death", False), p.get("divide", False),
            )
            for p in self.body["payouts"]
        }  # fmt: skip

    def asset_of(self, kind: str) -> Asset:
        """The asset that a kind of account holds."""
        return self.assets[self.kinds[kind].asset]

    def said(self, id: str) -> str:
        """The title of an entry, a rule or a payout list in the reader's language."""
        found = self.entries.get(id) or self.rules.get(id) or self.payouts.get(id)
        return found.title if found else id


_LEDGERS = packs.Typed("ledger", Ledger)


def ledger(name: str, version: int | None = None) -> Ledger:
    """The newest version, or the one asked for. Raises NotFound pack.not_installed."""
    return _LEDGERS.get(name, version)


def ledgers() -> list[Ledger]:
    """Every ledger in force."""
    return _LEDGERS.all()
