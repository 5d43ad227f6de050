"""Numbers of cases that somebody writes into a form elsewhere: a project's request, a result's finished matter.

Protected matters are not there, whoever asks: a form must not tell that one exists.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.access import ORDINARY
from gezhi.engines.workflows.models import CLOSED, Case
from gezhi.foundation.forms import checks

DONE = "done"


def register() -> None:
    """Offer `check: case` and `check: closed_case` to forms."""
    checks.offer("case", known, _("没有这个案号，请照案件页上的抄。"))
    checks.offer("closed_case", finished, _("没有这个案号，或者它还没有办成。"))


def known(text: str) -> str:
    """The number of an ordinary case as it is written. Raises ValueError. One query."""
    return _number(text, {})


def finished(text: str) -> str:
    """The number of an ordinary case that was closed as done. Raises ValueError. One query."""
    return _number(text, {"state": CLOSED, "outcome": DONE})


def _number(text: str, wanted: dict[str, str]) -> str:
    number = Case.objects.filter(ORDINARY, number=text.strip().upper()[:16], **wanted).values_list("number", flat=True)
    found = number.first()
    if found is None:
        raise ValueError("no such case")
    return found
