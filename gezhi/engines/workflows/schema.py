"""The YAML a workflow is written in, read into a plain body that is pinned by its hash.

`reader.read_workflow` turns the YAML into a JSON body; `Workflow.of(body)` is the typed view the engine runs on.
The proof (proof.py) runs on the same typed view, so what was proved is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gezhi.foundation import expressions, packs
from gezhi.foundation.expressions import Choice, Number, Text, Truth
from gezhi.foundation.forms import Form

PHASES = ("received", "owned", "working", "checked", "your_word", "closed")
EFFECTS = ("extend", "supervise", "release", "take")
STAMPS = ("accepted_at", "first_response_at", "handled_at", "verified_at", "followed_at")
# What an action may set on the case, and of which type: expressions are checked against it.
SETTABLE: dict[str, expressions.Type] = {
    "sort": Choice(("big", "small", "private")),
    "category": Text,
    "kind": Text,
    "urgent": Truth,
    "instant": Truth,
    "solved": Choice(("yes", "partly", "no", "unreachable")),
    "rating": Choice(("very", "fairly", "so_so", "no")),
}
# What a guard may read of the case beside the form of the action that led to it.
READABLE: dict[str, expressions.Type] = {
    **SETTABLE,
    "draw": Number,  # 0..99, fixed for a case and cycle: sampling without favour
    "returns": Number,
    "reworks": Number,
    "reopenings": Number,
    "channel": Text,
    "on_behalf": Truth,
}


@dataclass(frozen=True)
class Owner:
    """Whose seat owns a stage: a post near the case's place, or the unit the dispatcher chose."""

    post: str | None = None
    case: str | None = None  # "handler"
    unlike: tuple[str, ...] = ()  # stages whose doers may not own or act here


@dataclass(frozen=True)
class Clock:
    """`limit`: "4 work_hour", "promise" (the case's own date) or "category" (from the limits table)."""

    limit: str
    warn: float = 0.75


@dataclass(frozen=True)
class Rung:
    """`after` the deadline, once: the seat of `post` is told and the case is marked supervised."""

    after: str
    do: str
    post: str


@dataclass(frozen=True)
class Branch:
    when: str | None  # None = else
    to: str


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


@dataclass(frozen=True)
class Stage:
    id: str
    kind: str  # task | gate | end
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


@dataclass(frozen=True)
class Workflow:
    name: str
    version: int
    title: Mapping[str, str]
    about: Mapping[str, str]
    start: str
    promise: str
    response: str
    closing: str
    counters: Mapping[str, int]
    counter_titles: Mapping[str, Mapping[str, str]]
    stages: Mapping[str, Stage]
    anytime: Mapping[str, Action]
    intake: Form
    consent: bool
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Workflow:
        """The typed view of a body that read_workflow accepted."""
        return cls(
            name=body["name"],
            version=body["version"],
            title=body["title"],
            about=body["about"],
            start=body["start"],
            promise=body["promise"],
            response=body["response"],
            closing=body["closing"],
            counters={k: v["max"] for k, v in body["counters"].items()},
            counter_titles={k: v["title"] for k, v in body["counters"].items()},
            stages={k: _stage(k, v) for k, v in body["stages"].items()},
            anytime={k: _action(k, v) for k, v in body["anytime"].items()},
            intake=Form.from_body(body["intake"]),
            consent=body["consent"],
            kinds=tuple(body["kinds"]),
        )

    def actions_at(self, stage_id: str) -> dict[str, Action]:
        """What is drawn at a stage, the anytime actions after it (not at an end)."""
        stage = self.stages[stage_id]
        own = dict(stage.actions)
        if stage.kind != "end" and not stage.side:
            own.update({k: a for k, a in self.anytime.items() if k not in own})
        return own


def _stage(key: str, raw: Mapping[str, Any]) -> Stage:
    owner, clock, silence = raw.get("owner"), raw.get("clock"), raw.get("silence") or {}
    return Stage(
        id=key,
        kind=raw["kind"],
        title=raw["title"],
        phase=raw.get("phase", ""),
        says=raw.get("says"),
        side=raw.get("side", False),
        owner=Owner(owner.get("post"), owner.get("case"), tuple(owner.get("unlike", ()))) if owner else None,
        clock=Clock(clock["limit"], float(clock.get("warn", 0.75))) if clock else None,
        ladder=tuple(Rung(r["after"], r["do"], r["post"]) for r in raw.get("ladder", ())),
        silence_after=silence.get("after"),
        silence_action=silence.get("action"),
        branches=tuple(Branch(None if b.get("else") else b["when"], b["to"]) for b in raw.get("branches", ())),
        actions={k: _action(k, v) for k, v in raw.get("actions", {}).items()},
        outcome=raw.get("outcome", ""),
    )


def _action(key: str, raw: Mapping[str, Any]) -> Action:
    return Action(
        id=key,
        title=raw["title"],
        by=tuple(raw["by"]),
        form=Form.from_body(raw.get("form", []), context=READABLE),
        says=raw.get("says"),
        to=raw.get("to"),
        open=raw.get("open"),
        close=raw.get("close", False),
        assign=raw.get("assign"),
        set=raw.get("set", {}),
        stamp=tuple(raw.get("stamp", ())),
        counter=raw.get("counter"),
        exhausted=raw.get("exhausted"),
        effect=raw.get("effect"),
        main=raw.get("main", False),
        key=raw.get("key"),
        within=raw.get("within"),
        before_due=raw.get("before_due", False),
        public=tuple(raw.get("public", ())),
    )


@lru_cache(maxsize=256)
def _typed(name: str, version: int, body_hash: str) -> Workflow:
    return Workflow.of(packs.registry().body("workflow", name, version))


def definition(name: str, version: int | None = None) -> tuple[Workflow, str]:
    """The workflow and its body's hash; without a version, the newest installed one.

    Raises NotFound when no pack installed it.
    """
    entry = packs.registry().get("workflow", name, version)
    return _typed(entry.name, entry.version, entry.hash), entry.hash
