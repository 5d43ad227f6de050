"""A worker's day: the open work of their seats, sorted into what comes first, what is due today, and what is later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gezhi.engines.duties.queries import Owed
from gezhi.engines.workflows import queries
from gezhi.engines.workflows.queries import Task
from gezhi.foundation import people, places
from gezhi.foundation.people import Actor
from gezhi.interfaces.field import duties
from gezhi.interfaces.field.duties import DutyLine
from gezhi.interfaces.site import words


@dataclass(frozen=True)
class Line:
    """One line of the list. `day`/`hour` are its two words of time; `ready`: the main action needs nothing typed."""

    task: Task
    day: str
    hour: str
    said: str
    ready: bool
    where: str
    template: str = "field/_line.html"

    @property
    def closes(self) -> datetime:
        """What lists are ordered by."""
        return self.task.row.due_at

    @property
    def id(self) -> int:
        """The case."""
        return self.task.case.id


@dataclass(frozen=True)
class Day:
    """`first` overdue or due soon, `today` the rest due before midnight, `week` what comes in seven days, `later` all
    others, `done` finished today."""

    first: list[Line | DutyLine]
    today: list[Line | DutyLine]
    week: list[Line | DutyLine]
    later: list[Line | DutyLine]
    done: list[Task]
    visited: list[Owed]
    rest: str  # when the first of `later` falls due, in words

    @property
    def finished(self) -> int:
        """How many were finished today, of both kinds."""
        return len(self.done) + len(self.visited)

    @property
    def open(self) -> int:
        """How many are still open for today."""
        return len(self.first) + len(self.today)


def day_of(actor: Actor, now: datetime) -> Day:
    """The day of a member of staff: cases and duties in one list. Fifteen queries, however long the list."""
    first: list[Line | DutyLine] = []
    today: list[Line | DutyLine] = []
    week: list[Line | DutyLine] = []
    later: list[Line | DutyLine] = []
    tonight = words.midnight(now)
    turns = {"today": today, "week": week, "later": later}
    for task in queries.inbox(actor):
        line = line_of(task, now)
        if task.row.clock in ("overdue", "soon"):
            first.append(line)
        else:
            due = task.row.due_at
            (today if due <= tonight else week if due <= tonight + timedelta(days=7) else later).append(line)
    for owed in duties.lines_of(actor, now):
        if owed.clock in ("overdue", "soon"):
            first.append(owed)
        else:
            turns[owed.turn].append(owed)
    for lines in (first, today, week, later):
        lines.sort(key=lambda line: line.closes)
    rest = words.date(later[0].closes - timedelta(seconds=1), now) if later else ""
    return Day(first, today, week, later, queries.done_today(actor), duties.pile(actor, now), rest)


def line_of(task: Task, now: datetime) -> Line:
    """A task as its line says it."""
    due = task.row.due_at
    if task.row.clock == "overdue":
        day, hour = "", words.span(now - due, fine=False)
    else:
        day, hour = words.before_short(due, now)
    action = task.stage.actions.get(task.main_action or "")
    ready = action is not None and not any(f.required for f in action.form.fields)
    return Line(task, day, hour, task.stage_title, ready, _near(task))


def _near(task: Task) -> str:
    """The place as a neighbour says it: from the village or community down."""
    directory = places.directory()
    return directory.label(task.case.place_id, since="village")


def seats_in_words(actor: Actor) -> str:
    """The seats the person sits in, for the line under the title."""
    directory = people.directory()
    return "、".join(directory.seat(seat).label for seat in actor.seats[:3])
