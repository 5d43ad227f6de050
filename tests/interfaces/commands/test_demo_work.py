"""`gezhi demo work` when the demo's clock runs ahead of the server's worker."""

from __future__ import annotations

import argparse
import io
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from gezhi.interfaces.commands import demo_work
from gezhi.interfaces.commands.demo_play import Office, Outcome, Play
from gezhi.interfaces.commands.demo_work import Run
from tests.numbers import says

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


class BusyMorning(SlowWorker):
    """Thirty matters that all wait for the same half hour, each taking three real seconds."""

    seconds = 0.0

    def __init__(self) -> None:
        super().__init__(after=0)
        self.shut: set[str] = set()

    def open_cases(self) -> list[dict[str, Any]]:
        return [self.look(str(number)) for number in range(1, 31)]

    def look(self, id: str) -> dict[str, Any]:
        return super().look(id) | {"id": id, "number": f"2026-{id}", "state": "closed" if id in self.shut else "open"}

    def step(self, play: Play) -> Outcome:
        self.seconds += 3
        self.shut.add(play.id)
        play.case = self.look(play.id)
        return Outcome("sample")

    def wait(self, play: Play) -> timedelta | None:  # type: ignore[override]
        return timedelta(minutes=10) if play.open else None


def test_a_morning_with_very_many_matters_says_how_far_it_is():
    office, said = BusyMorning(), io.StringIO()
    made = demo_work.Run(
        office, demo_work.Delays((1.0,)), seed=1, days=1, jobs=1, pause=office.pause, since=lambda: office.seconds
    )
    made.go(progress=said)
    lines = said.getvalue().splitlines()
    assert len(office.shut) == 30 and not made.stuck
    # 90 seconds of work in one slot: a line at its start and one after every ten seconds, each further on.
    assert len(lines) >= 7 and len(set(lines)) == len(lines), lines
    assert says(lines[0], "30") and not says(lines[-1], "30"), lines


def test_an_interrupted_run_says_that_it_can_be_taken_up_again(monkeypatch, capsys):
    """The state is the server's; Ctrl-C leaves words and not a traceback."""

    def interrupted(self: Run, progress: object = None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_work, "Office", lambda remote, **more: SlowWorker(after=0))
    monkeypatch.setattr(demo_work.Run, "go", interrupted)
    args = argparse.Namespace(
        url="http://127.0.0.1:9", replies=None, seed=1, days=1.0, pace=1.0, jobs=1, admin="admin", password="x"
    )
    assert demo_work.work(args) == 130
    assert "再运行一次" in capsys.readouterr().err
