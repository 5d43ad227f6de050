"""`for`, `end_when` and keys of several parts: what packs may say, what is refused, what a merge does to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gezhi.foundation import packs, people, subjects
from gezhi.foundation.errors import Conflict, Flawed
from tests.mechanisms.roll import ago, person
from tests.world import PACKS, World

BASE = "title: {zh: 册, en: R}\nof: person\nform: [{id: topic, type: text, title: {zh: 题, en: T}}]\n"


def written(folder: Path, **registers: str) -> Path:
    """A pack beside the standard one with these registers."""
    pack = folder / "trial"
    (pack / "registers").mkdir(parents=True)
    (folder / "standard-county").symlink_to(PACKS / "standard-county")
    (pack / "pack.yaml").write_text("pack: trial\nversion: 1\ntitle: {zh: 试, en: Trial}\nuses: [standard-county]\n")
    for name, more in registers.items():
        (pack / "registers" / f"{name}.yaml").write_text(f"register: {name}\n{BASE}{more}\n")
    return pack


@pytest.mark.parametrize(
    ("more", "code", "line"),
    [
        ("for: {register: nowhere}", "register.for", 5),
        ("for: {register: business}", "register.for", 5),  # of organisations
        ("for: {register: resident, when: 学历 = 1}", "expression.name", 5),
        ("end_when: 年铃 > 3", "expression.name", 5),
        ("one: subject+subjct", "register.one", 5),
    ],
)
def test_a_flaw_is_refused_with_its_line(db, tmp_path, more, code, line):
    with pytest.raises(Flawed) as flawed:
        packs.load(written(tmp_path, trial_one=more))
    assert [(p.code, p.line) for p in flawed.value.problems] == [(code, line)]


@pytest.fixture
def trial(db, tmp_path):
    world = World()
    pack = written(
        tmp_path, wish="one: subject+topic", kept="end_when: 题 = \"还清\"", late="for: {register: wish, only: true}"
    )  # fmt: skip
    packs.install(pack, actor=people.system("test"))
    return world, world.actor("赵兰")


def test_one_line_for_each_person_and_topic_and_a_merge_keeps_it_so(trial):
    world, actor = trial
    a, b = person(world, 1), person(world, 2)
    first = subjects.enter("wish", a.pk, {"topic": "电商"}, actor=actor)
    other = subjects.enter("wish", a.pk, {"topic": "做账"}, actor=actor)
    twin = subjects.enter("wish", b.pk, {"topic": "电商"}, actor=actor)
    with pytest.raises(Conflict) as refused:
        subjects.enter("wish", a.pk, {"topic": "电商"}, actor=actor)
    assert refused.value.code == "subject.one_only"
    before = [(e.pk, e.subject_id, e.until, e.key) for e in subjects.Entry.objects.order_by("pk")]
    subjects.merge(b.pk, into=a.pk, actor=actor)
    live = subjects.Entry.objects.filter(register="wish", until=None, subject_id=a.pk).order_by("pk")
    assert [e.pk for e in live] == [first.pk, other.pk]
    with pytest.raises(Conflict):
        subjects.enter("wish", a.pk, {"topic": "做账"}, actor=actor)
    subjects.split(b.pk, actor=actor)
    assert [(e.pk, e.subject_id, e.until, e.key) for e in subjects.Entry.objects.order_by("pk")] == before
    assert subjects.Entry.objects.get(pk=twin.pk).until is None


def test_a_line_ends_only_when_its_register_lets_it(trial):
    world, actor = trial
    who = person(world, 3)
    line = subjects.enter("kept", who.pk, {"topic": "欠着"}, actor=actor, since=ago(5))
    with pytest.raises(Conflict) as refused:
        subjects.end(line.pk, actor=actor)
    assert refused.value.code == "subject.not_to_end"
    with pytest.raises(Conflict):
        subjects.end_subject(who.pk, "moved_out", actor=actor)
    subjects.change(line.pk, {"topic": "还清"}, actor=actor)
    assert subjects.end(line.pk, actor=actor).until is not None
    dead = person(world, 4)  # death is not refused by a register
    subjects.enter("kept", dead.pk, {"topic": "欠着"}, actor=actor)
    assert subjects.end_subject(dead.pk, "died", actor=actor).ended == "died"


def test_only_those_it_is_for_can_be_entered(trial):
    world, actor = trial
    a, b = person(world, 5), person(world, 6)
    subjects.enter("wish", a.pk, {"topic": "电商"}, actor=actor)
    with pytest.raises(Conflict) as refused:
        subjects.enter_many("late", [(a.pk, {}), (b.pk, {})], actor=actor)
    assert refused.value.code == "subject.not_meant"
    assert not subjects.Entry.objects.filter(register="late").exists()
    subjects.enter("late", a.pk, {}, actor=actor)
