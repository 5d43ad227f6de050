"""The code of a visit, by which whoever was visited can see it: made from the row's number and a key, kept nowhere."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass

from gezhi.engines.duties import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import DONE, Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.engines.duties.schema import rules
from gezhi.foundation import events, packs
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import crypto
from gezhi.foundation.subjects import definitions

_LENGTH = 16


def code_of(done_id: int) -> str:
    """`12-9f86d081884c7d65`: the number and what cannot be guessed."""
    return f"{done_id}-{crypto.blind('visit', str(done_id)).hex()[:_LENGTH]}"


def opened(code: str) -> tuple[Done, Rule]:
    """The visit a code stands for, and its rule. Raises NotFound duties.not_owed for anything else or what was taken back."""
    number, _sep, _mark = code.partition("-")
    known = number.isascii() and number.isdigit() and len(number) < 19
    if not known or not hmac.compare_digest(code_of(int(number)).encode(), code.encode()):
        raise NotFound("duties.not_owed", period="—")
    row = Done.objects.filter(pk=int(number), state=DONE).first()
    if row is None:
        raise NotFound("duties.not_owed", period="—")
    return row, rule_of(row.rule)


@dataclass(frozen=True)
class Made:
    """A visit as whoever was visited may read it: `readings` are (field, words), empty when they may not be shown."""

    row: Done
    title: str
    readings: tuple[tuple[str, str], ...]


def made_to(subject_ids: Sequence[int], *, readings: bool, limit: int = 100) -> list[Made]:
    """The visits that were made to somebody, newest first; none of a rule over a register for the inside. Two queries.

    The visitor's own note is not among them: it may speak of others.
    """
    known = {rule.name: rule for rule in rules() if rule.over[0] == "register" and not _inside(rule.over[1])}
    rows = list(
        Done.objects.filter(subject_id__in=subject_ids, rule__in=known, state=DONE).order_by("-closes", "-id")[:limit]
    )
    sealed = events.read_private([row.private_ref for row in rows if row.private_ref]) if readings else {}
    found = []
    for row in rows:
        text, form = sealed.get(row.private_ref or 0), known[row.rule].form
        values = {**row.findings, **(json.loads(text) if text else {})}
        said = tuple(
            (f.label, str(values[f.id])) for f in form if values.get(f.id) not in (None, "") and f.type == "number"
        )
        found.append(Made(row, packs.say(known[row.rule].title), said if readings else ()))
    return found


def _inside(register: str) -> bool:
    return definitions.register(register).inside
