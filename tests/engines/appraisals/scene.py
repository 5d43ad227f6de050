"""中站区's stars in the small county: task forces and departments judge, villages claim, streets check."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from gezhi.engines.appraisals import marking, rounds
from gezhi.engines.appraisals.models import Result, Round
from tests.world import World

#: Half past nine on the first working day of the new year: the year 2026 is over.
NEW_YEAR = datetime(2027, 1, 4, 1, 30, tzinfo=UTC)


class Stars(World):
    """姜岩 and 姜川 of the task force, 卢山 district coordinator, 桂兰 and 蓝田 of the streets, 古月, 石磊, 白桦 of the villages."""

    def __init__(self, *more: str) -> None:
        super().__init__("zhongzhan-district", *more)
        self.seats["force"] = self.seat("star_task_force", "county", "姜岩", "姜川")
        self.seats["district"] = self.seat("star_district", "county", "卢山")
        self.seats["east_star"] = self.seat("star_street", "east", "桂兰")
        self.seats["west_star"] = self.seat("star_street", "west", "蓝田")
        for place, name in (("lake", "古月"), ("hill", "石磊"), ("ridge", "白桦")):
            self.seats[f"{place}_star"] = self.seat("star_village", place, name)

    def open_round(
        self, rubric: str = "star_branch", by: str = "姜岩", period: str = "2026", at: str = "county"
    ) -> Round:
        return rounds.open_round(rubric, self.places[at], period, actor=self.actor(by))

    def judge(self, row: Round, place: str, item: str, marks: dict[str, Any]) -> None:
        """Marks by name of the judge."""
        for name, points in marks.items():
            marking.judge(row.pk, self.places[place], item, points, actor=self.actor(name))

    def claim(self, row: Round, place: str, item: str, points: Any, record: str | None = None) -> None:
        """A claim of a village with a case of its own for evidence, and what the street gives it (None: refused)."""
        by = {"lake": "古月", "hill": "石磊", "ridge": "白桦"}[place]
        street = "桂兰" if place == "lake" else "蓝田"
        if record is None:
            record = (
                f"case:{self.open(f'{place} 的记录', place={'lake': 'lake1', 'hill': 'hill1'}.get(place, 'ridge')).pk}"
            )
        marking.claim(row.pk, self.places[place], item, "见记录", actor=self.actor(by), records=[record])
        words = "看了记录，不实" if points is None else ""
        marking.check(row.pk, self.places[place], item, actor=self.actor(street), points=points, words=words)

    def result(self, row: Round, place: str) -> Result:
        return Result.objects.get(round=row, subject_id=self.places[place])


def score(result: Result) -> Decimal:
    return Decimal(result.score)
