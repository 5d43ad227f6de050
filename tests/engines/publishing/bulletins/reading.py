"""Reading sealed bulletins in tests: their sentences, their numbers; and sealing one as the house does."""

from __future__ import annotations

import json
from typing import Any

from gezhi.engines.publishing.bulletins import paper, sealing
from gezhi.engines.publishing.models import Bulletin
from gezhi.foundation import people
from gezhi.foundation.measures import parse_period


def sealed(place: int, period: str, name: str = "governance") -> Bulletin:
    """Sealed by the house itself."""
    row, _new = sealing.seal(name, place, parse_period(period), actor=people.system("bulletins"))
    return row


def text_of(row: Bulletin) -> str:
    """A sealed bulletin as the sentences of its paper."""
    made = paper.paper(json.loads(row.body), sealed_on=row.sealed_at.date())
    return "\n".join(block.get("p") or block.get("h") or "" for block in made["blocks"])


def number(row: Bulletin, metric: str, when: str = "now", **only: list[Any]) -> tuple[int, dict[str, Any]]:
    """A number of a sealed bulletin: (index, the number)."""
    wanted = [[dim, list(values)] for dim, values in only.items()]
    for index, kept in enumerate(json.loads(row.body)["numbers"]):
        if (kept["metric"], kept["when"], kept["only"], kept["day"]) == (metric, when, wanted, ""):
            return index, kept
    raise LookupError(metric)
