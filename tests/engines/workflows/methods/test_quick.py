"""The quick way of reading YAML gives what the reader of packs gives, with the same lines; what is unusual is left to that one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gezhi.engines.workflows.methods import quick
from gezhi.engines.workflows.methods.reading import as_data
from gezhi.foundation.packs.reading import Context, key_position, position, read_yaml
from tests.world import PACKS

FILES = sorted(PACKS.glob("*/workflows/*.yaml"), key=lambda f: f.stat().st_size)[::3]


def places(node, path=()):
    if isinstance(node, Mapping):
        yield path, position(node)
        for key, value in node.items():
            yield (*path, key), (key_position(node, key), position(node, key))
            yield from places(value, (*path, key))
    elif isinstance(node, list | tuple):
        for n, value in enumerate(node):
            yield (*path, n), position(node, n)
            yield from places(value, (*path, n))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_shipped_files_read_the_same_both_ways_to_the_last_line(file):
    source = file.read_text(encoding="utf-8")
    slow, fast = read_yaml(source, Context("a")), quick.read(source, Context("a"))
    assert as_data(fast) == as_data(slow)
    assert dict(places(fast)) == dict(places(slow))


@pytest.mark.parametrize(
    "source",
    ["a: 1\nb: [yes, no, on, 0x1F, 0o17, 1e3, .5, 2024-03-05, ~, null, true, 'true', \"1\", 12:30, 1_000]",
     "a: |\n  two\n  lines\nb: >\n  one\n  line\n", "{a: {b: [c, {d: e}]}}", "[]", "a:\n", "just words"],
)  # fmt: skip
def test_scalars_mean_the_same(source):
    assert as_data(quick.read(source, Context("a"))) == as_data(read_yaml(source, Context("a")))


@pytest.mark.parametrize(
    "source",
    [
        "a: &x 1\nb: *x\n",
        "a: !!python/object:os.system x",
        "a: 1\na: 2\n",
        "a: 1\n---\nb: 2\n",
        "a: [",
        "",
        "? [a]\n: b\n",
    ],
)
def test_what_is_unusual_is_refused_in_the_same_words(source):
    one, two = Context("a"), Context("a")
    assert as_data(quick.read(source, one)) == as_data(read_yaml(source, two))
    assert [(p.code, p.line, str(p.words)) for p in one.problems] == [
        (p.code, p.line, str(p.words)) for p in two.problems
    ]


@pytest.mark.parametrize("file", FILES[1::2], ids=lambda f: f.stem)
def test_a_file_read_step_by_step_is_the_file_read_whole(file):
    source = file.read_text(encoding="utf-8")
    whole, parted = quick._build(source)[0], quick._parted(source)
    assert as_data(parted) == as_data(whole) and list(parted) == list(whole)
    assert dict(places(parted)) == dict(places(whole))
    # A line more at the top: everything remembered stands one line further down.
    moved = "# written in the margin\n" + source
    assert dict(places(quick._parted(moved))) == dict(places(quick._build(moved)[0]))


SLIPS = (
    ("    kind: task", "    kind: [task"), ("    clock: {limit: 5 work_day, warn: 0.5}", "    clock: {limit: 5 work_day,\n  warn: 0.5}"),
    ("  revise:", "  collect:"), ("  revise:", "  revise"), ("  revise:", " revise:"), ("stages:", "stages: # steps"), ("stages:", "stages: {}"),
    ("    kind: task", "    kind: &a task"), ("  revise:", "# said\n  revise:"), ("  revise:", "\n\n  revise:"), ("  guided:", "guided:"),
    ("    title: {zh: 集, en: Collect}", "    title: \"集\n  and more\""), ("stages:", "stages:\n  - a"), ("  collect:", "\tcollect:"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new"), SLIPS)
def test_whatever_is_mistyped_is_read_as_the_whole_would_be(old, new):
    source = (PACKS / "minzhu-street/workflows/seven_steps.yaml").read_text(encoding="utf-8")
    assert old in source
    typed = source.replace(old, new, 1)
    quick.read(source, Context("a"))  # remembered
    one, two = Context("a"), Context("a")
    assert as_data(quick.read(typed, one)) == as_data(read_yaml(typed, two))
    assert [(p.code, p.line) for p in one.problems] == [(p.code, p.line) for p in two.problems]


def test_the_next_look_parses_the_step_that_was_changed_and_the_head(monkeypatch):
    source = (PACKS / "standard-county/workflows/request.yaml").read_text(encoding="utf-8")
    quick.read(source, Context("a"))
    parsed: list[int] = []
    build = quick._build
    monkeypatch.setattr(quick, "_build", lambda text: parsed.append(len(text.strip())) or build(text))
    typed = source.replace("limit: 2 work_day", "limit: 3 work_day", 1)
    assert typed != source
    quick.read(typed, Context("a"))
    assert len(parsed) == 2 and sum(parsed) < len(source) / 3
