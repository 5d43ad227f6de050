"""Flaws of timers, forks, children, kept values and side chains; where a run can show one, the run is replayed."""

from contextlib import suppress

import pytest

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.reader import read_workflow
from gezhi.engines.workflows.schema import Workflow
from gezhi.foundation.packs import Context, read_yaml

from .abstract import Endless, Impossible, Machine

POSTS = {
    "clerk": {"falls_to": "head", "level": "town", "powers": []},
    "unit": {"falls_to": "head", "level": "town", "powers": [], "duty": False},
    "head": {"falls_to": "chief", "level": "town", "powers": []},
    "chief": {"falls_to": None, "level": "county", "powers": []},
}
SOUND = """\
workflow: large
version: 1
title: {zh: 大流程, en: Large}
start: intake
promise: 20 work_day
kept: {units: seats, places: places, next_date: date, urgency: choice}
counters:
  objections: {max: 2, title: {zh: 异议, en: Objections}}
  parkings: {max: 2, title: {zh: 挂账, en: Parkings}}
  reworks: {max: 2, title: {zh: 返工, en: Reworks}}
stages:
  intake:
    kind: task
    phase: received
    title: {zh: 收, en: Intake}
    owner: {post: clerk}
    clock: {limit: 1 work_day}
    ladder:
      - {after: 4 work_hour, do: remind}
      - {after: 1 work_day, do: supervise, post: head}
      - {after: 2 work_day, do: take_over, post: chief, clock: 1 work_day}
    actions:
      spread:
        title: {zh: 分头办, en: Spread}
        by: [owner]
        form:
          - {id: units, type: seats, required: true, title: {zh: 哪些单位, en: Units}}
          - {id: unit, type: seat, required: true, title: {zh: 牵头, en: Lead}}
        keep: {units: units}
        assign: unit
        to: together
  together:
    kind: fork
    phase: working
    title: {zh: 分头办, en: Together}
    owner: {case: handler}
    clock: {limit: promise}
    branches:
      - {id: lead, to: lead_work}
      - {id: watch, to: watching}
      - {id: assist, to: assist_work, each: units}
    join: joined
  lead_work:
    kind: task
    phase: working
    title: {zh: 牵头办, en: Lead}
    owner: {case: handler}
    clock: {limit: promise}
    actions:
      done:
        title: {zh: 办好, en: Done}
        by: [owner]
        form:
          - {id: places, type: places, required: true, title: {zh: 哪些地方, en: Places}}
        keep: {places: places}
        to: joined
      drop:
        title: {zh: 不用办了, en: Drop}
        by: [owner]
        to: dropped
        ends_all: true
      ask_park:
        title: {zh: 申请挂账, en: Ask to park}
        by: [owner]
        form:
          - {id: why, type: text, required: true, title: {zh: 为什么, en: Why}}
        counter: parkings
        open: draft
  watching:
    kind: task
    phase: working
    title: {zh: 盯着, en: Watch}
    owner: {post: head}
    clock: {limit: 5 work_day}
    actions:
      seen:
        title: {zh: 看过, en: Seen}
        by: [owner]
        to: joined
  assist_work:
    kind: task
    phase: working
    title: {zh: 配合办, en: Assist}
    owner: {case: branch}
    clock: {limit: 5 work_day}
    actions:
      done:
        title: {zh: 办好, en: Done}
        by: [owner]
        to: joined
  draft:
    kind: task
    side: true
    title: {zh: 拟办, en: Draft}
    owner: {post: clerk}
    clock: {limit: 1 work_day}
    actions:
      put:
        title: {zh: 拟, en: Put}
        by: [owner]
        to: rule
  rule:
    kind: task
    side: true
    title: {zh: 批示, en: Rule}
    owner: {post: head, unlike: [draft]}
    clock: {limit: 1 work_day}
    actions:
      grant:
        title: {zh: 同意, en: Grant}
        by: [owner]
        form:
          - {id: next_date, type: date, required: true, title: {zh: 下次公布, en: Next date}}
        keep: {next_date: next_date}
        effect: move
        moves_to: parked
        from: [lead_work]
      refuse:
        title: {zh: 不同意, en: Refuse}
        by: [owner]
        close: true
  parked:
    kind: timer
    phase: working
    title: {zh: 挂账, en: Parked}
    owner: {post: head}
    clock: {until: next_date, max: 90 calendar_day}
    then: lead_work
    pauses: true
    parked: true
  joined:
    kind: join
    title: {zh: 汇合, en: Joined}
    of: together
    needs: all
    to: publicity
  publicity:
    kind: timer
    phase: working
    title: {zh: 公示, en: Publicity}
    owner: {post: clerk}
    clock: {limit: 5 work_day}
    then: sweep
    actions:
      object:
        title: {zh: 有异议, en: Object}
        by: [reporter, owner]
        counter: objections
        to: hear
        exhausted: hear_last
  hear:
    kind: task
    phase: working
    title: {zh: 听, en: Hear}
    owner: {above: intake, unlike: [intake]}
    clock: {limit: 2 work_day}
    actions:
      heard:
        title: {zh: 听过, en: Heard}
        by: [owner]
        to: publicity
  hear_last:
    kind: task
    phase: working
    title: {zh: 再听, en: Hear again}
    owner: {post: chief}
    clock: {limit: 2 work_day}
    actions:
      settle:
        title: {zh: 定, en: Settle}
        by: [owner]
        to: sweep
  sweep:
    kind: children
    phase: working
    title: {zh: 排查, en: Sweep}
    owner: {post: head}
    clock: {limit: 10 work_day}
    workflow: large
    each: places
    needs: all
    counts: [done]
    then: choose
    actions:
      stop:
        title: {zh: 够了, en: Enough}
        by: [owner]
        to: choose
  choose:
    kind: gate
    title: {zh: 查不查, en: Check or not}
    branches:
      - {when: "draw < 20", to: check}
      - {else: true, to: closed}
  check:
    kind: task
    phase: checked
    title: {zh: 查, en: Check}
    owner: {post: head, unlike: [lead_work]}
    clock: {limit: 1 work_day}
    actions:
      good:
        title: {zh: 好, en: Good}
        by: [owner]
        to: closed
      bad:
        title: {zh: 没好, en: Bad}
        by: [owner]
        counter: reworks
        to: together
        exhausted: closed
  closed: {kind: end, phase: closed, title: {zh: 结, en: Closed}, outcome: done}
  dropped: {kind: end, phase: closed, title: {zh: 不办了, en: Dropped}, outcome: withdrawn}
"""


def flaws(source: str):
    """(typed workflow, flaws of the proof, problems with their lines)."""
    context = Context("large.yaml", shared={"posts": POSTS})
    body = read_workflow(read_yaml(source, context), context)
    flow = Workflow.of(body)
    return flow, proof.prove(flow, posts=POSTS, powers=("case.see", "case.supervise")), context.problems


def test_the_sound_definition_is_accepted():
    assert [str(p) for p in flaws(SOUND)[2]] == []


HANDLE = "        by: [owner]\n        to: publicity\n"
# (code, what is written, what is broken into, words of the line where it is said)
FLAWS = [
    ("fork.join", "    join: joined\n", "    join: hear\n", "together:"),
    ("fork.join", "    join: joined\n", "", "together:"),
    ("fork.single", "      - {id: watch, to: watching}\n      - {id: assist, to: assist_work, each: units}\n", "",
     "branches:"),
    ("fork.id", "{id: watch, to: watching}", "{id: lead, to: watching}", "id: lead, to: watching"),
    ("fork.id", "{id: watch, to: watching}", "{id: any, to: watching}", "id: any"),
    ("fork.empty", "{id: watch, to: watching}", "{id: watch, to: joined}", "id: watch"),
    ("join.of", "    of: together\n", "    of: sweep\n", "joined:"),
    ("join.to", "    needs: all\n    to: publicity\n", "    needs: all\n", "joined:"),
    ("join.needs", "    of: together\n    needs: all", "    of: together\n    needs: 4", "needs: 4"),
    ("join.needs", "    of: together\n    needs: all", "    of: together\n    needs: leed", "needs: leed"),
    ("join.actions", "    of: together\n", "    of: together\n    owner: {post: head}\n", "joined:"),
    ("join.never", "        title: {zh: 看过, en: Seen}\n        by: [owner]\n        to: joined",
     "        title: {zh: 看过, en: Seen}\n        by: [owner]\n        ends_all: true\n        to: dropped", "joined:"),
    ("block.end_inside", "        ends_all: true\n", "", "drop:"),
    ("block.wrong_join", HANDLE, "        by: [owner]\n        to: joined\n", "heard:"),
    ("block.crossed", HANDLE, "        by: [owner]\n        to: lead_work\n", "heard:"),
    ("block.crossed", "        title: {zh: 看过, en: Seen}\n        by: [owner]\n        to: joined",
     "        title: {zh: 看过, en: Seen}\n        by: [owner]\n        to: lead_work", "seen:"),
    ("ends_all.target", "        to: dropped\n", "        to: watching\n", "drop:"),
    ("fork.leaves", "    join: joined\n",
     "    join: joined\n    actions:\n      stop: {title: {zh: 停, en: Stop}, by: [owner], to: hear}\n", "stop:"),
    ("timer.then", "    then: sweep\n", "", "publicity:"),
    ("timer.clock", "    clock: {limit: 5 work_day}\n    then: sweep", "    clock: {limit: promise}\n    then: sweep",
     "limit: promise}\n    then"),
    ("timer.pauses", "    workflow: large\n", "    workflow: large\n    pauses: true\n", "sweep:"),
    ("timer.silence", "    then: sweep\n", "    then: sweep\n    silence: {after: 1 work_day, action: object}\n", "publicity:"),
    ("kept.unknown", "keep: {next_date: next_date}", "keep: {nextdate: next_date}", "keep: {nextdate"),
    ("kept.unknown", "until: next_date", "until: nextdate", "until: nextdate"),
    ("kept.field", "keep: {next_date: next_date}", "keep: {next_date: nextdate}", "keep: {next_date"),
    ("kept.field", "keep: {next_date: next_date}", "keep: {next_date: 今天 + 1}", "keep: {next_date"),
    ("kept.unfilled", 'when: "draw < 20"', 'when: "urgency = \'a\'"', "branches:\n      - {when: \"urg"),
    ("kept.type", "keep: {units: units}", "keep: {next_date: units}", "keep: {next_date: units"),
    ("kept.type", "each: places\n", "each: units\n", "each: units\n"),
    ("kept.missing", "        keep: {next_date: next_date}\n", "", "until: next_date"),
    ("kept.missing", "          - {id: next_date, type: date, required: true", "          - {id: next_date, type: date",
     "until: next_date"),
    ("kept.missing", "        keep: {places: places}\n", "", "each: places"),
    ("kept.missing", "        keep: {units: units}\n", "", "each: units"),
    ("kept.missing", "    of: together\n    needs: all", "    of: together\n    needs: any", "each: places"),
    ("owner.unassigned", "type: seat, required: true", "type: seat", "owner: {case: handler}"),
    ("owner.branch", "owner: {post: head}\n    clock: {limit: 5 work_day}\n    actions:\n      seen",
     "owner: {case: branch}\n    clock: {limit: 5 work_day}\n    actions:\n      seen", "owner: {case: branch}"),
    ("owner.above", "{above: intake,", "{above: choose,", "above: choose"),
    ("owner.above", "{above: intake,", "{above: hear_last,", "above: hear_last"),
    ("owner.above", "{above: intake,", "{above: hear,", "above: hear,"),
    ("owner.nobody", "    owner: {post: chief}\n", "    owner: {post: chief, unlike: [lead_work, hear]}\n", "unlike: [lead_work, hear]"),
    ("ladder.order", "{after: 4 work_hour, do: remind}", "{after: 3 work_day, do: remind}", "{after: 1 work_day, do: sup"),
    ("ladder.take_over", "      - {after: 1 work_day, do: supervise, post: head}\n      - {after: 2 work_day, do: take_over, post: chief, clock: 1 work_day}\n",
     "      - {after: 1 work_day, do: take_over, post: chief, clock: 1 work_day}\n      - {after: 2 work_day, do: supervise, post: head}\n",
     "{after: 1 work_day, do: take"),
    ("ladder.post", "do: supervise, post: head", "do: supervise, post: heed", "post: heed"),
    ("children.then", "    then: choose\n", "", "sweep:"),
    ("children.each", "    each: places\n", "", "sweep:"),
    ("children.workflow", "    workflow: large\n", "", "sweep:"),
    ("children.needs", "    each: places\n    needs: all", "    each: places\n    needs: most", "needs: most"),
    ("side.kind", "    side: true\n    title: {zh: 拟办", "    side: true\n    then: rule\n    title: {zh: 拟办", "draft:"),
    ("side.moves", "        to: rule\n", "        to: lead_work\n", "put:"),
    ("side.open_for_ever", "        to: rule\n", "", "draft:"),
    ("side.endless", "        close: true\n", "        close: true\n      again: {title: {zh: 再拟, en: Again}, by: [owner], to: draft}\n", "draft:"),
    ("effect.from_never", "from: [lead_work]", "from: [lead_work, watching]", "grant:"),
    ("effect.from", "        from: [lead_work]\n", "", "grant:"),
    ("effect.from", "from: [lead_work]", "from: [together]", "grant:"),
    ("effect.move", "        close: true\n", "        close: true\n        effect: move\n", "refuse:"),
    ("effect.move_keys", "        close: true\n", "        close: true\n        from: [lead_work]\n", "refuse:"),
    ("effect.unbounded", "        close: true\n", "        close: true\n        effect: extend\n", "refuse:"),
    ("flow.endless", "        counter: parkings\n", "", "  parked:"),
    ("flow.endless", "        counter: objections\n        to: hear\n        exhausted: hear_last\n", "        to: hear\n", "hear:"),
    ("flow.dead_end", "        to: sweep\n", "        counter: reworks\n        to: hear_last\n        exhausted: hear_last\n", "hear_last:"),
    ("flow.unreachable", "        exhausted: hear_last\n", "        exhausted: sweep\n", "  hear_last:"),
    ("counter.no_human", "        exhausted: hear_last\n", "        exhausted: publicity\n", "object:"),
    ("counter.missing", "        counter: objections\n", "", "object:"),
    ("counter.same_exit", "        exhausted: hear_last\n", "        exhausted: hear\n", "object:"),
    ("parked.unapproved", "        to: dropped\n        ends_all: true\n", "        counter: parkings\n        to: parked\n        exhausted: joined\n", "drop:"),
    ("gate.overlap", "      - {when: \"draw < 20\", to: check}\n", "      - {when: \"draw < 20\", to: check}\n      - {when: \"draw < 5\", to: closed}\n",
     "branches:\n      - {when"),
    ("gate.field_types", "        title: {zh: 够了, en: Enough}\n        by: [owner]\n",
     "        title: {zh: 够了, en: Enough}\n        by: [owner]\n        form: [{id: n, type: number, title: {zh: 几, en: N}}]\n", ""),
    ("name.letters", "  hear_last:", "  hеar_last:", "  hеar_last:"),
    ("name.lookalike", "  hear_last:", "  pub1icity:", "  pub1icity:"),
    ("action.by", "by: [reporter, owner]", "by: [repоrter, owner]", "object:"),
    ("action.field_type", "{id: why, type: text,", "{id: urgent, type: text,", "- {id: urgent"),
    (
        "task.mains",
        "      good:\n",
        "      best: {title: {zh: 好, en: B}, by: [owner], main: true, to: closed}\n"
        "      well: {title: {zh: 好, en: W}, by: [owner], main: true, to: closed}\n      good:\n",
        "  check:",
    ),
    ("effect.extend", "        to: dropped\n", "        effect: extend\n        to: dropped\n", "drop:"),
    ("system.form", "en: Ask to park}\n        by: [owner]", "en: Ask to park}\n        by: [owner, system]", "ask_park:"),
    ("end.owner", "outcome: done}", "outcome: done, owner: {post: head}}", "  closed:"),
    ("gate.actions", "en: Check or not}\n", "en: Check or not}\n    owner: {post: head}\n", "  choose:"),
    (
        "gate.else_first",
        "      - {else: true, to: closed}\n",
        "      - {else: true, to: closed}\n      - {when: urgent, to: closed}\n",
        "    branches:\n      - {when",
    ),
    (
        "anytime.moves",
        "counters:\n",
        "anytime:\n  go: {title: {zh: 走, en: Go}, by: [owner], to: closed}\ncounters:\n",
        "  go:",
    ),
    (
        "owner.duty",
        "owner: {post: clerk}\n    clock: {limit: 5 work_day}",
        "owner: {post: unit, duty: true}\n    clock: {limit: 5 work_day}",
        "owner: {post: unit",
    ),
    ("action.by", "by: [reporter, owner]", "by: [\"power:case.seee\"]", "object:"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "good", "bad", "line"), FLAWS, ids=[f"{n}-{f[0]}" for n, f in enumerate(FLAWS)])
def test_a_flaw_is_refused_with_its_line_and_a_run_that_shows_it(code, good, bad, line):
    assert SOUND.count(good) >= 1, "the sample no longer holds what is to be broken"
    source = broken(code, good, bad)
    flow, found, problems = flaws(source)
    (said, *_more) = [p for p in problems if p.code == code] or [None]
    assert said is not None, [str(p) for p in problems]
    if line:
        wanted = source[: source.index(line)].count("\n") + 1
        assert abs(said.line - wanted) <= 1, (str(said), wanted)
    assert "{" not in str(said.words) and len(str(said.words)) >= 6, str(said)
    for flaw in found:
        if flaw.run:
            show(flow, flaw)


def broken(code, good, bad):
    source = SOUND.replace(good, bad, 1)
    if code == "gate.field_types":  # the other way to the same gate asks the same name as a text
        source = source.replace("        title: {zh: 定, en: Settle}\n        by: [owner]\n        to: sweep",
                                "        title: {zh: 定, en: Settle}\n        by: [owner]\n"
                                "        form: [{id: n, type: text, title: {zh: 几, en: N}}]\n        to: choose")  # fmt: skip
    if code == "effect.unbounded":
        source = source.replace("        counter: parkings\n", "")
    if code == "side.kind":
        source = source.replace("  draft:\n    kind: task", "  draft:\n    kind: timer")
    if code == "name.lookalike":
        source = source.replace("hear_last", "pub1icity")
    if code == "name.letters":
        source = source.replace("exhausted: hear_last", "exhausted: hеar_last")
    return source


def show(flow, flaw):
    """Replay the run of a flaw in the abstract interpreter and show that what is said is so."""
    assert flaw.trace[0] == flow.start
    with suppress(Endless):  # a fork that opens itself: worse than what is said
        _show(flow, flaw, Machine(flow))


def _show(flow, flaw, machine):
    if flaw.code == "fork.empty":
        machine.replay(flaw.run[:-1])
        return
    if flaw.code == "block.wrong_join":
        with pytest.raises(Impossible, match="is not the join"):
            machine.replay(flaw.run)
        machine.replay(flaw.run[: -2 if flaw.run[-1].kind == "join" else -1])
        return
    *_earlier, marking = machine.replay(flaw.run)
    if flaw.code == "block.end_inside":
        assert marking.ended and marking.tokens, "the case has ended and work is still open"
    elif flaw.code == "flow.dead_end":
        assert not machine.can_end(marking)
    elif flaw.code == "flow.endless":
        last = flaw.run[-1].target
        starts = [n for n, move in enumerate(flaw.run) if move.source == last]
        assert any(not any(m.counted for m in flaw.run[n:]) for n in starts), "some round of the loop is counted"
    elif flaw.code == "join.never":
        assert not any(m.tokens and not any(t[0] for t in m.tokens) for m in machine.explore(marking))
    elif flaw.code in ("kept.missing", "owner.unassigned", "owner.above"):
        assert marking.at(flaw.where[1]) or flow.stages[flaw.where[1]].kind == "gate"
        assert not lacking(flow, flaw)
    elif flaw.code == "block.crossed":
        graph, target = proof.Graph.of(flow), flaw.run[-1].target
        here = {t[0] for t in marking.at(target)}
        assert here - {graph.paths[target]}, "the stage belongs where the run comes to it"
        other = graph.run_to(target)
        assert other is None or graph.paths[target] in {t[0] for t in machine.replay(other)[-1].at(target)}


def lacking(flow, flaw):
    """Whether the run, after all, brought what the flaw says is missing."""
    name = flaw.facts["name"]
    for move in flaw.run:
        action = move.action
        if action is None:
            continue
        sure = {f.id for f in action.form.fields if f.required and f.when is None}
        if flaw.code == "kept.missing" and action.keep.get(name) in sure:
            return True
        if flaw.code == "owner.unassigned" and action.assign in {f.id for f in action.form.fields if f.required}:
            return True
        if flaw.code == "owner.above" and move.source == name:
            return True
    return False


def test_the_codes_of_the_proof_are_all_tried_here_or_beside():
    from pathlib import Path

    from .test_proof import FLAWS as SIMPLE
    from .test_proof_panels import FLAWS as PANELS

    room = Path(proof.__file__).parent
    import re

    written = set()
    for file in room.glob("proof*.py"):
        written |= set(re.findall(r'Flaw\(\s*f?"([a-z_]+\.[a-z_]+)"', file.read_text(encoding="utf-8")))
        written |= set(re.findall(r'_flaw\("([a-z_]+\.[a-z_]+)"', file.read_text(encoding="utf-8")))
    tried = {f[0] for f in FLAWS} | {f[0] for f in SIMPLE} | {f[0] for f in PANELS} | ELSEWHERE
    assert written - tried == set()
    assert len(tried) >= 25


ELSEWHERE = {
    "flow.too_big",
    "block.deep",
    "gate.too_many",
    "fork.too_many",  # test_proof_bounds.py
    "children.unknown",
    "children.circle",
    "children.counts",
    "children.consent",  # test_proof_children.py
    "effect.passing",
    "effect.recuse",
    "effect.accept",
    "must.field",
    "must.expression",
    "kept.expression",  # test_passing.py
    "action.reads",
    "action.books",  # test_registering.py
    "owner.ring",  # below
}


def test_three_stages_of_a_lonely_root_cannot_all_avoid_each_other():
    lonely = {"boss": {"falls_to": None, "level": "county", "powers": []}}

    def source(unlike):
        names, stages = ("one", "two", "three"), ""
        for number, name in enumerate(names):
            to = [*names, "end"][number + 1]
            stages += (
                f"  {name}: {{kind: task, phase: working, title: {{zh: 办, en: Do}}, owner: {{post: boss, unlike: "
                f"{unlike[number]}}}, clock: {{limit: 1 work_day}}, "
                f"actions: {{done: {{title: {{zh: 好, en: Done}}, by: [owner], to: {to}}}}}}}\n"
            )
        return (
            f"workflow: three\nversion: 1\ntitle: {{zh: 三, en: Three}}\nstart: one\nstages:\n{stages}"
            "  end: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}\n"
        )

    def codes(unlike):
        context = Context("three.yaml", shared={"posts": lonely})
        read_workflow(read_yaml(source(unlike), context), context)
        return [p.code for p in context.problems]

    assert codes(["[]", "[one]", "[]"]) == []
    assert codes(["[]", "[one]", "[two]"]) == []
    assert "owner.ring" in codes(["[two]", "[three]", "[one]"])
