"""The parts a workflow is made of: owners, clocks, rungs, stages, actions. Plain values, nothing decides here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gezhi.engines.workflows.schema_panels import PanelRule
from gezhi.foundation.forms import Form


@dataclass(frozen=True)
class Owner:
    """Whose seat owns a stage. Exactly one of `post` (near the case's place; `duty`: its roster decides who is on),
    `case` ("handler": the unit that was chosen; "branch": the seat this branch was opened for) or `above` (the seat
    one level above the one that last did that stage)."""

    post: str | None = None
    case: str | None = None  # "handler" | "branch"
    unlike: tuple[str, ...] = ()  # stages whose doers may not own or act here
    above: str | None = None
    duty: bool = False
    without: str | None = None  # with draw: a kept list of seats whose holders are parties to the matter
    draw: str = ""  # of a post with several seats: one by lot, by rotation or by load (schema_panels.WEIGHTS)


@dataclass(frozen=True)
class Clock:
    """`limit`: "4 work_hour", "promise" (the case's own date) or "category" (from the limits table); or `until`, a
    kept date (to the end of that day, or of its kept `part` by `hours`, or `by` an hour, minutes after midnight, of
    the day so many days `before` it), never later than `max` from the start. `limit` is "" with `until`."""

    limit: str
    warn: float = 0.75
    until: str | None = None
    max: str | None = None
    part: str | None = None
    hours: Mapping[str, str] = field(default_factory=dict)
    by: int | None = None
    before: int = 0


@dataclass(frozen=True)
class Rung:
    """`after` the deadline, once: remind (the owner is told), supervise (the seat of `post` is told, the case is
    marked supervised) or take_over (the seat of `post` owns the item, with a new deadline of `clock`)."""

    after: str
    do: str  # remind | supervise | take_over
    post: str = ""
    clock: str | None = None


@dataclass(frozen=True)
class Branch:
    """A way out of a gate."""

    when: str | None  # None = else
    to: str


@dataclass(frozen=True)
class Track:
    """A branch of a fork: its first stage, once, or once for each seat in the kept list `each`."""

    id: str
    to: str
    each: str | None = None


@dataclass(frozen=True)
class Each:
    """What a children stage opens a case for: every place of the kept list `kept`, or every open place of the kind
    `under` below the case's place. Exactly one is set."""

    kept: str | None = None
    under: str | None = None


@dataclass(frozen=True)
class Books:
    """What an action writes in a register. `what`: name (a new thing, named by the field `source`), line (the line in
    `source` is changed) or of (a line for the subject of the line in `source`). `values`: field of the register ->
    answer, kept value or 'a word'. `keep`: the kept entry that is this line from now on; `end`: the line ends."""

    register: str
    what: str
    source: str
    values: Mapping[str, str]
    keep: str | None = None
    end: bool = False


@dataclass(frozen=True)
class Holds:
    """Whose time an action binds: whoever accepts, else the handling seat. `day` and `part` are kept; `hours`:
    part -> "08:30-11:30". `needs`: a competence that whoever is bound holds on that day."""

    day: str
    part: str
    hours: Mapping[str, str]
    needs: str = ""


@dataclass(frozen=True)
class Must:
    """What has to hold of an action's answers before it is done; otherwise `says` stands at `field`."""

    that: str
    field: str
    says: Mapping[str, str]


@dataclass(frozen=True)
class Action:
    """One thing somebody may do at a stage. Exactly one of `to`, `open`, `close`, or none (stay)."""

    id: str
    title: Mapping[str, str]
    by: tuple[str, ...]
    form: Form
    says: Mapping[str, str] | None = None
    to: str | None = None
    open: str | None = None
    close: bool = False
    assign: str | None = None
    set: Mapping[str, str] = field(default_factory=dict)
    stamp: tuple[str, ...] = ()
    counter: str | None = None
    exhausted: str | None = None
    effect: str | None = None
    main: bool = False
    key: str | None = None
    within: str | None = None
    before_due: bool = False
    public: tuple[str, ...] = ()  # fields the resident sees
    sealed: tuple[str, ...] = ()  # fields whose words only whoever wrote them can read
    keep: Mapping[str, str] = field(default_factory=dict)  # kept name -> form field, or (numbers) an expression
    must: tuple[Must, ...] = ()
    counts: tuple[str, ...] = ()  # figures of the case that go up by one
    ends_all: bool = False  # `to` an end from inside a fork: every open item is cancelled
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # field -> (entry, field of its register)
    books: Books | None = None
    holds: Holds | None = None
    frees: bool = False  # the time that was bound is free again
    moves_to: str | None = None  # effect move: where the trunk goes
    moves_from: tuple[str, ...] = ()  # effect move: only from these stages


@dataclass(frozen=True)
class Stage:
    """One place a case (or one branch of it) can stand at.

    kinds: task (somebody acts) · gate (decides by itself) · end · timer (time itself moves it on to `then`) · fork
    (opens `tracks`, waits for the join that is `of` it) · join (`needs` of the branches, then `to`) · children (opens
    cases of `workflow` for `each`, goes on to `then` when `needs` of them have ended with an outcome in `counts`) ·
    panel (many are asked by the rule `panel`; its result decides where it goes) · watch (no stage to stand at: residents
    may say what they see while the trunk stands at one of `beside`; what they flag opens the side stage `flag`).
    """

    id: str
    kind: str
    title: Mapping[str, str]
    phase: str = ""
    says: Mapping[str, str] | None = None
    side: bool = False
    owner: Owner | None = None
    clock: Clock | None = None
    ladder: tuple[Rung, ...] = ()
    silence_after: str | None = None
    silence_action: str | None = None
    branches: tuple[Branch, ...] = ()
    actions: Mapping[str, Action] = field(default_factory=dict)
    outcome: str = ""
    then: str | None = None  # timer, children
    pauses: bool = False
    parked: bool = False
    tracks: tuple[Track, ...] = ()  # fork
    join: str | None = None  # fork
    of: str | None = None  # join
    needs: str | int = "all"  # join, children: "all" | "any" | a count | (join) the id of a branch
    to: str | None = None  # join
    workflow: str | None = None  # children
    each: Each | None = None  # children
    counts: tuple[str, ...] = ()  # children: outcomes that count; empty = any
    panel: PanelRule | None = None
    beside: tuple[str, ...] = ()  # watch
    flag: str | None = None  # watch

    @property
    def waits(self) -> bool:
        """Whether an item stands here (a task, timer, fork or children stage)."""
        return self.kind in WAITING


KINDS = ("task", "gate", "end", "timer", "fork", "join", "children", "panel", "watch")
WAITING = ("task", "timer", "fork", "children", "panel")
