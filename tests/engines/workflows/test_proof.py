"""Definitions that must be refused, each by its own words, with the line where the author wrote it."""

from pathlib import Path

import pytest

from gezhi.engines.workflows.reader import read_workflow
from gezhi.foundation.packs import Context, read_yaml

SOUND = """\
workflow: small
version: 1
title: {zh: 小流程, en: Small}
start: do
promise: 2 work_day
counters:
  again: {max: 2, title: {zh: 返工, en: Reworks}}
stages:
  do:
    kind: task
    phase: working
    title: {zh: 办, en: Do}
    owner: {post: clerk}
    clock: {limit: 1 work_day, warn: 0.5}
    actions:
      done:
        title: {zh: 办好, en: Done}
        by: [owner]
        form:
          - {id: big, type: truth, required: true, title: {zh: 大不大, en: Big}}
        to: sort
      ask_time:
        title: {zh: 延期, en: More time}
        by: [owner]
        form:
          - {id: more, type: limit, required: true, title: {zh: 多久, en: How long}}
        counter: again
        open: time
  time:
    kind: task
    side: true
    title: {zh: 批延期, en: Decide}
    owner: {post: head}
    clock: {limit: 4 work_hour}
    actions:
      yes_:
        title: {zh: 同意, en: Yes}
        by: [owner]
        effect: extend
        close: true
  sort:
    kind: gate
    title: {zh: 分, en: Sort}
    branches:
      - {when: "big == true", to: check}
      - {when: "big == false", to: end}
  check:
    kind: task
    phase: checked
    title: {zh: 查, en: Check}
    owner: {post: head, unlike: [do]}
    clock: {limit: 1 work_day}
    actions:
      good:
        title: {zh: 好, en: Good}
        by: [owner]
        to: end
      bad:
        title: {zh: 没好, en: Bad}
        by: [owner]
        counter: again
        to: do
        exhausted: end
  end: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}
"""


def problems(source: str) -> list:
    context = Context("small.yaml", shared={"posts": {"clerk", "head"}})
    node = read_yaml(source, context)
    if node is not None:
        read_workflow(node, context)
    return context.problems


def test_the_sound_definition_is_accepted():
    assert [str(p) for p in problems(SOUND)] == []


FLAWS = [
    ("flow.start", "start: do", "start: nowhere", 4),
    ("flow.opening_form", "start: do", "intake: []\nstart: do", 4),
    ("flow.opening_form", "start: do", "form: []\nstart: do", 4),
    ("flow.start_kind", "start: do", "start: end", 4),
    ("flow.unknown_stage", "        to: sort", "        to: sortt", 16),
    ("flow.unreachable", "      - {when: \"big == true\", to: check}", "      - {when: \"big == true\", to: end}", 47),
    ("flow.endless", "        counter: again\n        to: do\n        exhausted: end", "        to: do", 47),
    ("flow.dead_end", "        to: end\n      bad:\n        title: {zh: 没好, en: Bad}\n        by: [owner]\n        counter: again\n"
     "        to: do\n        exhausted: end", "        counter: again\n        to: check\n        exhausted: check", 47),
    ("flow.no_end", "end: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}",
     "end: {kind: gate, title: {zh: 结, en: End}, branches: [{else: true, to: do}]}", 9),
    ("task.owner", "    owner: {post: clerk}\n", "", 10),
    ("task.clock", "    clock: {limit: 1 work_day, warn: 0.5}\n", "", 10),
    ("task.phase", "    phase: working\n", "", 10),
    ("task.stuck", "        by: [owner]\n        form:\n          - {id: big", "        by: [reporter]\n        form:\n          - {id: big", 10),
    ("clock.warn", "warn: 0.5", "warn: 1.5", 14),
    ("owner.post", "owner: {post: clerk}", "owner: {post: clark}", 13),
    ("owner.unlike", "unlike: [do]", "unlike: [dew]", 50),
    ("owner.unlike_self", "unlike: [do]", "unlike: [check]", 50),
    ("owner.unassigned", "owner: {post: head, unlike: [do]}", "owner: {case: handler}", 50),
    ("owner.which", "owner: {post: clerk}", "owner: {unlike: [check]}", 13),
    ("owner.without", "owner: {post: clerk}", "owner: {post: clerk, without: nobody}", 13),
    ("action.sealed", "        to: sort", "        sealed: [nobody]\n        to: sort", 21),
    ("ladder.post", "    clock: {limit: 1 work_day, warn: 0.5}\n",
     "    clock: {limit: 1 work_day, warn: 0.5}\n    ladder: [{after: 1 work_day, do: supervise, post: nobody}]\n", 15),
    ("silence.action", "    clock: {limit: 1 work_day, warn: 0.5}\n",
     "    clock: {limit: 1 work_day, warn: 0.5}\n    silence: {after: 1 work_day, action: done}\n", 15),
    ("gate.partial", "      - {when: \"big == false\", to: end}\n", "      - {when: \"urgent == true\", to: end}\n", 44),
    ("gate.expression", "big == false", "bigg == false", 45),
    ("gate.type", "big == false", "1 + 1", 45),
    ("gate.branch", "{when: \"big == false\", to: end}", "{to: end}", 45),
    ("gate.empty", "    branches:\n      - {when: \"big == true\", to: check}\n      - {when: \"big == false\", to: end}\n", "", 41),
    ("action.by", "by: [owner]\n        form", "by: [everybody]\n        form", 16),
    ("action.open", "open: time", "open: tme", 22),
    ("action.to_side", "        to: sort", "        to: time", 16),
    ("action.assign", "        to: sort", "        assign: big\n        to: sort", 16),
    ("counter.unknown", "counter: again", "counter: agein", 23),
    ("counter.exit", "        counter: again\n        to: do\n        exhausted: end", "        counter: again\n        to: do", 58),
    ("counter.max", "max: 2", "max: 0", 7),
    ("main.close", "        to: sort", "        close: true", 16),
    ("side.moves", "        effect: extend\n        close: true", "        effect: extend\n        to: end", 36),
    ("side.open_for_ever", "        effect: extend\n        close: true", "        effect: extend", 29),
    ("set.unknown", "        to: sort", "        set: {money: \"1\"}\n        to: sort", 21),
    ("set.type", "        to: sort", "        set: {solved: \"1 + 1\"}\n        to: sort", 21),
    ("set.expression", "        to: sort", "        set: {solved: \"1 +\"}\n        to: sort", 21),
    ("action.stamp", "        to: sort", "        stamp: [never]\n        to: sort", 21),
    ("action.public", "        to: sort", "        public: [words]\n        to: sort", 21),
    ("action.use", "      good:\n        title: {zh: 好, en: Good}\n        by: [owner]\n        to: end",
     "      good: {use: do.nothing, to: end}", 53),
    ("calendar.limit", "promise: 2 work_day", "promise: 2 fortnight", 5),
    ("pack.key", "    phase: working", "    fase: working", 11),
    ("pack.yaml", "  again: {max: 2", "  again: {max: 2}}", 7),
]  # fmt: skip


@pytest.mark.parametrize(("code", "good", "bad", "line"), FLAWS, ids=[f[0] for f in FLAWS])
def test_a_flaw_is_refused_with_its_line_in_words(code, good, bad, line):
    assert SOUND.count(good) >= 1, "the sample no longer holds what is to be broken"
    found = [p for p in problems(SOUND.replace(good, bad, 1)) if p.code == code]
    assert found, [str(p) for p in problems(SOUND.replace(good, bad, 1))]
    assert found[0].file == "small.yaml" and abs(found[0].line - line) <= 2, str(found[0])
    assert len(str(found[0].words)) >= 6


def test_an_endless_turn_comes_with_the_run_that_shows_it():
    source = SOUND.replace("        counter: again\n        to: do\n        exhausted: end", "        to: do")
    (found,) = [p for p in problems(source) if p.code == "flow.endless"]
    assert "do" in found.trace[0] and any("bad" in str(step) for step in found.trace)


def test_every_shipped_workflow_is_sound():
    from gezhi.foundation import packs

    root = Path(__file__).parents[3] / "packs"
    names = {i.name for p in root.glob("*/pack.yaml") for i in packs.load(p.parent).items if i.kind == "workflow"}
    assert {"request", "errand", "dispute", "repair"} <= names
