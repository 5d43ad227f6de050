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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gezhi.engines.workflows.schema import READABLE, SETTABLE, Action, Stage, Workflow
from gezhi.foundation import expressions


@dataclass(frozen=True)
class Flaw:
    """What is wrong, where (a path of keys into the YAML), and a run that shows it."""

    code: str
    where: tuple[str, ...]
    words: str
    trace: tuple[str, ...] = ()


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
        yield Flaw("flow.start", ("start",), f"起点“{flow.start}”不在步骤里")
    elif flow.stages[flow.start].kind != "task":
        yield Flaw("flow.start_kind", ("start",), f"起点“{flow.start}”必须是有人负责的步骤")
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        if stage.kind == "task":
            yield from _human(flow, stage, here, posts)
        elif stage.kind == "gate" and (stage.actions or stage.owner):
            yield Flaw("gate.actions", here, f"关口“{stage.id}”自己判断，不能有操作或席位")
        elif stage.kind == "end" and (stage.owner or stage.clock):
            yield Flaw("end.owner", here, f"终点“{stage.id}”没有席位和时限")
        for number, branch in enumerate(stage.branches):
            if branch.to not in flow.stages:
                yield Flaw(
                    "flow.unknown_stage",
                    (*here, "branches", str(number)),
                    f"“{stage.id}”要去的“{branch.to}”不存在",
                )
    for where, holder, action in _actions(flow):
        yield from _action_names(flow, where, holder, action, posts)


def _human(flow: Workflow, stage: Stage, here: tuple[str, ...], posts: set[str]) -> Iterator[Flaw]:
    if stage.owner is None:
        yield Flaw("task.owner", here, f"步骤“{stage.id}”没有负责的席位")
    else:
        if stage.owner.post and stage.owner.post not in posts:
            yield Flaw("owner.post", (*here, "owner"), f"席位“{stage.owner.post}”不在岗位表里")
        if stage.owner.case and not any(a.assign for _, _, a in _actions(flow)):
            yield Flaw("owner.unassigned", (*here, "owner"), f"“{stage.id}”等人指定承办，但没有操作来指定")
        for other in stage.owner.unlike:
            if other not in flow.stages or flow.stages[other].kind != "task":
                yield Flaw("owner.unlike", (*here, "owner"), f"“{stage.id}”要避开的步骤“{other}”不存在")
            elif other == stage.id:
                yield Flaw("owner.unlike_self", (*here, "owner"), f"“{stage.id}”不能要求避开自己")
    if stage.clock is None:
        yield Flaw("task.clock", here, f"步骤“{stage.id}”没有时限")
    elif not 0 < stage.clock.warn <= 1:
        yield Flaw("clock.warn", (*here, "clock"), f"“{stage.id}”的提醒点要在 0 到 1 之间")
    if not stage.phase and not stage.side:
        yield Flaw("task.phase", here, f"步骤“{stage.id}”没有说居民看到的是哪一步（phase）")
    for number, rung in enumerate(stage.ladder):
        if rung.post not in posts:
            yield Flaw("ladder.post", (*here, "ladder", str(number)), f"升级到的席位“{rung.post}”不在岗位表里")
    if stage.silence_action is not None:
        silent = stage.actions.get(stage.silence_action)
        if silent is None or "system" not in silent.by:
            yield Flaw(
                "silence.action",
                (*here, "silence"),
                f"“{stage.id}”到期没回话时的操作要写明由系统做（by: [system]）",
            )
    moving = [a for a in stage.actions.values() if (a.to or a.close) and ({"owner"} & set(a.by))]
    if not moving:
        yield Flaw("task.stuck", here, f"步骤“{stage.id}”的负责人没有任何办法让它往下走")
    if sum(a.main for a in stage.actions.values()) > 1:
        # A resident's and the owner's main action may stand side by side: each sees only their own.
        by_group: dict[str, int] = {}
        for a in stage.actions.values():
            if a.main:
                for who in a.by:
                    by_group[who] = by_group.get(who, 0) + 1
        if any(n > 1 for n in by_group.values()):
            yield Flaw("task.mains", here, f"步骤“{stage.id}”同一个人有两个主操作")


def _action_names(
    flow: Workflow, where: tuple[str, ...], stage: Stage | None, action: Action, posts: set[str]
) -> Iterator[Flaw]:
    fields = {f.id: f for f in action.form.fields}
    for target in (action.to, action.exhausted):
        if target is not None and target not in flow.stages:
            yield Flaw("flow.unknown_stage", where, f"操作“{action.id}”要去的“{target}”不存在")
        elif target is not None and flow.stages[target].side:
            yield Flaw("action.to_side", where, f"“{target}”是旁支，只能用 open 打开")
    if action.open is not None and (action.open not in flow.stages or not flow.stages[action.open].side):
        yield Flaw("action.open", where, f"操作“{action.id}”要打开的旁支“{action.open}”不存在")
    if stage is None and (action.to or action.open or action.close):
        yield Flaw("anytime.moves", where, f"随时可做的“{action.id}”不能移动案件")
    if stage is not None and stage.side and (action.to or action.open):
        yield Flaw("side.moves", where, f"旁支里的“{action.id}”不能移动主线")
    if stage is not None and not stage.side and action.close:
        yield Flaw("main.close", where, f"主线里的“{action.id}”不能只关闭，要写去哪一步")
    if not action.by:
        yield Flaw("action.by", where, f"操作“{action.id}”没有写谁能做")
    for who in action.by:
        if who not in ("owner", "reporter", "system") and not who.startswith("power:"):
            yield Flaw("action.by", where, f"操作“{action.id}”的“{who}”不认识")
    if action.assign is not None and (action.assign not in fields or fields[action.assign].type != "seat"):
        yield Flaw("action.assign", where, f"“{action.id}”指定承办要用一个席位类的填写项，没有“{action.assign}”")
    if action.counter is not None:
        if action.counter not in flow.counters:
            yield Flaw("counter.unknown", where, f"“{action.id}”用的次数“{action.counter}”没有声明")
        elif flow.counters[action.counter] < 1:
            yield Flaw("counter.max", ("counters", action.counter), f"次数“{action.counter}”至少为 1")
        if action.to and not action.exhausted and stage is not None and stage.kind != "end":
            yield Flaw(
                "counter.exit",
                where,
                f"“{action.id}”次数用完后没有出路（exhausted）",
                (f"{stage.id} → {action.to}",),
            )
    if action.effect == "extend" and (stage is None or not stage.side):
        yield Flaw("effect.extend", where, "延期要由旁支里的人批")
    if "system" in action.by and action.form.fields:
        yield Flaw("system.form", where, f"系统自己做的“{action.id}”不能有填写项")


def _expressions(flow: Workflow) -> Iterator[Flaw]:
    for where, _stage, action in _actions(flow):
        types = {**READABLE, **action.form.types()}
        for name, source in action.set.items():
            if name not in SETTABLE:
                yield Flaw("set.unknown", (*where, "set"), f"“{action.id}”不能改“{name}”")
                continue
            try:
                program = expressions.compile(source, types)
            except expressions.ExpressionError as error:
                yield Flaw("set.expression", (*where, "set"), f"“{name}: {source}”：{error}")
                continue
            if not expressions.same_family(program.type, SETTABLE[name]):
                yield Flaw("set.type", (*where, "set"), f"“{name}”不能是“{source}”这种值")


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
                yield Flaw("flow.unreachable", ("stages", stage.id), f"没有操作打开旁支“{stage.id}”")
        elif stage.id not in seen:
            yield Flaw("flow.unreachable", ("stages", stage.id), f"从起点走不到“{stage.id}”")
    ends = [s.id for s in flow.stages.values() if s.kind == "end"]
    if not ends:
        yield Flaw("flow.no_end", ("stages",), "没有终点，事情永远办不完")
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
            yield Flaw("flow.dead_end", ("stages", stage.id), f"走到“{stage.id}”就再也办不完", path[stage.id])


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
                    f"“{' → '.join([*loop, following.target])}”可以没完没了地转，要给其中一步加次数和出路",
                    (*loop, f"—{following.label}→ {following.target}"),
                )
            elif not state.get(following.target):
                state[following.target] = 1
                trail.append(following.target)
                stack.append((following.target, iter(graph.get(following.target, ()))))


def _gates(flow: Workflow) -> Iterator[Flaw]:
    for gate in (s for s in flow.stages.values() if s.kind == "gate"):
        here = ("stages", gate.id, "branches")
        if not gate.branches:
            yield Flaw("gate.empty", here, f"关口“{gate.id}”没有出路")
            continue
        if any(b.when is None for b in gate.branches[:-1]):
            yield Flaw("gate.else_first", here, f"关口“{gate.id}”的 else 要放在最后")
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
                yield Flaw("gate.expression", at, f"“{branch.when}”：{error}")
                continue
            if program.type.kind != "truth":
                broken = True
                yield Flaw("gate.type", at, f"“{branch.when}”不是是非判断")
            guards.append(program)
        if broken or any(b.when is None for b in gate.branches):
            continue
        hole = expressions.exhaustive_and_disjoint(guards, types, required=_filled_at(flow, gate.id))
        if hole is not None:
            yield Flaw(
                "gate.partial",
                here,
                f"关口“{gate.id}”{_hole(hole)}，补上这种情形或加 else",
                (str(hole.values),),
            )


def _hole(hole: expressions.Counterexample) -> str:
    case = "，".join(f"{name}={'空' if value is None else value}" for name, value in hole.values.items())
    if hole.kind == "gap":
        return f"在“{case}”时没有路走"
    if hole.kind == "overlap":
        return f"在“{case}”时有两条路"
    return f"读的“{'、'.join(hole.fields)}”情形太多，数不尽"


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
            yield Flaw("side.open_for_ever", ("stages", stage.id), f"旁支“{stage.id}”没有办法关闭")
