"""The code of a visit, by which whoever was visited can see it: made from the row's number and a key, kept nowhere."""

from __future__ import annotations

import hmac

from gezhi.engines.duties import refusals as _refusals  # noqa: F401  (registers the codes)
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.rules import DONE, Rule
from gezhi.engines.duties.schema import rule as rule_of
from gezhi.foundation.errors import NotFound
from gezhi.foundation.people import crypto

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
