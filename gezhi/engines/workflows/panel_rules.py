"""How the voices of a panel become a result, and why. Pure: ballots in, a tally and a judgement out.

docs/rules/panels.md has worked examples. Everything is counted in whole voices and in square metres as Decimals; shares
are compared as fractions, so that two thirds are two thirds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from gezhi.engines.workflows.schema_panels import IN_FAVOUR, STOPPING, PanelRule, Share

FEWEST = 5  # of a secret vote, a group with fewer voices would tell who said what


@dataclass(frozen=True)
class Cast:
    """One who was asked, as it is counted. `state` invited|voted|recused; `choice` "" unless voted (and open)."""

    state: str
    choice: str = ""
    group: str = ""
    area: Decimal = Decimal(0)


@dataclass
class Tally:
    """Figures of a panel. Who stood aside is in `recused` and nowhere else. Areas in square metres."""

    invited: int = 0
    voted: int = 0
    recused: int = 0
    area: Decimal = Decimal(0)
    area_voted: Decimal = Decimal(0)
    choices: dict[str, int] = field(default_factory=dict)
    areas: dict[str, Decimal] = field(default_factory=dict)
    groups: dict[str, dict[str, int]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For the record: areas as texts."""
        return {
            "invited": self.invited,
            "voted": self.voted,
            "recused": self.recused,
            "area": str(self.area),
            "area_voted": str(self.area_voted),
            "choices": dict(sorted(self.choices.items())),
            "areas": {k: str(v) for k, v in sorted(self.areas.items())},
            "groups": {g: dict(sorted(c.items())) for g, c in sorted(self.groups.items())},
        }


def count(ballots: Iterable[Cast], urn: Mapping[str, Mapping[str, int]] | None = None) -> Tally:
    """Count the ballots; of a secret vote the choices come from the urn, {group: {choice: voices}}."""
    tally = Tally()
    for one in ballots:
        if one.state == "recused":
            tally.recused += 1
            continue
        tally.invited += 1
        tally.area += one.area
        if one.state != "voted":
            continue
        tally.voted += 1
        tally.area_voted += one.area
        if urn is None:
            tally.choices[one.choice] = tally.choices.get(one.choice, 0) + 1
            tally.areas[one.choice] = tally.areas.get(one.choice, Decimal(0)) + one.area
            inside = tally.groups.setdefault(one.group, {})
            inside[one.choice] = inside.get(one.choice, 0) + 1
    for group, said in (urn or {}).items():
        for choice, number in said.items():
            if number:
                tally.choices[choice] = tally.choices.get(choice, 0) + number
                inside = tally.groups.setdefault(group, {})
                inside[choice] = inside.get(choice, 0) + number
    return tally


@dataclass(frozen=True)
class Judgement:
    """`result` passed|failed|void; `because`: what was looked at, each {what, have, whole, share, met, by}."""

    result: str
    because: tuple[Mapping[str, Any], ...]


def judge(rule: PanelRule, tally: Tally) -> Judgement:
    """The result of a closed panel. Void when too few took part; the rest is passed or failed."""
    looks: list[Mapping[str, Any]] = []

    def enough(what: str, wanted: Share, have: Decimal | int, whole: Decimal | int, by: str) -> bool:
        met = wanted.met(have, whole)
        looks.append(
            {
                "what": what, "by": by, "have": str(have), "whole": str(whole), "met": met, "strict": wanted.strict,
                "needs": str(wanted.count or wanted.part), "share": percent(have, whole),
            }
        )  # fmt: skip
        return met

    quorum = rule.quorum or Share(count=1)  # a meeting nobody came to is none
    held = enough("quorum", quorum, tally.voted, tally.invited, "persons")
    if rule.area and not quorum.count:
        held = enough("quorum", quorum, tally.area_voted, tally.area, "area") and held
    if not held:
        return Judgement("void", tuple(looks))
    if rule.form == "score":
        mean = mean_of(tally.choices, rule.trim)
        met = mean is not None and mean >= Fraction(rule.mark)
        said = str(round(Decimal(mean.numerator) / mean.denominator, 2)) if mean is not None else ""
        looks.append({"what": "mean", "have": said, "needs": str(rule.mark), "met": met, "trim": rule.trim})
        return Judgement("passed" if met else "failed", tuple(looks))
    good = True
    stop = STOPPING.get(rule.form)
    if stop is not None:
        against = tally.choices.get(stop, 0)
        good = against == 0
        looks.append({"what": "stop", "have": str(against), "choice": stop, "met": good})
    if rule.passing is not None:
        favour = IN_FAVOUR[rule.form]
        whole = tally.invited if rule.base == "invited" else tally.voted
        good = enough("pass", rule.passing, sum(tally.choices.get(c, 0) for c in favour), whole, "persons") and good
        if rule.area:
            area = tally.area if rule.base == "invited" else tally.area_voted
            have = sum((tally.areas.get(c, Decimal(0)) for c in favour), Decimal(0))
            good = enough("pass", rule.passing, have, area, "area") and good
    return Judgement("passed" if good else "failed", tuple(looks))


def mean_of(choices: Mapping[str, int], trim: int) -> Fraction | None:
    """The mean of the scores without the `trim` highest and lowest; None when nothing is left."""
    scores = sorted(int(score) for score, number in choices.items() for _ in range(number))
    kept = scores[trim : len(scores) - trim] if trim else scores
    return Fraction(sum(kept), len(kept)) if kept else None


def percent(have: Decimal | int, whole: Decimal | int) -> str:
    """A share with one decimal, "" of nothing; never rounded up to a whole it is not."""
    if whole <= 0:
        return ""
    tenths = int(Fraction(have) * 1000 / Fraction(whole))
    return f"{tenths // 10}.{tenths % 10}"


def groups_shown(tally: Mapping[str, Any], secret: bool) -> dict[str, dict[str, int]]:
    """How each group answered. Of a secret vote nothing is told when any group is so small that it would tell on its
    members, or answered with one voice."""
    groups: dict[str, dict[str, int]] = {g: c for g, c in tally["groups"].items() if g}
    if not secret:
        return groups
    whole = {g: sum(c.values()) for g, c in tally["groups"].items()}
    if any(n < FEWEST for n in whole.values()) or any(len(c) == 1 for c in groups.values()):
        return {}
    return groups
