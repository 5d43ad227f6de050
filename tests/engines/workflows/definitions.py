"""Random definitions: block-structured and sound by construction, and the same with one thing broken.

A definition is a plain mapping as it would stand in YAML. `definitions()` draws sound ones; `broken(definition)` draws
one change of a kind that authors make: a wrong target, a forgotten counter, a branch that ends the case.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

POSTS = ("village_secretary", "street_officer", "county_dispatcher", "grid_worker")


def said(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


class Builder:
    """Builds backwards: every part is given where it leads, and returns the stage where it begins."""

    def __init__(self, draw: Any, size: int, *, children: bool = True) -> None:
        self.draw, self.left, self.children = draw, size, children
        self.stages: dict[str, dict[str, Any]] = {}
        self.counters: dict[str, dict[str, Any]] = {}
        self.count = 0

    def pick(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}_{self.count}"

    def counter(self) -> str:
        name = self.name("count")
        self.counters[name] = {"max": self.pick(1, 2), "title": said(name)}
        return name

    def owner(self, *, branch: bool) -> dict[str, Any]:
        kind = self.pick(0, 6)
        if kind == 0:
            return {"case": "handler"}
        if kind == 1:
            return {"above": "intake"}
        if kind == 2 and branch:
            return {"case": "branch"}
        owner: dict[str, Any] = {"post": POSTS[self.pick(0, 3)]}
        return owner | ({"unlike": ["intake"]} if kind == 3 else {})

    def waiting(self, kind: str, branch: bool, **more: Any) -> dict[str, Any]:
        return {
            "kind": kind, "phase": "working", "title": said(kind), "owner": self.owner(branch=branch),
            "clock": {"limit": "1 work_day"}, **more,
        }  # fmt: skip

    def task(self, following: str, *, branch: bool, inside: bool) -> str:
        name = self.name("task")
        actions: dict[str, Any] = {"done": {"title": said("done"), "by": ["owner"], "to": following}}
        stage = self.waiting("task", branch, actions=actions)
        self.stages[name] = stage
        self.left -= 1
        kind = self.pick(0, 7)
        if kind == 0:
            self.aside(name, actions, branch)
        elif kind == 1 and inside:
            actions["drop"] = {"title": said("drop"), "by": ["owner"], "to": "dropped", "ends_all": True}
        elif kind == 2:
            actions["word"] = {"title": said("word"), "by": ["reporter"], "to": following}
        elif kind == 3:
            actions["lapse"] = {"title": said("lapse"), "by": ["system"], "to": following}
            stage["silence"] = {"after": "2 work_day", "action": "lapse"}
        return name

    def aside(self, name: str, actions: dict[str, Any], branch: bool) -> None:
        """A question to two seats in a row; granted, the case waits until a date."""
        draft, rule, parked = self.name("draft"), self.name("rule"), self.name("parked")
        actions["ask"] = {"title": said("ask"), "by": ["owner"], "counter": self.counter(), "open": draft}
        self.stages[draft] = self.side({"put": {"title": said("put"), "by": ["owner"], "to": rule}})
        date = {"id": "next_date", "type": "date", "required": True, "title": said("date")}
        grant = {
            "title": said("grant"), "by": ["owner"], "form": [date], "keep": {"next_date": "next_date"},
            "effect": "move", "moves_to": parked, "from": [name],
        }  # fmt: skip
        refuse = {"title": said("refuse"), "by": ["owner"], "close": True}
        self.stages[rule] = self.side({"grant": grant, "refuse": refuse}, unlike=[draft])
        wait = {"until": "next_date", "max": "20 calendar_day"}
        self.stages[parked] = self.waiting("timer", branch, then=name, pauses=True, parked=True) | {"clock": wait}
        self.left -= 3

    def side(self, actions: dict[str, Any], unlike: list[str] | None = None) -> dict[str, Any]:
        owner = {"post": POSTS[self.pick(0, 3)], **({"unlike": unlike} if unlike else {})}
        clock = {"limit": "1 work_day"}
        return {"kind": "task", "side": True, "title": said("side"), "owner": owner, "clock": clock, "actions": actions}

    def gate(self, following: str, depth: int, *, branch: bool, inside: bool) -> str:
        name = self.name("gate")
        one = self.row(following, depth + 1, branch=branch, inside=inside)
        two = self.row(following, depth + 1, branch=branch, inside=inside)
        guards = [("draw < 50", "draw >= 50"), ("urgent", "not urgent"), ("reworks == 0", None)][self.pick(0, 2)]
        ways = [
            {"when": guards[0], "to": one},
            {"when": guards[1], "to": two} if guards[1] else {"else": True, "to": two},
        ]
        self.stages[name] = {"kind": "gate", "title": said("gate"), "branches": ways}
        self.left -= 1
        return name

    def loop(self, following: str, depth: int, *, branch: bool, inside: bool) -> str:
        """A task at the end of a row may send everything back to where the row begins, so many times."""
        check = self.task(following, branch=branch, inside=inside)
        begin = self.row(check, depth + 1, branch=branch, inside=inside)
        way_out = self.task(following, branch=branch, inside=inside)
        self.stages[check]["actions"]["back"] = {
            "title": said("back"), "by": ["owner"], "counter": self.counter(), "to": begin, "exhausted": way_out,
        }  # fmt: skip
        return begin

    def timer(self, following: str, *, branch: bool, inside: bool) -> str:
        name = self.name("timer")
        self.stages[name] = stage = self.waiting("timer", branch, then=following)
        self.left -= 1
        if self.pick(0, 1):
            heard = self.task(name, branch=branch, inside=inside)
            last = self.task(following, branch=branch, inside=inside)
            stage["actions"] = {
                "object": {
                    "title": said("object"), "by": ["reporter", "owner"], "counter": self.counter(), "to": heard,
                    "exhausted": last,
                }
            }  # fmt: skip
        return name

    def fork(self, following: str, depth: int, *, branch: bool) -> str:
        name, join = self.name("fork"), self.name("join")
        tracks: list[dict[str, Any]] = []
        for number in range(self.pick(2, 3)):
            each = number > 0 and self.pick(0, 2) == 0
            to = self.row(join, depth + 1, branch=branch or each, inside=True)
            tracks.append({"id": f"t{number}", "to": to, **({"each": "units"} if each else {})})
        needs: Any = ["all", "any", self.pick(1, len(tracks)), tracks[0]["id"]][self.pick(0, 3)]
        self.stages[name] = self.waiting("fork", branch, branches=tracks, join=join)
        self.stages[join] = {"kind": "join", "title": said("join"), "of": name, "needs": needs, "to": following}
        self.left -= 2
        return name

    def sweep(self, following: str, *, branch: bool) -> str:
        name = self.name("sweep")
        needs: Any = ["all", "any", 1][self.pick(0, 2)]
        self.stages[name] = self.waiting(
            "children", branch, workflow="leaf", each="places", needs=needs, counts=["done"], then=following,
            actions={"stop": {"title": said("stop"), "by": ["owner"], "to": following}},
        )  # fmt: skip
        self.left -= 1
        return name

    def panel(self, following: str, *, branch: bool, inside: bool) -> str:
        """Some seats are asked; whatever does not pass, and a meeting too few came to, is decided by somebody."""
        name, form = self.name("panel"), ("comment", "consent", "vote", "score")[self.pick(0, 3)]
        out = self.task(following, branch=branch, inside=inside)
        who: Any = [{"posts": ["grid_worker"]}, {"draw": {"post": "grid_worker", "count": 2, "by": "load"}},
                    {"kept": "units"}][self.pick(0, 2)]  # fmt: skip
        rule: dict[str, Any] = {
            "form": form,
            "voters": who,
            "rounds": self.pick(1, 2),
            "ways": {"passed": following, "void": out},
        }
        if form != "comment":
            rule["ways"]["failed"] = out
        if form == "vote":
            rule |= {"passing": {"more_than": "1/2"}, "secret": bool(self.pick(0, 1))}
        if form == "score":
            rule |= {"mark": 3}
        if self.pick(0, 1):
            rule |= {"quorum": {"at_least": "1/2"}}
        if self.pick(0, 2) == 0:
            rule |= {"minutes": True}
        self.stages[name] = self.waiting("panel", branch, panel=rule)
        self.left -= 1
        return name

    def row(self, following: str, depth: int = 0, *, branch: bool = False, inside: bool = False) -> str:
        """One to three parts one after the other; never empty, so that a branch holds work."""
        for _n in range(self.pick(1, 3) if self.left > 0 else 1):
            kind = self.pick(0, 10)
            if depth >= 3 or self.left <= 0 or kind <= 2:
                following = self.task(following, branch=branch, inside=inside)
            elif kind <= 4:
                following = self.fork(following, depth, branch=branch)
            elif kind == 5:
                following = self.gate(following, depth, branch=branch, inside=inside)
            elif kind <= 7:
                following = self.loop(following, depth, branch=branch, inside=inside)
            elif kind == 10:
                following = self.panel(following, branch=branch, inside=inside)
            elif kind == 8 or not self.children:
                following = self.timer(following, branch=branch, inside=inside)
            else:
                following = self.sweep(following, branch=branch)
        return following

    def whole(self, name: str) -> dict[str, Any]:
        first = self.row("closed")
        asked = [
            {"id": "units", "type": "seats", "required": True, "title": said("units")},
            {"id": "places", "type": "places", "required": True, "title": said("places")},
            {"id": "unit", "type": "seat", "required": True, "title": said("unit")},
        ]
        spread = {
            "title": said("spread"), "by": ["owner"], "form": asked, "keep": {"units": "units", "places": "places"},
            "assign": "unit", "to": first,
        }  # fmt: skip
        intake = {
            "kind": "task", "phase": "received", "title": said("intake"), "owner": {"post": "street_officer"},
            "clock": {"limit": "1 work_day"}, "actions": {"spread": spread},
        }  # fmt: skip
        ends = {n: {"kind": "end", "phase": "closed", "title": said(n), "outcome": o} for n, o in
                (("closed", "done"), ("dropped", "withdrawn"))}  # fmt: skip
        stages = {"intake": intake, **dict(reversed(self.stages.items())), **ends}
        if not any(a.get("to") == "dropped" for s in stages.values() for a in s.get("actions", {}).values()):
            del stages["dropped"]
        return {
            "workflow": name, "version": 1, "title": said(name), "start": "intake", "promise": "20 work_day",
            "kept": {"units": "seats", "places": "places", "next_date": "date"}, "counters": self.counters,
            "stages": stages,
        }  # fmt: skip


LEAF = {
    "workflow": "leaf", "version": 1, "title": said("leaf"), "start": "look", "promise": "5 work_day",
    "stages": {
        "look": {
            "kind": "task", "phase": "working", "title": said("look"), "owner": {"post": "village_secretary"},
            "clock": {"limit": "1 work_day"}, "actions": {
                "done": {"title": said("done"), "by": ["owner"], "to": "seen"},
                "none": {"title": said("none"), "by": ["owner"], "to": "empty"},
            },
        },
        "seen": {"kind": "end", "phase": "closed", "title": said("seen"), "outcome": "done"},
        "empty": {"kind": "end", "phase": "closed", "title": said("empty"), "outcome": "withdrawn"},
    },
}  # fmt: skip


@st.composite
def definitions(draw: Any, *, size: int = 25, children: bool = True) -> dict[str, Any]:
    """A sound definition of about 5 to 60 stages."""
    return Builder(draw, draw(st.integers(2, size)), children=children).whole("random")


@st.composite
def broken(draw: Any, sound: dict[str, Any]) -> dict[str, Any]:
    """The definition with one change, which may or may not be a flaw."""
    flow = copy.deepcopy(sound)
    stages = flow["stages"]
    names = list(stages)
    edges = [(s, a) for s in names for a in stages[s].get("actions", {})]
    kind = draw(st.integers(0, 9))
    stage, action = draw(st.sampled_from(edges))
    deed = stages[stage]["actions"][action]
    other = draw(st.sampled_from(names))
    if kind <= 2:
        key = draw(st.sampled_from([k for k in ("to", "exhausted", "moves_to") if k in deed] or ["to"]))
        if key in deed:
            deed[key] = other
    elif kind == 3:
        counted = [stages[s]["actions"][a] for s, a in edges if "counter" in stages[s]["actions"][a]]
        for one in counted[:1]:
            del one["counter"]
            one.pop("exhausted", None)
    elif kind == 4:
        holders = [s for s in stages.values() if "then" in s or s["kind"] == "join"]
        for one in holders[:1]:
            one["then" if "then" in one else "to"] = other
    elif kind == 5:
        for one in [s for s in stages.values() if s["kind"] in ("gate", "fork")][:1]:
            one["branches"][draw(st.integers(0, len(one["branches"]) - 1))]["to"] = other
    elif kind == 6:
        for one in [d for s, a in edges if (d := stages[s]["actions"][a]).get("ends_all")][:1]:
            del one["ends_all"]
    elif kind == 7:
        for one in [d for s, a in edges if (d := stages[s]["actions"][a]).get("keep")]:
            one["keep"].pop(draw(st.sampled_from(["units", "places", "next_date"])), None)
    elif kind == 8:
        deed.pop("close", None)
        if deed.get("effect") != "move" and len(stages[stage]["actions"]) > 1:
            del stages[stage]["actions"][action]
    else:
        for one in [s for s in stages.values() if s["kind"] == "join"][:1]:
            one["needs"] = draw(st.sampled_from(["all", "any", 1, 2, 3, "t0", "t1", "t9"]))
    return flow


def as_yaml(flow: dict[str, Any]) -> str:
    """JSON is YAML; indented, so that every key has a line of its own."""
    return json.dumps(flow, ensure_ascii=False, indent=1)
