"""What a rubric may not say is refused with the line that says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from gezhi.engines.appraisals.reader import read_rubric
from gezhi.foundation import expressions as ex
from gezhi.foundation.errors import Flawed
from gezhi.foundation.packs import Context, read_yaml

FILE = Path(settings.ROOT) / "packs/zhongzhan-district/rubrics/star_branch.yaml"
GOOD = FILE.read_text(encoding="utf-8")
POSTS = {"star_task_force", "star_district", "star_street", "star_village", "village_secretary", "department"}
REGISTERS = {
    "family": {
        "of": "living_household", "aliases": {"上报数": "sent", "户数": "n"}, "types": {"n": ex.Number, "sent": ex.Number, "logins": ex.Number, "kind": ex.Choice("ab")},
    }
}  # fmt: skip


def read(text):
    context = Context("rubrics/x.yaml", shared={"posts": POSTS, "registers": REGISTERS})
    body = read_rubric(read_yaml(text, context), context)
    try:
        context.finish()
    except Flawed as flawed:
        return {(p.code, p.line) for p in flawed.problems}
    return body


def line(part):
    return next(n for n, text in enumerate(GOOD.splitlines(), 1) if part in text)


def test_the_shipped_one_is_read():
    assert isinstance(read(GOOD), dict)


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("weight: 0.4", "weight: 0.39", "rubric.weights", "id: lessons"),
        ("weight: 0.4", "weight: 0.40001", "rubric.number", "id: service"),
        ("metric: closed_on_time_rate", "metric: reported", "rubric.busy", "id: service"),
        ("metric: closed_on_time_rate", "metric: half_hour_rate", "rubric.busy", "id: service"),
        ("metric: closed_on_time_rate", "metric: closed_late_rate", "rubric.direction", "id: service"),
        ("metric: closed_on_time_rate", "metric: closed_in_time", "rubric.metric", "id: service"),
        ("{from: 90, points: 100}", "{from: 60, points: 100}", "rubric.order", "better: more"),
        ("{from: 90, points: 100}", "{from: 90, points: 50}", "rubric.direction", "better: more"),
        ("[{points: 0}, {from: 60", "[{from: 0, points: 0}, {from: 60", "rubric.total", "better: more"),
        ("least: 3, trim: 1", "least: 2, trim: 1", "rubric.trim", "id: look"),
        ("check: [star_street]", "check: []", "rubric.check", "id: lessons"),
        ("that: points_lessons >= 60", "that: points_lesson >= 60", "expression.name", "id: basis"),
        ("cap: none", "cap: no_star", "pack.choice", "id: basis"),
        ("{id: star, from: 80", "{id: star, from: 101", "rubric.number", "id: star,"),
        ("open: [star_task_force]", "open: [star_force]", "rubric.post", "open:"),
        ("places: village", "posts: [village_secretary]", "rubric.metric_of", "id: service"),
        ("appeal: 5 work_day", "appeal: 5 moons", "rubric.limit", "appeal:"),
    ],
)
def test_a_flaw_is_told_with_its_line(old, new, code, where):
    assert old in GOOD
    found = read(GOOD.replace(old, new, 1))
    assert (code, line(where)) in found, found


@pytest.mark.parametrize("value", ["sent", "logins * 2", "n + logins"])
def test_how_busy_somebody_looks_is_no_score(value):
    text = GOOD.replace("of: {places: village}", "of: {register: family}")
    text = text.replace("metric: closed_on_time_rate, least: 5,", f"value: {value},")
    assert ("rubric.busy", line("id: service")) in read(text)
    assert isinstance(read(text.replace(f"value: {value},", "value: n,")), dict)


def test_a_flaw_is_told_in_words_with_the_file():
    context = Context("rubrics/x.yaml", shared={"posts": POSTS, "registers": REGISTERS})
    read_rubric(read_yaml(GOOD.replace("weight: 0.4", "weight: 0.39", 1), context), context)
    with pytest.raises(Flawed) as told:
        context.finish()
    (flaw,) = told.value.problems
    assert (flaw.file, flaw.line) == ("rubrics/x.yaml", line("id: lessons")) and "0.99" in str(flaw.words)
