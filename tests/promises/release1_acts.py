"""What a county does on the morning after the update, in a process of its own: `python -m tests.promises.release1_acts`.

Prints a JSON report. The home, keys and database are those of the environment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import django

PACKS = Path(__file__).parents[2] / "packs" / "standard-county"


def report() -> dict[str, Any]:
    from gezhi.engines.workflows import actions, views
    from gezhi.engines.workflows.models import OPEN, Case, WorkItem
    from gezhi.foundation import events, packs, people
    from gezhi.foundation.jobs import claims, registry

    def step(case: Case, action: str, by: people.Actor | None = None, **data: Any) -> Case:
        item = WorkItem.objects.get(case_id=case.id, state=OPEN, branch="", side=False)
        actor = by or next(
            people.actor_for(id)
            for id in people.directory().effective(item.owner_seat).persons
            if id not in item.barred
        )
        done.append(f"{item.stage}:{action}")
        return actions.fire(
            case.id, action, item=item.number, expected_seq=case.event_seq, actor=actor, data=data, key=None
        )

    done: list[str] = []
    registry.discover()
    before = {
        "cases": Case.objects.count(), "open": Case.objects.filter(state=OPEN).count(),
        "versions": sorted(set(Case.objects.values_list("version", flat=True))),
        "clean": events.verify().clean,
    }  # fmt: skip
    packs.install(PACKS, actor=people.system("update"))
    for name in packs.registry().names("posts"):
        people.sync_posts(packs.registry().body("posts", name))
    old = Case.objects.filter(state=OPEN, workflow="request", stage="triage").order_by("number")[0]
    place = old.place_id
    unit = next(
        seat.id for seat in people.directory().seats.values()
        if seat.post == "department" and people.directory().holders(seat.id)
    )  # fmt: skip
    case = step(old, "dispatch", sort="big", unit=unit)
    case = step(case, "accept")
    case = step(case, "finish", result="灯换好了。")
    case = step(case, "pass")
    case = step(case, "solved", people.resident(case.code), rating="very")
    claims.drain()
    new, _new = actions.open_case(
        "request",
        {"text": "升级后的第一件：路口井盖响。"},
        actor=people.resident(),
        place_id=place,
        channel="portal",
        key=None,
    )
    claims.drain()
    case.refresh_from_db()
    told = views.public_view(case.code)
    verified = events.verify()
    return {
        "before": before, "done": done,
        "old": [case.version, case.state, case.outcome, case.solved], "told": told.case.state,
        "new": [new.version, new.state, new.stage],
        "findings": [str(finding.words) for finding in verified.findings],
        "open": Case.objects.filter(state=OPEN).count(),
    }  # fmt: skip


if __name__ == "__main__":
    django.setup()
    print(json.dumps(report(), ensure_ascii=False))
