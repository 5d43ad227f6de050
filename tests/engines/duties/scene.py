"""The small county with elders on a register, a doctor and the duties of 岳师村 in force."""

from __future__ import annotations

from datetime import date
from typing import Any

from gezhi.engines.duties import jobs as duty_jobs
from gezhi.engines.duties import queries
from gezhi.engines.duties.queries import Owed
from gezhi.foundation import people, subjects
from gezhi.foundation.db import revisions
from gezhi.foundation.jobs import claims
from gezhi.foundation.subjects.models import Entry, Subject
from tests.world import World

SYSTEM = people.system("test")


class Village(World):
    """The cast and 韩竹, doctor of 湖滨. `elder(name, born)` is on the register `village_elder`."""

    def __init__(self, *more: str) -> None:
        super().__init__("yueshi-village", *more)
        self.seats["doctor"] = self.seat("village_doctor", "lake", "韩竹")
        publish()

    def elder(self, name: str = "秦老", born: date = date(1950, 3, 5), place: str = "lake1", **values: Any) -> Entry:
        """Somebody at a place, on the register of elders from today."""
        who = self.somebody(name, born, place)
        return subjects.enter("village_elder", who.pk, {"medicine": True, **values}, actor=SYSTEM)

    def alone(self, name: str = "秦老", born: date = date(1950, 3, 5), place: str = "lake1") -> Entry:
        """Somebody on the register of elders living alone from today."""
        who = self.somebody(name, born, place)
        return subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)

    def somebody(self, name: str, born: date, place: str) -> Subject:
        facts = {"name": name, "born": born.isoformat(), "sex": "f"}
        return subjects.add("person", facts, actor=SYSTEM, place_id=self.places[place], synthetic=True)

    def owed(self, name: str, rule: str | None = None) -> list[Owed]:
        """What somebody of the cast owes now."""
        with revisions.scope():
            return [o for o in queries.owed(self.actor(name)) if rule is None or o.rule.name == rule]


def publish() -> None:
    """Put every rule of the installed packs in force."""
    duty_jobs.ask_to_publish()
    claims.drain()
