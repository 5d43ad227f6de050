"""`make mutations` breaks a pack in one place and tells whether its mechanism's tests notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tools.mutation_points import points

ROOT = Path(settings.ROOT)
DUTY = """duty: watering
title: {zh: 浇树, en: Watering}
seat: {post: keeper}
over: {places: grid1}
rhythm: {every: year, times: 2}
make_up: 7
"""
POSTS = """posts:
  - {code: keeper, title: {zh: 护林员, en: Keeper}, level: county}
  - {code: helper, title: {zh: 帮手, en: Helper}, level: county}
"""
TESTS = """
from pathlib import Path
import pytest
from gezhi.foundation import packs

@pytest.mark.mechanism("M001", file="packs/planted/duties/watering.yaml")
def test_it_is_made_up_in_seven_days_by_the_keeper():
    body = packs.load(Path(__file__).parents[1] / "packs" / "planted").get("duty", "watering").body
    assert body["make_up"] == 7 and body["seat"] == ["post", "keeper"]
"""


def plant(root: Path) -> None:
    """A tree of its own: a pack with a duty, and a test that looks at two of its three numbers and roles."""
    pack = root / "packs" / "planted"
    (pack / "duties").mkdir(parents=True)
    (pack / "pack.yaml").write_text("pack: planted\nversion: 1\ntitle: {zh: 一包, en: A pack}\n", encoding="utf-8")
    (pack / "posts.yaml").write_text(POSTS, encoding="utf-8")
    (pack / "duties" / "watering.yaml").write_text(DUTY, encoding="utf-8")
    (root / "tests").mkdir()
    (root / "tests" / "test_planted.py").write_text(TESTS, encoding="utf-8")
    (root / "pyproject.toml").write_text(
        '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "gezhi.interfaces.site.settings"\n'
        'addopts = "--import-mode=importlib"\nmarkers = ["mechanism(id, file): x", "browser: x"]\n',
        encoding="utf-8",
    )


def run(root: Path, *more: str) -> tuple[int, str, dict[str, str]]:
    command = [sys.executable, "-m", "tools.mutations", "--root", str(root), "--all", "--jobs", "1", *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=900)
    lines = [json.loads(line) for line in (root / ".mutations" / "1.jsonl").read_text(encoding="utf-8").splitlines()]
    return done.returncode, done.stdout + done.stderr, {line["id"]: line["verdict"] for line in lines}


def test_a_planted_survivor_is_found_and_what_a_test_asserts_is_killed(tmp_path):
    plant(tmp_path)
    code, said, verdicts = run(tmp_path)
    assert code == 1, said
    assert verdicts["make_up:number:7>8"] == verdicts["make_up:number:7>6"] == "killed"
    assert verdicts["seat.post:role:keeper>helper"] == "killed"
    assert verdicts["rhythm.times:number:2>3"] == "survived", "no test says how often"
    assert "line 5  rhythm.times: 2 -> 3" in said
    assert (tmp_path / "packs/planted/duties/watering.yaml").read_text(encoding="utf-8") == DUTY
    # Strengthened, and tried again: only survivors are.
    tests = tmp_path / "tests" / "test_planted.py"
    whole = tests.read_text(encoding="utf-8").replace('"keeper"]', '"keeper"] and body == WHOLE')
    from gezhi.foundation import packs

    body = packs.load(tmp_path / "packs" / "planted").get("duty", "watering").body
    tests.write_text(f"WHOLE = {body!r}\n{whole}", encoding="utf-8")
    code, said, again = run(tmp_path, "--resume")
    assert code == 0 and "survived" not in again.values(), said


def test_every_kind_of_change_is_known_and_words_are_left_alone():
    text = """title: {zh: 三天, en: 3 days}
stages:
  a:
    owner: {post: keeper, unlike: [b, c]}
    clock: {limit: 3 work_day, warn: 0.5}
    actions: {go: {by: [owner], main: true, to: b, form: [{id: why, required: true, max: 80}]}}
    panel: {quorum: {at_least: 2/3}, secret: true, rounds: 2}
  b: {kind: task}
"""
    made = {(".".join(c.path), c.rule, c.after) for c in points(text, frozenset({"keeper", "helper"}))}
    assert made == {
        ("stages.a.owner.post", "role", "helper"),
        ("stages.a.owner.unlike.0", "left out", ""),
        ("stages.a.owner.unlike.1", "left out", ""),
        ("stages.a.clock.limit", "limit", "4 work_day"),
        ("stages.a.actions.go.by.0", "left out", ""),
        ("stages.a.actions.go.to", "way", "a"),
        ("stages.a.actions.go.form.0.required", "truth", "false"),
        ("stages.a.panel.quorum.at_least", "bound", "more_than"),
        ("stages.a.panel.quorum.at_least", "share", "2/4"),
        ("stages.a.panel.secret", "truth", "false"),
        ("stages.a.panel.rounds", "number", "3"),
        ("stages.a.panel.rounds", "number", "1"),
    }
    for change in points(text, frozenset({"keeper", "helper"})):
        broken = change.of(text)
        assert broken != text and broken.startswith("title: {zh: 三天, en: 3 days}")
    left_out = next(c for c in points(text) if c.rule == "left out" and c.before == "c")
    assert "unlike: [b]" in left_out.of(text)
