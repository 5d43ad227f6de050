"""Whom a payout list names, and how much: a register as it stood on the list's cut-off day, ages as they were on that day.

`cut` says the day (docs/rules/ledger.md): the first or the last day of the period, a day of the month ("15"), of the year
("10-31"); without one it is today. `after_death`: who died within the period, before the day, is on the list once more.
`leap: feb28`: whoever was born on 29 February is a year older on 28 February where there is no 29th; else on 1 March.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.ledger import access, rules
from gezhi.engines.ledger.accounts import ref_at
from gezhi.engines.ledger.models import VOIDED, Account, PayoutLine
from gezhi.engines.ledger.schema import PayList, ledger
from gezhi.engines.ledger.terms import Terms
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid
from gezhi.foundation.measures import parse_period
from gezhi.foundation.subjects import definitions, facts_of
from gezhi.foundation.subjects.definitions import rule_aliases, rule_types
from gezhi.foundation.subjects.models import DIED, MERGED, UNDONE, Entry, Subject
from gezhi.foundation.subjects.queries import stood
from gezhi.foundation.subjects.rule_facts import age

MOST = 2_000
LEAP_DAY = (2, 29)


@dataclass(frozen=True)
class Drawn:
    """Somebody the list would pay, as the register said on the day."""

    holder: str
    label: str
    amount: int


def cut_of(pay: PayList, period: str) -> tuple[date, date]:
    """(the first day of the period, the day on which the register is read). A list without `cut` is read today."""
    today = clock.today()
    if pay.every == "once":
        return today, today
    if pay.every == "year":
        first, last = date(max(1, int(period)), 1, 1), date(max(1, int(period)), 12, 31)
    else:
        span = parse_period(period)
        first, last = span.first, span.last
    if not pay.cut:
        return first, today
    if pay.cut in ("first", "last"):
        return first, first if pay.cut == "first" else last
    if "-" in pay.cut:
        month, _dash, day = pay.cut.partition("-")
        return first, first.replace(month=int(month), day=int(day))
    return first, first.replace(day=int(pay.cut))


def draw(name: str, list_id: str, pay: PayList, place_id: int, period: str) -> list[Drawn]:
    """The lines in the order the register has them. Five queries, one more for a list that divides.

    Who stands on another list of the same period (of a place above or inside) is left out: nobody is paid twice. Raises
    Conflict payout.early, payout.parts, Invalid ledger.invalid.
    """
    first, cut = cut_of(pay, period)
    if cut > clock.today():
        raise Conflict("payout.early", day=cut.isoformat())
    rows = _rows(pay, place_id, first, cut)
    whos = Subject.objects.in_bulk({entry.subject_id for entry, _row in rows})
    taken = set(
        PayoutLine.objects.filter(payout__ledger=name, payout__list=list_id, payout__period=period)
        .exclude(payout__state=VOIDED).exclude(payout__place_id=place_id).values_list("holder", flat=True)
    )  # fmt: skip
    declared = definitions.register(pay.register)
    types, aliases = rule_types(declared.form), rule_aliases(declared.form)
    found: dict[str, Drawn] = {}
    parts: dict[str, Decimal] = {}
    for entry, row in rows:
        who = whos[entry.subject_id]
        holder = f"subject:{who.pk}"
        day = _day(who, cut, first, pay)
        if day is None or holder in taken or holder in found:
            continue
        facts = {**facts_of(declared, row.values, who, day, entry), "age": _age(who.born, day, pay)}
        if pay.states and declared.state_of(facts, day) not in pay.states:
            continue
        terms = Terms(types, aliases, facts)
        amount = terms.exact(pay.amount) if terms.holds(pay.condition) else None
        if amount is None or amount <= 0:
            continue
        if pay.divide:
            parts[holder] = amount
        elif amount != int(amount):
            raise Conflict("payout.parts", who=who.label)
        found[holder] = Drawn(holder, who.label, int(amount))
    return _divided(name, pay, place_id, found, parts) if parts else list(found.values())


def _divided(name: str, pay: PayList, place_id: int, found: dict[str, Drawn], parts: dict[str, Decimal]) -> list[Drawn]:
    """Each one's part of what stands free in the account the list is paid from; who would get nothing is left out."""
    book = ledger(name)
    ref = ref_at(book, book.kinds[pay.source], place_id)
    row = Account.objects.filter(ledger=ref.ledger, kind=ref.kind, holder=ref.holder).first()
    free = max(0, row.balance - row.held_out - (row.lowest or 0)) if row else 0
    amounts = rules.divided(free, list(parts.values()))
    lines = (replace(found[holder], amount=amount) for holder, amount in zip(parts, amounts, strict=True))
    return [line for line in lines if line.amount]


def _rows(pay: PayList, place_id: int, first: date, cut: date) -> list[tuple[Entry, Any]]:
    """(the line, what says how it stood on the day), by line; those of who died within the period as well when they are
    to be paid."""
    now, past = stood(cut, pay.register)
    here = access.inside(place_id)
    rows: list[tuple[Entry, Any]] = [(row, row) for row in now.filter(here).order_by("pk")[: MOST + 1]]
    rows += [(row.entry, row) for row in past.filter(here).select_related("entry")[: MOST + 1]]
    if pay.after_death:
        gone = Entry.objects.filter(
            here, register=pay.register, end_reason=DIED, until__gte=first, until__lte=cut
        ).order_by("pk")
        rows += [(row, row) for row in gone[: MOST + 1]]
    if len(rows) > MOST:
        raise Invalid("ledger.invalid", field_errors={"place": _("一份名单最多 {n} 人，请分开发。").format(n=MOST)})
    return sorted(rows, key=lambda pair: pair[0].pk)


def _day(who: Subject, cut: date, first: date, pay: PayList) -> date | None:
    """The day on which somebody is looked at; None when they are nobody to be paid."""
    if not who.ended or (who.until is not None and who.until > cut and who.ended not in (MERGED, UNDONE)):
        return cut
    if pay.after_death and who.ended == DIED and who.until is not None and who.until >= first:
        return who.until
    return None


def _age(born: date | None, day: date, pay: PayList) -> int | None:
    if born is not None and pay.leap == "feb28" and (born.month, born.day) == LEAP_DAY:
        born = born.replace(day=28)
    return age(born, day)
