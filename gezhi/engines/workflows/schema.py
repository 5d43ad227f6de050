"""The YAML a workflow is written in, read into a plain body that is pinned by its hash.

`reader.read_workflow` turns the YAML into a JSON body; `Workflow.of(body)` is the typed view the engine runs on.
The proof (proof.py) runs on the same typed view, so what was proved is what runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from gezhi.engines.workflows import schema_panels
from gezhi.engines.workflows.reader_holding import hour
from gezhi.engines.workflows.schema_parts import (
    KINDS,
    WAITING,
    Action,
    Books,
    Branch,
    Clock,
    Each,
    Holds,
    Must,
    Owner,
    Rung,
    Stage,
    Track,
)
from gezhi.foundation import expressions, packs, places
from gezhi.foundation.expressions import Choice, Date, Number, Text, Truth
from gezhi.foundation.forms import Form

__all__ = [
    "BY_ITSELF", "COUNTED", "EFFECTS", "KEPT", "KINDS", "PASSING", "PHASES", "READABLE", "RUNGS", "SETTABLE", "STAMPS", "WAITING", "Action",
    "Branch", "Clock", "Each", "Owner", "Rung", "Stage", "Track", "Workflow", "definition", "definition_at", "entry_at", "readable",
]  # fmt: skip

PHASES = ("received", "owned", "working", "checked", "your_word", "closed")
EFFECTS = (
    "extend", "move", "supervise", "release", "take", "protect", "unprotect", "recuse", "pass_on", "accept",
    "attempt",
)  # fmt: skip
PASSING = ("recuse", "pass_on")  # effects by which an offer goes to the next seat
RUNGS = ("remind", "supervise", "take_over")
COUNTED = ("false_closure",)  # what an action may count beside its own counter
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
    "off_hours": Truth,  # this moment is outside working time
    "parked_times": Number,
    "false_closures": Number,
    "asked": Truth,  # the follow-up rule of the packs draws this round of the case
}
# Types of kept values; those with a type here can be read by guards.
KEPT: dict[str, expressions.Type | None] = {
    "seats": None,
    "places": None,
    "date": Date,
    "choice": Text,
    "text": Text,
    "category": Text,
    "limit": Text,
    "number": Number,
    "truth": Truth,
    "seat": Number,
    "place": Number,
    "entry": Number,
}


# What the clock and the counting of child cases do where nobody has acted.
BY_ITSELF = {
    "timer": Action("time_over", {"zh": "时间到了", "en": "The time is over"}, ("system",), Form()),
    "children": Action(
        "gathered", {"zh": "派出去的都有结果了", "en": "The cases sent out have ended"}, ("system",), Form()
    ),
}
CLOSING = ("close_panel", "time_over")  # what closes a panel, by its owner and by the clock


def flag_of(watch: Stage) -> Action:
    """What a flag of a watch does to the case: its side stage is asked, once at a time."""
    return Action(f"flag_{watch.id}", watch.title, ("system",), Form(), open=watch.flag)


def closing_of(rule: schema_panels.PanelRule) -> tuple[Action, ...]:
    """The actions that close a panel. Where minutes make it a decision only the owner closes, who has them."""
    words = {"id": "minutes", "type": "long_text", "max": 2000, "title": {"zh": "会议记录", "en": "Minutes"}}
    papers = {"id": "papers", "type": "photos", "title": {"zh": "记录的照片", "en": "Photos of the record"}}
    own = Action(
        CLOSING[0], {"zh": "收票，出结果", "en": "Close and count"}, ("owner",), main=True,
        form=Form.from_body([{**words, "required": rule.minutes}, papers]),
    )  # fmt: skip
    return (own,) if rule.minutes else (own, BY_ITSELF["timer"])


def readable(kept: Mapping[str, str]) -> dict[str, expressions.Type]:
    """What a guard may read in a workflow with these kept values (name -> field type)."""
    known = {name: KEPT.get(kind) for name, kind in kept.items()}
    return {**READABLE, **{name: type_ for name, type_ in known.items() if type_ is not None}}


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
    kept: Mapping[str, str] = field(default_factory=dict)  # name -> type of form field
    talks: bool = False  # residents may raise a topic for it on the portal
    services: bool = False  # cases are opened for an item of a list of services, whose owner is the handling seat
    # What the source names without saying it: name -> (title, what the place says, "" until it does).
    blanks: Mapping[str, tuple[Mapping[str, str], str]] = field(default_factory=dict)
    assigned: bool = False  # cases are opened with the seat that is told to do it (what a meeting assigns)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Workflow:
        """The typed view of a body that read_workflow accepted."""
        kept = dict(body.get("kept", {}))
        known = readable(kept)
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
            stages=_watched({k: _stage(k, v, known) for k, v in body["stages"].items()}),
            anytime={k: _action(k, v, known) for k, v in body["anytime"].items()},
            intake=Form.from_body(body["intake"]),
            consent=body["consent"],
            kinds=tuple(body["kinds"]),
            kept=kept,
            services=body.get("services", False),
            assigned=body.get("assigned", False),
            talks=body.get("talks", False),
            blanks={k: (v["title"], v.get("is", "")) for k, v in body.get("blanks", {}).items()},
        )

    @cached_property
    def readable(self) -> dict[str, expressions.Type]:
        """What a guard may read of a case of this workflow, by type."""
        return readable(self.kept)

    @cached_property
    def first(self) -> Stage:
        """Where an ordinary matter begins: the start, and where it is a gate, what its last way leads to."""
        stage = self.stages[self.start]
        while stage.kind == "gate":
            stage = self.stages[stage.branches[-1].to]
        return stage

    @cached_property
    def _joins(self) -> dict[str, Stage]:
        return {s.of: s for s in self.stages.values() if s.kind == "join" and s.of}

    @cached_property
    def watches(self) -> tuple[Stage, ...]:
        """The watches of residents, in the order of the file."""
        return tuple(s for s in self.stages.values() if s.kind == "watch")

    @cached_property
    def answering(self) -> frozenset[str]:
        """Side stages that answer flags: they outlive the step at which they were asked."""
        return frozenset(w.flag for w in self.watches if w.flag is not None)

    @cached_property
    def flags(self) -> frozenset[str]:
        """Ids of the actions by which flags come in; they stand at every stage beside which a watch runs."""
        return frozenset(flag_of(w).id for w in self.watches)

    def join_of(self, fork: str) -> Stage:
        """The join that ends a fork."""
        return self._joins[fork]

    def actions_at(self, stage_id: str) -> dict[str, Action]:
        """What is drawn at a stage, the anytime actions after it (not at an end)."""
        stage = self.stages[stage_id]
        own = dict(stage.actions)
        if stage.kind in BY_ITSELF and stage.then is not None:
            own[BY_ITSELF[stage.kind].id] = replace(BY_ITSELF[stage.kind], to=stage.then)
        if stage.panel is not None:
            own = {a.id: a for a in closing_of(stage.panel)} | own
        if stage.kind != "end" and not stage.side:
            own.update({k: a for k, a in self.anytime.items() if k not in own})
        return own


def _watched(stages: dict[str, Stage]) -> dict[str, Stage]:
    """Each stage beside which a watch runs has the action by which a flag reaches its owner."""
    for watch in [s for s in stages.values() if s.kind == "watch" and s.flag is not None]:
        flag = flag_of(watch)
        for name in watch.beside:
            if (stage := stages.get(name)) is not None:
                stages[name] = replace(stage, actions={**stage.actions, flag.id: flag})
    return stages


def _stage(key: str, raw: Mapping[str, Any], known: Mapping[str, expressions.Type]) -> Stage:
    owner, silence = raw.get("owner"), raw.get("silence") or {}
    ways = raw.get("branches", ())
    fork = raw["kind"] == "fork"
    return Stage(
        id=key,
        kind=raw["kind"],
        title=raw["title"],
        phase=raw.get("phase", ""),
        says=raw.get("says"),
        side=raw.get("side", False),
        owner=_owner(owner) if owner else None,
        clock=_clock(raw["clock"]) if raw.get("clock") else None,
        ladder=tuple(Rung(r["after"], r["do"], r.get("post", ""), r.get("clock")) for r in raw.get("ladder", ())),
        silence_after=silence.get("after"),
        silence_action=silence.get("action"),
        branches=() if fork else tuple(Branch(None if b.get("else") else b["when"], b["to"]) for b in ways),
        actions={k: _action(k, v, known) for k, v in raw.get("actions", {}).items()},
        outcome=raw.get("outcome", ""),
        then=raw.get("then"),
        pauses=raw.get("pauses", False),
        parked=raw.get("parked", False),
        tracks=tuple(Track(b["id"], b["to"], b.get("each")) for b in ways) if fork else (),
        join=raw.get("join"),
        of=raw.get("of"),
        needs=raw.get("needs", "all"),
        to=raw.get("to"),
        workflow=raw.get("workflow"),
        each=_each(raw["each"]) if "each" in raw else None,
        counts=tuple(raw.get("counts", ())),
        panel=schema_panels.panel(raw["panel"]) if raw.get("panel") else None,
        beside=tuple(raw.get("beside", ())),
        flag=raw.get("flag"),
    )


def _owner(raw: Mapping[str, Any]) -> Owner:
    return Owner(
        post=raw.get("post"),
        case=raw.get("case"),
        unlike=tuple(raw.get("unlike", ())),
        above=raw.get("above"),
        duty=raw.get("duty", False),
        draw=raw.get("draw", ""),
        without=raw.get("without"),
    )


def _clock(raw: Mapping[str, Any]) -> Clock:
    return Clock(
        raw.get("limit", ""), float(raw.get("warn", 0.75)), raw.get("until"), raw.get("max"), raw.get("part"),
        dict(raw.get("hours", {})), hour(raw["by"]) if "by" in raw else None, raw.get("before", 0),
    )  # fmt: skip


def _holds(raw: Mapping[str, Any]) -> Holds:
    return Holds(raw["day"], raw["part"], dict(raw["hours"]), raw.get("needs", ""))


def _books(raw: Mapping[str, Any]) -> Books:
    return Books(raw["register"], raw["what"], raw["source"], raw["values"], raw.get("keep"), raw.get("end", False))


def _each(raw: str | Mapping[str, Any]) -> Each:
    return Each(kept=raw) if isinstance(raw, str) else Each(under=raw["under"])


def _action(key: str, raw: Mapping[str, Any], known: Mapping[str, expressions.Type]) -> Action:
    return Action(
        id=key,
        title=raw["title"],
        by=tuple(raw["by"]),
        form=Form.from_body(raw.get("form", []), context=known),
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
        sealed=tuple(raw.get("sealed", ())),
        keep=raw.get("keep", {}),
        must=tuple(Must(m["that"], m["field"], m["says"]) for m in raw.get("must", ())),
        counts=tuple(raw.get("counts", ())),
        ends_all=raw.get("ends_all", False),
        reads={k: tuple(v) for k, v in raw.get("reads", {}).items()},
        books=_books(raw["books"]) if "books" in raw else None,
        holds=_holds(raw["holds"]) if "holds" in raw else None,
        frees=raw.get("frees", False),
        moves_to=raw.get("moves_to"),
        moves_from=tuple(raw.get("from", ())),
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


def entry_at(name: str, place_id: int) -> packs.Entry:
    """Which version of a workflow a case raised at this place takes: that of the nearest place which made its own, up
    from here; else everybody's. docs/rules/versions.md

    Raises NotFound pack.not_installed, pack.elsewhere.
    """
    registry = packs.registry()
    if not registry.local("workflow", name):  # nearly always
        return registry.get("workflow", name)
    return registry.at("workflow", name, (place_id, *places.directory().ancestors(place_id)))


def definition_at(name: str, place_id: int) -> tuple[Workflow, str]:
    """The workflow that a case raised at this place takes, and its body's hash."""
    entry = entry_at(name, place_id)
    return _typed(entry.name, entry.version, entry.hash), entry.hash
