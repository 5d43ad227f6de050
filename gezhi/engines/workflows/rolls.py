"""The list of those a panel asks, as the clerk brings it: read, bounded, refused with the line that is wrong.

Columns: number of the household (or of the list), group, area in square metres; parted by tabs or commas. Names and phones
are not wanted, and a column too many is refused rather than dropped. docs/rules/panels.md
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import rules
from gezhi.engines.workflows.schema_panels import MOST_VOTERS, PanelRule
from gezhi.foundation.errors import Invalid
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import crypto

HEADS = ("户号", "编号", "序号", "household", "number")


@dataclass(frozen=True)
class Line:
    """One who is asked: `voter` tells two of them apart, `label` is what the clerk reads."""

    voter: str
    label: str
    group: str = ""
    area: Decimal | None = None
    seat_id: int | None = None


def read(text: str, rule: PanelRule) -> list[Line]:
    """The lines of a typed or pasted list. Raises Invalid with the first line that is wrong at the field `roll`."""
    found: dict[str, Line] = {}
    known = {word: id for id, title in rule.groups for word in (id, *title.values(), localised(title)) if word}
    for number, raw in enumerate(text.splitlines(), start=1):
        cells = [unicodedata.normalize("NFKC", c).strip() for c in re.split(r"[\t,，]", raw)]
        if not any(cells) or (not found and cells[0].casefold() in HEADS):
            continue
        if len(cells) > 1 + bool(rule.groups) + rule.area:
            raise _wrong(number, _("多了一栏。只要户号{group}{area}，不要姓名和电话。"), rule)
        label = cells[0]
        if not label or len(label) > 60 or any(unicodedata.category(c) in ("Cc", "Cf", "Co") for c in label):
            raise _wrong(number, _("户号要写，最多 60 个字。"), rule)
        if re.fullmatch(r"1\d{10}|\d{17}[\dXx]", label):
            raise _wrong(number, _("这像是电话或身份证号，名册里不要写。"), rule)
        group, area = "", None
        if rule.groups:
            group = known.get(cells[1], "") if len(cells) > 1 else ""
            if not group:
                raise _wrong(number, _("组别要写其中之一：{groups}。"), rule)
        if rule.area:
            area = _area(cells[-1]) if len(cells) > 1 else None
            if area is None:
                raise _wrong(number, _("面积要写平方米数，比如 89.37。"), rule)
        voter = voter_of(label)
        if voter in found:
            raise _wrong(number, _("“{label}”前面已经有了，一户只能一行。"), rule, label=label)
        found[voter] = Line(voter, label, group, area)
        if len(found) > MOST_VOTERS:
            raise _wrong(number, _("最多 {most} 户。"), rule, most=MOST_VOTERS)
    if not found:
        raise Invalid(field_errors={"roll": _("名册是空的，一行写一户。")})
    return list(found.values())


def _wrong(number: int, words: Any, rule: PanelRule, **facts: Any) -> Invalid:
    groups = "、".join(localised(title) for _id, title in rule.groups)
    facts |= {"groups": groups, "group": _("、组别") if rule.groups else "", "area": _("、面积") if rule.area else ""}
    said = format_lazy("{line}{words}", line=format_lazy(_("第 {n} 行："), n=number), words=format_lazy(words, **facts))
    return Invalid(field_errors={"roll": said})


def _area(text: str) -> Decimal | None:
    if re.fullmatch(r"\d{1,7}(\.\d{1,2})?", text) is None:
        return None
    area = Decimal(text)
    return area if area > 0 else None


def voter_of(label: str) -> str:
    """What two spellings of one household's number have in common."""
    plain = re.sub(r"[\s\-—_#]+", "-", unicodedata.normalize("NFKC", label).casefold()).strip("-")
    return "h:" + crypto.blind("household", plain).hex()


def code_of(case_id: int, voter: str) -> str:
    """The code by which a household answers in all panels of a case: printed for it, kept nowhere. Ten characters."""
    value = int.from_bytes(crypto.blind("ballot", f"{case_id}:{voter}"), "big")
    body = ""
    for _place in range(rules.CODE_LENGTH):
        value, rest = divmod(value, rules.BASE)
        body += rules.ALPHABET[rest]
    return rules.with_check(body)


def hash_of(code: str) -> bytes:
    """What the ballot keeps of a tidy code."""
    return crypto.blind("ballot-code", code)
