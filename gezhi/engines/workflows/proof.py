"""Proof of a workflow: what is refused when a pack loads, and why, in words with a trace.

The argument, for definitions of tasks, gates, ends and side items:

1. every stage is reachable from the start, and from every stage some end is reachable;
2. every counted action can be used a bounded number of times, and the graph that is left when the counted
   edges are taken away (their `exhausted` edges stay) has no cycle: so every run ends;
3. every gate always has exactly one way on: an `else`, or guards that cover every value of what they read;
4. every human stage has an owner whose post exists (the directory lets a vacant seat fall to an ancestor and
   keeps two people at the root) and a clock, and somebody may move it on;
5. a side item can always be closed, and is cancelled when the main item moves.

Pure: the typed workflow in, problems out. docs/rules/proof.md lists every code with an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gezhi.engines.workflows.schema import READABLE, SETTABLE, Action, Stage, Workflow
from gezhi.foundation import expressions


def _(words: str) -> str:
    """Marks a sentence for the translators; this room is pure and does not translate."""
    return words


@dataclass(frozen=True)
class Flaw:
    """What is wrong, where (a path of keys into the YAML), and a run that shows it.

    `words` is the Chinese sentence with `facts` to be filled in; the reader says it in the active language.
    """

    code: str
    where: tuple[str, ...]
    words: str
    trace: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    source: str
    target: str
    label: str
    counted: bool


def prove(flow: Workflow, *, posts: Iterable[str]) -> list[Flaw]:
    """Every flaw of the definition; an empty list is a proof. `posts`: codes of the posts that exist."""
    flaws = [*_names(flow, set(posts)), *_expressions(flow)]
    if any(f.code in ("flow.unknown_stage", "flow.start") for f in flaws):
        return flaws  # the graph is not one yet
    return [*flaws, *_reach(flow), *_cycles(flow), *_gates(flow), *_sides(flow)]


def edges(flow: Workflow) -> list[Edge]:
    """All moves of the main item, with the counted ones marked."""
    found: list[Edge] = []
    for stage in flow.stages.values():
        for branch in stage.branches:
            found.append(Edge(stage.id, branch.to, branch.when or "else", False))
        for action in stage.actions.values():
            if action.to:
                found.append(Edge(stage.id, action.to, action.id, action.counter is not None))
            if action.exhausted:
                found.append(Edge(stage.id, action.exhausted, f"{action.id} (exhausted)", False))
    return found


def _actions(flow: Workflow) -> Iterator[tuple[tuple[str, ...], Stage | None, Action]]:
    for stage in flow.stages.values():
        for action in stage.actions.values():
            yield ("stages", stage.id, "actions", action.id), stage, action
    for action in flow.anytime.values():
        yield ("anytime", action.id), None, action


def _names(flow: Workflow, posts: set[str]) -> Iterator[Flaw]:
    if flow.start not in flow.stages:
        yield Flaw("flow.start", ("start",), _("起点“{start}”不在步骤里"), facts={"start": flow.start})
    elif flow.stages[flow.start].kind != "task":
        yield Flaw("flow.start_kind", ("start",), _("起点“{start}”必须是有人负责的步骤"), facts={"start": flow.start})
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        if stage.kind == "task":
            yield from _human(flow, stage, here, posts)
        elif stage.kind == "gate" and (stage.actions or stage.owner):
            yield Flaw("gate.actions", here, _("关口“{stage}”自己判断，不能有操作或席位"), facts={"stage": stage.id})
        elif stage.kind == "end" and (stage.owner or stage.clock):
            yield Flaw("end.owner", here, _("终点“{stage}”没有席位和时限"), facts={"stage": stage.id})
        for number, branch in enumerate(stage.branches):
            if branch.to not in flow.stages:
                yield Flaw(
                    "flow.unknown_stage",
                    (*here, "branches", str(number)),
                    _("“{stage}”要去的“{to}”不存在"),
                    facts={"stage": stage.id, "to": branch.to},
                )
    for where, holder, action in _actions(flow):
        yield from _action_names(flow, where, holder, action, posts)


def _human(flow: Workflow, stage: Stage, here: tuple[str, ...], posts: set[str]) -> Iterator[Flaw]:
    if stage.owner is None:
        yield Flaw("task.owner", here, _("步骤“{stage}”没有负责的席位"), facts={"stage": stage.id})
    else:
        if stage.owner.post and stage.owner.post not in posts:
            yield Flaw("owner.post", (*here, "owner"), _("席位“{post}”不在岗位表里"), facts={"post": stage.owner.post})
        if stage.owner.case and not any(a.assign for _, _, a in _actions(flow)):
            yield Flaw(
                "owner.unassigned",
                (*here, "owner"),
                _("“{stage}”等人指定承办，但没有操作来指定"),
                facts={"stage": stage.id},
            )
        for other in stage.owner.unlike:
            if other not in flow.stages or flow.stages[other].kind != "task":
                yield Flaw(
                    "owner.unlike",
                    (*here, "owner"),
                    _("“{stage}”要避开的步骤“{other}”不存在"),
                    facts={"stage": stage.id, "other": other},
                )
            elif other == stage.id:
                yield Flaw(
                    "owner.unlike_self", (*here, "owner"), _("“{stage}”不能要求避开自己"), facts={"stage": stage.id}
                )
    if stage.clock is None:
        yield Flaw("task.clock", here, _("步骤“{stage}”没有时限"), facts={"stage": stage.id})
    elif not 0 < stage.clock.warn <= 1:
        yield Flaw("clock.warn", (*here, "clock"), _("“{stage}”的提醒点要在 0 到 1 之间"), facts={"stage": stage.id})
    if not stage.phase and not stage.side:
        yield Flaw("task.phase", here, _("步骤“{stage}”没有说居民看到的是哪一步（phase）"), facts={"stage": stage.id})
    for number, rung in enumerate(stage.ladder):
        if rung.post not in posts:
            yield Flaw(
                "ladder.post",
                (*here, "ladder", str(number)),
                _("升级到的席位“{post}”不在岗位表里"),
                facts={"post": rung.post},
            )
    if stage.silence_action is not None:
        silent = stage.actions.get(stage.silence_action)
        if silent is None or "system" not in silent.by:
            yield Flaw(
                "silence.action",
                (*here, "silence"),
                _("“{stage}”到期没回话时的操作要写明由系统做（by: [system]）"),
                facts={"stage": stage.id},
            )
    moving = [a for a in stage.actions.values() if (a.to or a.close) and ({"owner"} & set(a.by))]
    if not moving:
        yield Flaw("task.stuck", here, _("步骤“{stage}”的负责人没有任何办法让它往下走"), facts={"stage": stage.id})
    if sum(a.main for a in stage.actions.values()) > 1:
        # A resident's and the owner's main action may stand side by side: each sees only their own.
        by_group: dict[str, int] = {}
        for a in stage.actions.values():
            if a.main:
                for who in a.by:
                    by_group[who] = by_group.get(who, 0) + 1
        if any(n > 1 for n in by_group.values()):
            yield Flaw("task.mains", here, _("步骤“{stage}”同一个人有两个主操作"), facts={"stage": stage.id})


def _action_names(
    flow: Workflow, where: tuple[str, ...], stage: Stage | None, action: Action, posts: set[str]
) -> Iterator[Flaw]:
    fields = {f.id: f for f in action.form.fields}
    for target in (action.to, action.exhausted):
        if target is not None and target not in flow.stages:
            yield Flaw(
                "flow.unknown_stage",
                where,
                _("操作“{action}”要去的“{target}”不存在"),
                facts={"action": action.id, "target": target},
            )
        elif target is not None and flow.stages[target].side:
            yield Flaw("action.to_side", where, _("“{target}”是旁支，只能用 open 打开"), facts={"target": target})
    if action.open is not None and (action.open not in flow.stages or not flow.stages[action.open].side):
        yield Flaw(
            "action.open",
            where,
            _("操作“{action}”要打开的旁支“{open}”不存在"),
            facts={"action": action.id, "open": action.open},
        )
    if stage is None and (action.to or action.open or action.close):
        yield Flaw("anytime.moves", where, _("随时可做的“{action}”不能移动案件"), facts={"action": action.id})
    if stage is not None and stage.side and (action.to or action.open):
        yield Flaw("side.moves", where, _("旁支里的“{action}”不能移动主线"), facts={"action": action.id})
    if stage is not None and not stage.side and action.close:
        yield Flaw("main.close", where, _("主线里的“{action}”不能只关闭，要写去哪一步"), facts={"action": action.id})
    if not action.by:
        yield Flaw("action.by", where, _("操作“{action}”没有写谁能做"), facts={"action": action.id})
    for who in action.by:
        if who not in ("owner", "reporter", "system") and not who.startswith("power:"):
            yield Flaw("action.by", where, _("操作“{action}”的“{who}”不认识"), facts={"action": action.id, "who": who})
    if action.assign is not None and (action.assign not in fields or fields[action.assign].type != "seat"):
        yield Flaw(
            "action.assign",
            where,
            _("“{action}”指定承办要用一个席位类的填写项，没有“{assign}”"),
            facts={"action": action.id, "assign": action.assign},
        )
    if action.counter is not None:
        if action.counter not in flow.counters:
            yield Flaw(
                "counter.unknown",
                where,
                _("“{action}”用的次数“{counter}”没有声明"),
                facts={"action": action.id, "counter": action.counter},
            )
        elif flow.counters[action.counter] < 1:
            yield Flaw(
                "counter.max",
                ("counters", action.counter),
                _("次数“{counter}”至少为 1"),
                facts={"counter": action.counter},
            )
        if action.to and not action.exhausted and stage is not None and stage.kind != "end":
            yield Flaw(
                "counter.exit",
                where,
                _("“{action}”次数用完后没有出路（exhausted）"),
                (f"{stage.id} → {action.to}",),
                facts={"action": action.id},
            )
    if action.effect == "extend" and (stage is None or not stage.side):
        yield Flaw("effect.extend", where, _("延期要由旁支里的人批"))
    if "system" in action.by and action.form.fields:
        yield Flaw("system.form", where, _("系统自己做的“{action}”不能有填写项"), facts={"action": action.id})


def _expressions(flow: Workflow) -> Iterator[Flaw]:
    for where, _stage, action in _actions(flow):
        types = {**READABLE, **action.form.types()}
        for name, source in action.set.items():
            if name not in SETTABLE:
                yield Flaw(
                    "set.unknown",
                    (*where, "set"),
                    _("“{action}”不能改“{name}”"),
                    facts={"action": action.id, "name": name},
                )
                continue
            try:
                program = expressions.compile(source, types)
            except expressions.ExpressionError as error:
                yield Flaw(
                    "set.expression",
                    (*where, "set"),
                    _("“{name}: {source}”：{error}"),
                    facts={"name": name, "source": source, "error": error},
                )
                continue
            if not expressions.same_family(program.type, SETTABLE[name]):
                yield Flaw(
                    "set.type",
                    (*where, "set"),
                    _("“{name}”不能是“{source}”这种值"),
                    facts={"name": name, "source": source},
                )


def _reach(flow: Workflow) -> Iterator[Flaw]:
    forward: dict[str, list[Edge]] = {}
    backward: dict[str, list[str]] = {}
    for edge in edges(flow):
        forward.setdefault(edge.source, []).append(edge)
        backward.setdefault(edge.target, []).append(edge.source)
    seen = {flow.start}
    queue = [flow.start]
    path: dict[str, tuple[str, ...]] = {flow.start: (flow.start,)}
    while queue:
        here = queue.pop(0)
        for edge in forward.get(here, ()):
            if edge.target not in seen:
                seen.add(edge.target)
                path[edge.target] = (*path[here], f"—{edge.label}→ {edge.target}")
                queue.append(edge.target)
    opened = {a.open for _, _, a in _actions(flow) if a.open}
    for stage in flow.stages.values():
        if stage.side:
            if stage.id not in opened:
                yield Flaw(
                    "flow.unreachable", ("stages", stage.id), _("没有操作打开旁支“{stage}”"), facts={"stage": stage.id}
                )
        elif stage.id not in seen:
            yield Flaw("flow.unreachable", ("stages", stage.id), _("从起点走不到“{stage}”"), facts={"stage": stage.id})
    ends = [s.id for s in flow.stages.values() if s.kind == "end"]
    if not ends:
        yield Flaw("flow.no_end", ("stages",), _("没有终点，事情永远办不完"))
    alive = set(ends)
    queue = list(ends)
    while queue:
        here = queue.pop()
        for source in backward.get(here, ()):
            if source not in alive:
                alive.add(source)
                queue.append(source)
    for stage in flow.stages.values():
        if stage.id in seen and stage.id not in alive:
            yield Flaw(
                "flow.dead_end",
                ("stages", stage.id),
                _("走到“{stage}”就再也办不完"),
                path[stage.id],
                facts={"stage": stage.id},
            )


def _cycles(flow: Workflow) -> Iterator[Flaw]:
    """A cycle of uncounted edges could turn for ever: report one such run for each knot."""
    graph: dict[str, list[Edge]] = {}
    for edge in edges(flow):
        if not edge.counted:
            graph.setdefault(edge.source, []).append(edge)
    state: dict[str, int] = {}
    for root in flow.stages:
        if state.get(root):
            continue
        stack: list[tuple[str, Iterator[Edge]]] = [(root, iter(graph.get(root, ())))]
        trail = [root]
        state[root] = 1
        while stack:
            here, rest = stack[-1]
            following = next(rest, None)
            if following is None:
                stack.pop()
                trail.pop()
                state[here] = 2
            elif state.get(following.target) == 1:
                loop = trail[trail.index(following.target) :]
                yield Flaw(
                    "flow.endless",
                    ("stages", here),
                    _("“{loop}”可以没完没了地转，要给其中一步加次数和出路"),
                    (*loop, f"—{following.label}→ {following.target}"),
                    facts={"loop": " → ".join([*loop, following.target])},
                )
            elif not state.get(following.target):
                state[following.target] = 1
                trail.append(following.target)
                stack.append((following.target, iter(graph.get(following.target, ()))))


HOLES = {
    "gap": _("关口“{gate}”在“{case}”时没有路走，补上这种情形或加 else"),
    "overlap": _("关口“{gate}”在“{case}”时有两条路，只能有一条"),
    "undecided": _("关口“{gate}”读的“{case}”情形太多，数不尽，要加 else"),
}


def _gates(flow: Workflow) -> Iterator[Flaw]:
    for gate in (s for s in flow.stages.values() if s.kind == "gate"):
        here = ("stages", gate.id, "branches")
        if not gate.branches:
            yield Flaw("gate.empty", here, _("关口“{gate}”没有出路"), facts={"gate": gate.id})
            continue
        if any(b.when is None for b in gate.branches[:-1]):
            yield Flaw("gate.else_first", here, _("关口“{gate}”的 else 要放在最后"), facts={"gate": gate.id})
        guards, broken = [], False
        types = _types_at(flow, gate.id)
        for number, branch in enumerate(gate.branches):
            if branch.when is None:
                continue
            at = (*here, str(number))
            try:
                program = expressions.compile(branch.when, types)
            except expressions.ExpressionError as error:
                broken = True
                yield Flaw(
                    "gate.expression", at, _("“{source}”：{error}"), facts={"source": branch.when, "error": error}
                )
                continue
            if program.type.kind != "truth":
                broken = True
                yield Flaw("gate.type", at, _("“{source}”不是是非判断"), facts={"source": branch.when})
            guards.append(program)
        if broken or any(b.when is None for b in gate.branches):
            continue
        hole = expressions.exhaustive_and_disjoint(guards, types, required=_filled_at(flow, gate.id))
        if hole is not None:
            yield Flaw(
                "gate.partial",
                here,
                HOLES[hole.kind],
                (str(hole.values),),
                facts={"gate": gate.id, "case": _case(hole)},
            )


def _case(hole: expressions.Counterexample) -> str:
    """The values that show the hole, or the fields whose values are too many to try."""
    if hole.values:
        return "，".join(f"{name}={'空' if value is None else value}" for name, value in hole.values.items())
    return "、".join(hole.fields)


def _types_at(flow: Workflow, gate: str) -> dict[str, expressions.Type]:
    """What a gate may read: the case, and what every action that leads here asks for."""
    types = dict(READABLE)
    for _, _, action in _actions(flow):
        if action.to == gate:
            types.update(action.form.types())
    return types


def _filled_at(flow: Workflow, gate: str) -> set[str]:
    """Fields that are never empty at a gate: the case's own numbers, and what every way here requires."""
    always = {"draw", "returns", "reworks", "reopenings", "channel", "on_behalf", "urgent", "instant"}
    ways = [
        {f.id for f in action.form.fields if f.required and f.when is None}
        for _, _, action in _actions(flow)
        if action.to == gate
    ]
    return always | set.intersection(*ways) if ways else always


def _sides(flow: Workflow) -> Iterator[Flaw]:
    for stage in (s for s in flow.stages.values() if s.side):
        if not any(a.close and "owner" in a.by for a in stage.actions.values()):
            yield Flaw(
                "side.open_for_ever", ("stages", stage.id), _("旁支“{stage}”没有办法关闭"), facts={"stage": stage.id}
            )
