"""Flaws of panels, watches and draws: a sound definition broken in one place, the flaw told at its line."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.reader import read_workflow
from gezhi.engines.workflows.schema import Workflow
from gezhi.foundation.packs import Context, read_yaml

from .test_proof_blocks import POSTS, show

SOUND = """\
workflow: talks
version: 1
title: {zh: 议事, en: Talks}
start: intake
promise: 20 work_day
kept: {units: seats, places: places}
counters:
  again: {max: 2, title: {zh: 再议, en: Again}}
stages:
  intake:
    kind: task
    phase: received
    title: {zh: 收, en: Intake}
    owner: {post: clerk}
    clock: {limit: 1 work_day}
    actions:
      go:
        title: {zh: 议, en: Confer}
        by: [owner]
        form:
          - {id: units, type: seats, required: true, title: {zh: 哪些单位, en: Units}}
        keep: {units: units}
        to: confer
  confer:
    kind: panel
    phase: owned
    title: {zh: 商, en: Confer}
    owner: {post: clerk}
    clock: {limit: 5 work_day}
    panel:
      form: vote
      voters: {roll: households}
      groups:
        - {id: owner, title: {zh: 业主, en: Owners}}
        - {id: shop, title: {zh: 商户, en: Shops}}
      quorum: {at_least: 2/3}
      passing: {more_than: 1/2}
      area: true
      minutes: true
      rounds: 2
      public: true
      ways: {passed: judged, failed: change, void: settle}
  change:
    kind: task
    phase: owned
    title: {zh: 改, en: Change}
    owner: {post: clerk}
    clock: {limit: 1 work_day}
    actions:
      again: {title: {zh: 再议, en: Again}, by: [owner], counter: again, to: confer, exhausted: settle}
  judged:
    kind: panel
    phase: working
    title: {zh: 打分, en: Score}
    owner: {post: head, unlike: [intake]}
    clock: {limit: 5 work_day}
    panel:
      form: score
      voters: {draw: {post: unit, count: 3, by: rotation}}
      quorum: {count: 3}
      mark: 3
      ways: {passed: rate, failed: change, void: settle}
  rate:
    kind: panel
    phase: checked
    title: {zh: 评, en: Rate}
    owner: {post: clerk}
    clock: {limit: 5 work_day}
    panel:
      form: score
      voters: {same: confer}
      mark: 3
      ways: {passed: asked, failed: settle, void: settle}
  asked:
    kind: panel
    phase: checked
    title: {zh: 问单位, en: Ask the units}
    owner: {post: unit, draw: load}
    clock: {limit: 5 work_day}
    panel:
      form: comment
      voters: {kept: units}
      ways: {passed: done, void: settle}
  settle:
    kind: task
    phase: owned
    title: {zh: 定, en: Settle}
    owner: {post: head}
    clock: {limit: 1 work_day}
    actions:
      end: {title: {zh: 结, en: End}, by: [owner], to: done}
  supervise: {kind: watch, title: {zh: 督, en: Supervise}, beside: [confer, change, judged], flag: answer}
  answer:
    kind: task
    side: true
    title: {zh: 答, en: Answer}
    owner: {post: clerk}
    clock: {limit: 1 work_day}
    actions:
      reply: {title: {zh: 答复, en: Reply}, by: [owner], close: true}
  done: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}
"""
FLAWS = [
    ("panel.missing", "    panel:\n      form: comment\n      voters: {kept: units}\n      ways: {passed: done, void: settle}\n", "    then: done\n"),
    ("panel.voters", "voters: {roll: households}", "voters: {}"),
    ("panel.voters", "voters: {kept: units}", "voters: {kept: places}"),
    ("panel.voters", "{post: unit, count: 3, by: rotation}", "{post: nobody, count: 3}"),
    ("panel.voters", "voters: {roll: households}", "voters: {roll: households, posts: [unit]}"),
    ("panel.same", "voters: {same: confer}", "voters: {same: rate}"),
    ("panel.same", "        to: confer\n  confer:", "        to: rate\n  confer:"),
    ("panel.groups", "{id: shop, title", "{id: owner, title"),
    ("panel.groups", "voters: {roll: households}", "voters: {posts: [unit]}"),
    ("panel.public", "      public: true\n      ways: {passed: judged", "      ways: {passed: judged"),
    ("panel.quorum", "quorum: {count: 3}", "quorum: {count: 4}"),
    ("panel.quorum", "at_least: 2/3", "more_than: 1/1"),
    ("panel.share", "at_least: 2/3", "at_least: two thirds"),
    ("panel.share", "quorum: {at_least: 2/3}", "quorum: {at_least: 2/3, count: 3}"),
    ("panel.ways", "ways: {passed: judged, failed: change, void: settle}", "ways: {passed: judged, void: settle}"),
    ("panel.ways", "ways: {passed: done, void: settle}", "ways: {passed: done, failed: settle, void: settle}"),
    ("flow.unknown_stage", "ways: {passed: judged,", "ways: {passed: judge,"),
    ("panel.again", "void: settle}\n  change:", "void: confer}\n  change:"),
    ("panel.no_human", "void: settle}\n  change:", "void: rate}\n  change:"),
    ("panel.passing", "      passing: {more_than: 1/2}\n", ""),
    ("panel.passing", "      quorum: {count: 3}\n", "      passing: {at_least: 1/2}\n"),
    ("panel.mark", "mark: 3\n      ways: {passed: rate", "mark: 6\n      ways: {passed: rate"),
    ("panel.secret_area", "      minutes: true\n", "      secret: true\n"),
    ("watch.beside", "beside: [confer, change, judged]", "beside: []"),
    ("watch.beside", "beside: [confer, change, judged]", "beside: [confer, answer]"),
    ("watch.keys", "beside: [confer, change, judged]", "owner: {post: clerk}, beside: [confer]"),
    ("watch.keys", "    kind: task\n    phase: owned\n    title: {zh: 定", "    kind: task\n    beside: [confer]\n    phase: owned\n    title: {zh: 定"),
    ("watch.flag", "flag: answer}", "flag: settle}"),
    ("watch.flag", "by: [owner], close: true}", "by: [owner], effect: supervise, close: true}"),
    ("owner.draw", "owner: {post: unit, draw: load}", "owner: {post: unit, duty: true, draw: load}"),
    ("flow.endless", "counter: again, to: confer, exhausted: settle", "to: confer"),
    ("flow.start_kind", "start: intake", "start: confer"),
    ("kept.missing", "keep: {units: units}", "keep: {}"),
    ("action.to_side", "by: [owner], to: done}", "by: [owner], to: supervise}"),
    ("task.owner", "    owner: {post: unit, draw: load}\n", ""),
    ("task.clock", "    owner: {post: unit, draw: load}\n    clock: {limit: 5 work_day}\n", "    owner: {post: unit}\n"),
]  # fmt: skip


def read(text: str):
    context = Context("talks.yaml", shared={"posts": POSTS})
    body = read_workflow(read_yaml(text, context), context)
    return body, context.problems


def test_it_is_sound_as_it_stands():
    body, problems = read(SOUND)
    assert [str(p) for p in problems] == []
    flow = Workflow.of(body)
    assert [a.id for a in flow.actions_at("confer").values()] == ["close_panel", "flag_supervise"]  # minutes: no clock
    assert set(flow.actions_at("judged")) == {"close_panel", "time_over", "flag_supervise"}
    assert flow.answering == {"answer"}


@pytest.mark.parametrize(("code", "old", "new"), FLAWS)
def test_each_flaw_is_told(code: str, old: str, new: str):
    assert old in SOUND
    if code == "panel.public":  # a panel for residents without a list of their households
        old, new = "voters: {kept: units}", "public: true\n      voters: {kept: units}"
    text = SOUND.replace(old, new, 1)
    body, problems = read(text)
    assert code in {p.code for p in problems}, [str(p) for p in problems]
    assert all(p.line > 1 for p in problems if p.code == code)
    flow = Workflow.of(body)
    for flaw in proof.prove(flow, posts=POSTS):
        if flaw.code == code and flaw.run and code == "flow.endless":
            show(flow, flaw)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("sealed: [nothing]", "action.sealed"),
        ("sealed: [units]", "action.sealed"),
        ("sealed: [words], public: [words]", "action.sealed"),
        ("sealed: [words]", ""),
    ],
)
def test_only_words_of_its_own_form_that_nobody_is_to_read_can_be_sealed(line, code):
    more = "{id: units, type: seats, required: true, title: {zh: 哪些单位, en: Units}}"
    text = SOUND.replace(more, more + "\n          - {id: words, type: text, max: 9, title: {zh: 话, en: Words}}", 1)
    text = text.replace(
        "        keep: {units: units}",
        "".join(f"        {part}\n" for part in line.split(", ")) + "        keep: {units: units}",
        1,
    )
    context = Context("talks.yaml", shared={"posts": POSTS})
    read_workflow(read_yaml(text, "talks.yaml"), context)
    assert {p.code for p in context.problems} == ({code} if code else set())


@pytest.mark.parametrize(("name", "code"), [("units", ""), ("places", "owner.without"), ("nobody", "owner.without")])
def test_who_is_left_out_of_a_draw_is_a_kept_list_of_seats(name, code):
    text = SOUND.replace("owner: {post: clerk}", f"owner: {{post: clerk, draw: load, without: {name}}}", 1)
    context = Context("talks.yaml", shared={"posts": POSTS})
    read_workflow(read_yaml(text, "talks.yaml"), context)
    assert {p.code for p in context.problems} == ({code} if code else set())
