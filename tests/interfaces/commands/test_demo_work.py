"""`gezhi demo work` when the demo's clock runs ahead of the server's worker."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from gezhi.interfaces.commands import demo_work
from gezhi.interfaces.commands.demo_play import Office, Outcome, Play

START = datetime.fromisoformat("2026-11-23T09:00:00+08:00")


class SlowWorker:
    """A case that waits for its reporter; its silence is acted on only after so many real pauses."""

    wait = Office.wait

    def __init__(self, after: int):
        self.now, self.pauses, self.after = START, 0, after
        self.closed = False

    def clock(self) -> datetime:
        return self.now

    def travel(self, to: datetime) -> datetime:
        self.now = to
        return to

    def open_cases(self) -> list[dict[str, Any]]:
        return [self.look("1")]

    def look(self, id: str) -> dict[str, Any]:
        late = self.pauses >= self.after
        stage = "closed" if self.closed else "spot_check" if late else "confirm"
        item = {"number": 1, "state": "open", "stage": stage, "side": False, "owner": None}
        return {"id": id, "number": "2026-1", "state": "closed" if self.closed else "open", "stage": stage,
                "seq": 9 if late else 5, "items": [] if self.closed else [item]}  # fmt: skip

    def step(self, play: Play) -> Outcome:
        if play.stage == "spot_check":
            self.closed = True
        play.looks += 1
        play.case = self.look(play.id)
        return Outcome("sample" if self.closed else "look")

    def census(self) -> Counter[tuple[str, str]]:
        return Counter()

    def pause(self, seconds: float) -> None:
        self.pauses += 1


def run(after: int) -> tuple[demo_work.Run, SlowWorker]:
    office = SlowWorker(after)
    made = demo_work.Run(office, demo_work.Delays((1.0,)), seed=1, days=120, jobs=1, pause=office.pause)
    made.go()
    return made, office


def test_what_the_worker_comes_to_late_is_still_done():
    made, office = run(after=3)
    assert office.closed and not made.stuck and not made.left and office.pauses == 3


def test_what_never_moves_is_said_after_a_bounded_wait():
    made, office = run(after=10_000)
    assert [play.number for play in made.stuck] == ["2026-1"] and "2026-1 confirm" in made.summary()
    assert office.pauses == demo_work.PATIENCE / demo_work.LOOK_EVERY
    assert made.now - START < timedelta(days=120) and isinstance(made.stuck[0].rng, random.Random)
