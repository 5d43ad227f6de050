"""Gates and what actions write: expressions that compile, and guards that always leave exactly one way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gezhi.engines.workflows.proof_facts import Certain
from gezhi.engines.workflows.proof_parts import Flaw, _, actions
from gezhi.engines.workflows.schema import SETTABLE, Action, Stage, Workflow
from gezhi.foundation import expressions

MAX_WAYS = 20
MAX_TRIALS = 400_000  # cells times guards, over all gates of a definition
# Never empty, whatever the case: its own counts and marks.
ALWAYS = frozenset(
    {"draw", "returns", "reworks", "reopenings", "channel", "on_behalf", "urgent", "instant", "off_hours"}
    | {"parked_times", "false_closures"}
)
HOLES = {
    "gap": _("关口“{gate}”在“{case}”时没有路走，补上这种情形或加 else"),
    "overlap": _("关口“{gate}”在“{case}”时有两条路，只能有一条"),
    "undecided": _("关口“{gate}”读的“{case}”情形太多，数不尽，要加 else"),
}


def settings(flow: Workflow) -> Iterator[Flaw]:
    """What actions write on the case: a name it has, a value of its type."""
    for where, _stage, action in actions(flow):
        asked = action.form.types()
        types = {**flow.readable, **asked}
        at = (*where, "set")
        for name, type_ in asked.items():
            if name in flow.readable and not expressions.same_family(type_, flow.readable[name]):
                # A gate behind a join reads the form of whoever came last.
                words = _("“{action}”的填写项“{name}”和案件自己的“{name}”同名，却是另一种值，请换一个名字")
                yield Flaw("action.field_type", (*where, "form"), words, {"action": action.id, "name": name})
        for name, source in action.set.items():
            facts: dict[str, object] = {"action": action.id, "name": name, "source": source}
            if name not in SETTABLE:
                yield Flaw("set.unknown", at, _("“{action}”不能改“{name}”"), facts)
                continue
            try:
                program = expressions.compile(source, types)
            except expressions.ExpressionError as error:
                yield Flaw("set.expression", at, _("“{name}: {source}”：{error}"), {**facts, "error": error})
                continue
            if not expressions.same_family(program.type, SETTABLE[name]):
                yield Flaw("set.type", at, _("“{name}”不能是“{source}”这种值"), facts)


def gates(flow: Workflow, sure: Certain | None) -> Iterator[Flaw]:
    """Every gate: guards that compile, cover every value, and do not overlap. `sure`: what is kept on every way."""
    left = MAX_TRIALS
    for gate in (s for s in flow.stages.values() if s.kind == "gate"):
        here = ("stages", gate.id, "branches")
        facts: dict[str, object] = {"gate": gate.id, "max": MAX_WAYS}
        if not gate.branches:
            yield Flaw("gate.empty", here, _("关口“{gate}”没有出路"), facts)
            continue
        if len(gate.branches) > MAX_WAYS:
            yield Flaw("gate.too_many", here, _("关口“{gate}”的路太多，最多 {max} 条，请分成几个关口"), facts)
            continue
        if any(b.when is None for b in gate.branches[:-1]):
            yield Flaw("gate.else_first", here, _("关口“{gate}”的 else 要放在最后"), facts)
        leading = _leading(flow, gate.id)
        yield from _clashes(flow, gate, leading)
        types = _types(flow, leading)
        guards: list[expressions.Program] = []
        yield from _compiled(gate, here, types, guards)
        if len(guards) < sum(b.when is not None for b in gate.branches):
            continue
        yield from _never_kept(flow, here, guards, leading)
        filled = _filled(flow, gate.id, leading, sure)
        total = any(b.when is None for b in gate.branches)
        used = expressions.cells(guards, types, required=filled)
        trials = (used or 0) * len(guards)
        if trials > left:
            if not total:
                words = HOLES["undecided"]
                yield Flaw("gate.partial", here, words, {**facts, "case": "、".join(sorted(types))[:60]})
            continue
        left -= trials
        yield from _covered(gate, here, guards, types, filled, total)


def _never_kept(
    flow: Workflow,
    here: tuple[str, ...],
    guards: list[expressions.Program],
    leading: list[tuple[Stage, Action | None]],
) -> Iterator[Flaw]:
    """Kept values that guards read and no action of the whole flow keeps: everything would go the one way, in silence."""
    kept = {name for _w, _s, action in actions(flow) for name in action.keep}
    kept |= {a.books.keep for _w, _s, a in actions(flow) if a.books is not None and a.books.keep}
    asked = {name for _stage, action in leading if action is not None for name in action.form.types()}
    for name in sorted(frozenset().union(*(guard.reads for guard in guards)) & set(flow.kept)):
        if name not in kept and name not in asked:
            words = _("关口读的“{name}”在 kept 里声明了，可没有哪个动作用 keep 留下它，读到的总是空")
            yield Flaw("kept.unfilled", here, words, {"name": name})


def _compiled(
    gate: Stage, here: tuple[str, ...], types: Mapping[str, expressions.Type], guards: list[expressions.Program]
) -> Iterator[Flaw]:
    """The flaws of the guards' own words; those that are sound are put into `guards`."""
    for number, branch in enumerate(gate.branches):
        if branch.when is None:
            continue
        at = (*here, str(number))
        facts: dict[str, object] = {"source": branch.when}
        try:
            program = expressions.compile(branch.when, types)
        except expressions.ExpressionError as error:
            yield Flaw("gate.expression", at, _("“{source}”：{error}"), {**facts, "error": error})
            continue
        if program.type.kind != "truth":
            yield Flaw("gate.type", at, _("“{source}”不是是非判断"), facts)
        else:
            guards.append(program)


def _covered(
    gate: Stage,
    here: tuple[str, ...],
    guards: list[expressions.Program],
    types: Mapping[str, expressions.Type],
    filled: frozenset[str],
    total: bool,
) -> Iterator[Flaw]:
    """Holes and overlaps; with an `else` there is no hole, but two guards that hold together are still said."""
    hole = expressions.exhaustive_and_disjoint(guards, types, required=filled, exhaustive=not total)
    if hole is None or (total and hole.kind == "undecided"):
        return
    code = "gate.overlap" if total else "gate.partial"
    notes = (str(dict(hole.values)),) if hole.values else ()
    facts = {"gate": gate.id, "case": _case(hole)}
    yield Flaw(code, here, HOLES[hole.kind], facts, notes=notes)


def _case(hole: expressions.Counterexample) -> str:
    """The values that show the hole, or the fields whose values are too many to try."""
    if hole.values:
        return "，".join(f"{name}={'空' if value is None else value}" for name, value in hole.values.items())
    return "、".join(hole.fields)


def _leading(flow: Workflow, gate: str) -> list[tuple[Stage, Action | None]]:
    """The actions whose forms a gate may read: those that lead to it, other gates on the way looked through.

    None stands for a way without an action: the start, a timer, a join, children that have ended.
    """
    found: list[tuple[Stage, Action | None]] = []
    seen, queue = {gate}, [gate]
    while queue:
        here = queue.pop()
        if here == flow.start:
            found.append((flow.stages[here], None))
        for stage in flow.stages.values():
            if here in (stage.then, stage.to if stage.kind == "join" else None):
                found.append((stage, None))
            if any(b.to == here for b in stage.branches) and stage.id not in seen:
                seen.add(stage.id)
                queue.append(stage.id)
            for action in stage.actions.values():
                if here in (action.to, action.exhausted, action.moves_to):
                    found.append((stage, action))
    return found


def _types(flow: Workflow, leading: list[tuple[Stage, Action | None]]) -> dict[str, expressions.Type]:
    types = dict(flow.readable)
    for _stage, action in leading:
        if action is not None:
            types.update(action.form.types())
    return types


def _clashes(flow: Workflow, gate: Stage, leading: list[tuple[Stage, Action | None]]) -> Iterator[Flaw]:
    """The same name asked as two kinds of value on two ways: the guard would read one of them wrongly."""
    kinds: dict[str, tuple[str, str]] = {}
    for stage, action in leading:
        for name, type_ in (action.form.types() if action is not None else {}).items():
            before = kinds.setdefault(name, (type_.kind, stage.id))
            if before[0] != type_.kind and {before[0], type_.kind} != {"text", "choice"}:
                words = _("到关口“{gate}”的两条路（“{one}”和“{two}”）把“{name}”问成了两种值")
                facts = {"gate": gate.id, "name": name, "one": before[1], "two": stage.id}
                yield Flaw("gate.field_types", ("stages", gate.id), words, facts)
                return


def _filled(
    flow: Workflow, gate: str, leading: list[tuple[Stage, Action | None]], sure: Certain | None
) -> frozenset[str]:
    """Names that are never empty at a gate: the case's own, what every way requires, what is kept on every way."""
    ways = [
        frozenset(f.id for f in a.form.fields if f.required and f.when is None) if a is not None else frozenset[str]()
        for _s, a in leading
    ]
    filled = ALWAYS | (frozenset.intersection(*ways) if ways else frozenset())
    if sure is not None:
        filled |= {name for kind, name in sure.at.get(gate, frozenset()) if kind == "kept"}
    return filled
