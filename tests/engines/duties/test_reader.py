"""Rules are proved when they load: what never fires, fires all the time or reads a lost field is refused with its line."""

from __future__ import annotations

import pytest

from gezhi.engines.duties.reader import read_duty
from gezhi.engines.duties.rules import Rule
from gezhi.foundation import expressions as ex
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import Context, read_yaml

SOUND = """
duty: health
title: {zh: 健康监测, en: Health}
over: {register: elders}
when: 年龄 >= 60 且 独居
seat: {post: village_doctor, only: true}
rhythm: {every: month, on: 31}
window: {opens: 2, closes: 2}
record:
  - {id: systolic, type: number, title: {zh: 高压, en: Systolic}, required: true}
updates: {last_check: day}
case_when: 高压 > 160
case: {workflow: request}
waive: [{ground: away, title: {zh: 外出, en: Away}}]
climbs: [{after: 1 work_day}, {after: 3 work_day, to: {post: village_secretary}}]
"""
REGISTER = Form.from_yaml(
    [
        {"id": "alone", "type": "truth", "title": {"zh": "独居"}},
        {"id": "last_check", "type": "date", "title": {"zh": "最近监测"}},
    ]
)


def read(source: str = SOUND):
    context = Context("place/duties/health.yaml")
    types = {"age": ex.Number, **REGISTER.types()}
    context.shared |= {
        "posts": {"village_doctor", "village_secretary", "grid_worker"},
        "items": frozenset({"workflow/request"}),
        "registers": {"elders": {"of": "person", "types": types, "aliases": {"年龄": "age", **REGISTER.aliases()}}},
    }
    return read_duty(read_yaml(source, context), context), context.problems


def test_a_sound_rule_becomes_a_body_and_the_same_rule_again():
    body, problems = read()
    assert problems == []
    rule = Rule.of("health", 1, "h", body)
    assert rule.reads == ("age", "alone") and rule.daily and rule.strict and rule.rhythm.before == 2
    assert [(c.after, c.post) for c in rule.climbs] == [("1 work_day", None), ("3 work_day", "village_secretary")]
    assert rule.named("2027-02").last.isoformat() == "2027-03-02" and rule.named("2027-13") is None


@pytest.mark.parametrize(
    ("was", "now", "code", "line"),
    [
        ("独居\n", "空巢\n", "expression.name", 5),
        ("{last_check: day}", "{blood: day}", "duties.updates", 11),
        ("{last_check: day}", "{last_check: pulse}", "duties.finding", 11),
        ("高压 > 160", "心率 > 160", "expression.name", 12),
        ("register: elders", "register: children", "duties.register", 4),
        ("every: month, on: 31", "every: second", "duties.too_often", 7),
        ("every: month, on: 31", "every: year, on: {month: 2, day: 30}", "duties.never", 7),
        ("every: month, on: 31", "every: month, on: 32", "duties.never", 7),
        ("every: month, on: 31", "lunar: [正月卅五]", "duties.never", 7),
        ("every: month, on: 31", 'every: day, slots: ["08:00-16:00"]', "duties.slots_gap", 7),
        ("every: month, on: 31", 'every: day, slots: ["00:00-00:05", "00:05-24:00"]', "duties.too_often", 7),
        ("every: month, on: 31", "terms: []", "duties.never", 7),
        ("every: month, on: 31", "within: 7 calendar_day, of: discharged", "duties.date_field", 7),
        ("opens: 2, closes: 2", "opens: 20, closes: 20", "duties.windows", 8),
        ("village_doctor", "village_vet", "posts.unknown", 6),
        ("{post: village_doctor, only: true}", "{relation: helper}", "duties.else", 6),
        ("workflow: request", "workflow: unheard", "services.workflow", 13),
        ("after: 1 work_day", "after: soon", "calendar.limit", 15),
    ],
)
def test_a_flawed_rule_is_refused_with_its_line(was, now, code, line):
    assert was in SOUND
    source = SOUND.replace(was, now)
    if "within:" in now:
        source = source.replace("window: {opens: 2, closes: 2}\n", "\n")
    _body, problems = read(source)
    assert (code, line) in [(p.code, p.line) for p in problems], [str(p) for p in problems]


def test_a_field_the_register_no_longer_has_is_refused_naming_both():
    _body, problems = read(SOUND.replace("独居\n", "空巢\n"))
    (words,) = [str(p.words) for p in problems]
    assert "health" in words and "elders" in words and "空巢" in words
