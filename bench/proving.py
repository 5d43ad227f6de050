"""How long the proof of a definition takes: sixty stages with eight branches, and the largest that is accepted at all.

The definitions are made here: tasks in a row, gates, timers with objections, counted ways back, and a fork of eight
branches. Reading the YAML is measured beside it, as the limit: it is what loading a pack costs anyway.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.homes import Home
from bench.lines import Line, percentile, timed

BOUND_MS = 200.0
POSTS = {
    "chief": {"falls_to": None, "level": "county", "powers": []},
    "clerk": {"falls_to": "chief", "level": "town", "powers": []},
}


def run(home: Home) -> Iterator[Line]:
    from gezhi.engines.workflows import proof
    from gezhi.engines.workflows.reader import read_workflow
    from gezhi.engines.workflows.schema import Workflow
    from gezhi.foundation.packs import Context, read_yaml

    if home.db != "sqlite":
        return  # no database is asked
    for branches, stages, bound in ((8, 60, BOUND_MS), (20, 400, None), (2, 400, None)):
        source = definition(branches, stages)
        context = Context("bench.yaml", shared={"posts": POSTS})
        node = read_yaml(source, context)
        flow = Workflow.of(read_workflow(node, context))
        assert not context.problems, [str(p) for p in context.problems[:3]]
        assert len(flow.stages) == stages, len(flow.stages)
        taken, cpu = timed(lambda f=flow: proof.prove(f, posts=POSTS), 5 if home.small else 20)
        reading, _cpu = timed(lambda s=source: read_yaml(s, Context("bench.yaml")), 1)
        middle = percentile(taken, 0.5)
        yield Line(
            home.db, f"proof of {stages} stages, {branches} branches", middle, "ms", limit=reading[0],
            ratio=middle / reading[0], cpu_ms=cpu, bound="" if bound is None else f"<= {bound:g} ms",
            ok=None if bound is None else percentile(taken, 0.95) <= bound,
        )  # fmt: skip


def definition(branches: int, stages: int) -> str:
    """The YAML of a workflow of exactly `stages` stages, most of them on `branches` parallel branches."""
    body = [_task("intake", "together", form="places")]
    tracks = ", ".join(f"{{id: t{n}, to: w{n}_0}}" for n in range(branches))
    body.append(
        f"  together: {{kind: fork, phase: working, title: {{zh: 分头, en: Fork}}, owner: {{post: chief}}, "
        f"clock: {{limit: promise}}, branches: [{tracks}], join: joined}}\n"
    )
    inside = stages - 5  # intake, together, joined, check, closed
    shares = [inside // branches + (n < inside % branches) for n in range(branches)]
    for n, share in enumerate(shares):
        body += [_inside(n, k, share) for k in range(share)]
    body.append("  joined: {kind: join, title: {zh: 汇合, en: Join}, of: together, to: check}\n")
    back = "bad: {title: {zh: 没好, en: Bad}, by: [owner], counter: again, to: together, exhausted: closed}"
    body.append(_task("check", "closed", more=back, unlike="unlike: [intake]"))
    body.append("  closed: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}\n")
    head = (
        "workflow: bench\nversion: 1\ntitle: {zh: 量, en: Bench}\nstart: intake\nkept: {places: places}\n"
        "counters: {again: {max: 3, title: {zh: 返工, en: Again}}}\nstages:\n"
    )
    return head + "".join(body)


def _inside(n: int, k: int, share: int) -> str:
    """A stage of a branch: a gate, a timer that can be objected to, or a task that may go back one step."""
    name, following = f"w{n}_{k}", f"w{n}_{k + 1}" if k + 1 < share else "joined"
    if 0 < k < share - 2 and k % 5 == 1:
        return (
            f"  {name}: {{kind: gate, title: {{zh: 关, en: Gate}}, branches: [{{when: draw < 30, to: {following}}}, "
            f"{{when: draw >= 30 and urgent, to: w{n}_{k + 2}}}, {{else: true, to: {following}}}]}}\n"
        )
    if 0 < k < share - 1 and k % 5 == 3:
        return (
            f"  {name}: {{kind: timer, phase: working, title: {{zh: 公示, en: Wait}}, owner: {{post: clerk}}, "
            f"clock: {{limit: 5 work_day}}, then: {following}, actions: {{object: {{title: {{zh: 异议, en: No}}, "
            f"by: [reporter], counter: again, to: w{n}_{k - 1}, exhausted: w{n}_{k + 1}}}}}}}\n"
        )
    back = f"bad: {{title: {{zh: 退, en: Back}}, by: [owner], counter: again, to: w{n}_0, exhausted: {following}}}"
    return _task(name, following, more=back if k % 5 == 4 and k < share - 1 else "")


def _task(name: str, to: str, *, more: str = "", form: str = "", unlike: str = "") -> str:
    asked = "form: [{id: places, type: places, required: true, title: {zh: 哪里, en: Where}}], keep: {places: places}, "
    done = f"done: {{title: {{zh: 好, en: Done}}, by: [owner], {asked if form else ''}to: {to}}}"
    return (
        f"  {name}: {{kind: task, phase: working, title: {{zh: 办, en: Do}}, owner: {{post: clerk{', ' + unlike if unlike else ''}}}, "
        f"clock: {{limit: 2 work_day}}, actions: {{{done}{', ' + more if more else ''}}}}}\n"
    )
