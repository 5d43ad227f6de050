"""Workflows that open cases of each other, looked at together when a pack is read."""

from pathlib import Path

import pytest

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed

POSTS = """\
posts:
  - {code: chief, title: {zh: 主任, en: Chief}, level: county, root: true}
  - {code: clerk, title: {zh: 干事, en: Clerk}, level: town, falls_to: chief}
"""


def workflow(name: str, child: str = "", counts: str = "[done]", more: str = "") -> str:
    sweep = f"""
  sweep:
    kind: children
    phase: working
    title: {{zh: 排查, en: Sweep}}
    owner: {{post: clerk}}
    clock: {{limit: 1 work_day}}
    workflow: {child}
    each: {{under: village}}
    counts: {counts}
    then: end
    actions:
      stop: {{title: {{zh: 够了, en: Enough}}, by: [owner], to: end}}"""
    return f"""\
workflow: {name}
version: 1
title: {{zh: 流程, en: Flow}}
start: do
{more}
stages:
  do:
    kind: task
    phase: working
    title: {{zh: 办, en: Do}}
    owner: {{post: clerk}}
    clock: {{limit: 1 work_day}}
    actions:
      done: {{title: {{zh: 办好, en: Done}}, by: [owner], to: {"sweep" if child else "end"}}}{sweep if child else ""}
  end: {{kind: end, phase: closed, title: {{zh: 结, en: End}}, outcome: done}}
"""


def pack(folder: Path, name: str, flows: dict[str, str], uses: str = "[]") -> Path:
    root = folder / name
    (root / "workflows").mkdir(parents=True)
    (root / "pack.yaml").write_text(f"pack: {name}\nversion: 1\ntitle: {{zh: 包, en: Pack}}\nuses: {uses}\n")
    if uses == "[]":
        (root / "posts.yaml").write_text(POSTS)
    for flow, source in flows.items():
        (root / "workflows" / f"{flow}.yaml").write_text(source)
    return root


def refused(root: Path) -> list:
    with pytest.raises(Flawed) as caught:
        packs.load(root)
    return list(caught.value.problems)


def test_a_child_may_be_written_in_a_later_file_or_in_a_pack_that_is_used(tmp_path):
    pack(tmp_path, "base", {"look": workflow("look")})
    assert (
        packs.load(pack(tmp_path, "own", {"aa": workflow("aa", "bb"), "bb": workflow("bb", "look")}, "[base]")).name
        == "own"
    )


def test_a_child_that_does_not_exist_is_refused_where_it_is_written(tmp_path):
    (found,) = refused(pack(tmp_path, "own", {"aa": workflow("aa", "nothing")}))
    assert found.code == "children.unknown" and found.file == "own/workflows/aa.yaml"
    assert "nothing" in str(found.words)
    assert workflow("aa", "nothing").splitlines()[found.line - 1].strip() == "workflow: nothing"


def test_a_circle_of_children_is_refused_with_the_way_round(tmp_path):
    flows = {"aa": workflow("aa", "bb"), "bb": workflow("bb", "cc"), "cc": workflow("cc", "aa")}
    found = refused(pack(tmp_path, "own", flows))
    assert {p.code for p in found} == {"children.circle"} and len(found) == 3
    assert found[0].trace == ("aa → bb → cc → aa",)


def test_a_workflow_that_opens_itself_is_refused(tmp_path):
    (found,) = refused(pack(tmp_path, "own", {"aa": workflow("aa", "aa")}))
    assert found.code == "children.circle" and found.trace == ("aa → aa",)


def test_a_circle_through_a_pack_that_is_used_cannot_be_closed(tmp_path):
    pack(tmp_path, "base", {"look": workflow("look")})
    pack(tmp_path, "own", {"aa": workflow("aa", "look")}, "[base]")
    # The used pack cannot name what builds on it: it does not know it.
    (tmp_path / "base" / "workflows" / "look.yaml").write_text(workflow("look", "aa"))
    assert {p.code for p in refused(tmp_path / "own")} == {"children.unknown"}


def test_counted_outcomes_exist_and_nobody_consents_for_another(tmp_path):
    flows = {"aa": workflow("aa", "bb", "[done, finished]"), "bb": workflow("bb", more="consent: true")}
    found = refused(pack(tmp_path, "own", flows))
    assert [p.code for p in found] == ["children.counts", "children.consent"]


def test_what_a_pack_adds_does_not_show_in_the_pack_it_uses(tmp_path):
    pack(tmp_path, "base", {"look": workflow("look")})
    packs.load(pack(tmp_path, "one", {"aa": workflow("aa", "look")}, "[base]"))
    found = refused(pack(tmp_path, "two", {"bb": workflow("bb", "aa")}, "[base]"))
    assert [p.code for p in found] == ["children.unknown"], "two does not build on one"
