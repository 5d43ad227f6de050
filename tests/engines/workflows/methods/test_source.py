"""A pinned body written out as somebody would write it, and read again: the same body, with every flaw at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from gezhi.engines.workflows.methods import reading, source
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import packs
from tests.engines.workflows.definitions import definitions
from tests.world import PACKS, World

SHIPPED = sorted(p.parent.parent.name for p in PACKS.glob("*/workflows") for p in [p / "x"])


@pytest.fixture
def world(db):
    return World(*(name for name in SHIPPED if name != "standard-county"))


@pytest.mark.once("reading and writing YAML asks no database")
def test_every_shipped_method_reads_back_to_its_own_body_as_data_and_as_yaml(world):
    names = packs.registry().names("workflow")
    assert len(names) > 10
    for name in names:
        body = packs.registry().body("workflow", name)
        written = source.of_body(body)
        for found in (reading.check(written, name), reading.check_text(source.as_yaml(written), name)):
            assert found.faults == (), name
            assert {**found.body, "version": body["version"]} == body, name


def test_the_order_of_steps_is_that_of_the_method_whatever_the_database_kept(world):
    body = packs.registry().body("workflow", "law_mediation")
    shuffled = {**body, "stages": dict(sorted(body["stages"].items()))}
    stages = list(source.of_body(shuffled)["stages"])
    assert stages[:2] == ["sort", "which"] and stages.index("offer") < stages.index("mediate") < stages.index(
        "look_back"
    )
    assert [definition("law_mediation")[0].stages[s].kind for s in stages[-3:]] == ["end"] * 3


@pytest.mark.once("reading and writing YAML asks no database")
def test_random_definitions_read_back_to_themselves(world):
    @given(flow=definitions(children=False))
    @settings(max_examples=15, deadline=None, derandomize=True,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])  # fmt: skip
    def every(flow):
        first = reading.check(flow, "random")
        assert first.sound, first.faults[:2]
        again = reading.check(source.of_body(json.loads(json.dumps(first.body))), "random")
        assert again.body == first.body

    every()


@pytest.fixture
def repair(world):
    return source.of_body(packs.registry().body("workflow", "repair"))


def places(found):
    return {(f.code, "/".join(f.path)) for f in found.faults}


def test_a_flaw_is_said_at_its_step_and_in_yaml_at_its_line(repair):
    stage = next(iter(repair["stages"]))
    repair["stages"][stage]["owner"] = {"post": "nobody_here"}
    found = reading.check(repair, "repair")
    assert not found.sound and any(f.stage == stage and "nobody_here" in f.words for f in found.faults)
    text = source.as_yaml(repair)
    (line,) = [n for n, words in enumerate(text.splitlines(), start=1) if "nobody_here" in words]
    assert line in {f.line for f in reading.check_text(text, "repair").faults}


def test_a_role_written_with_a_cyrillic_letter_is_named_with_what_it_is(repair):
    stage = next(s for s, b in repair["stages"].items() if b.get("owner", {}).get("post"))
    right = repair["stages"][stage]["owner"]["post"]
    repair["stages"][stage]["owner"]["post"] = right.replace("e", "\u0435", 1)
    for found in (reading.check(repair, "repair"), reading.check_text(source.as_yaml(repair), "repair")):
        fault = next(f for f in found.faults if f.code == "flow.lookalike")
        assert fault.code == "flow.lookalike" and "U+0435" in fault.words and "CYRILLIC" in fault.words
        assert fault.path == ("stages", stage, "owner", "post")
    assert fault.line > 1, "and its line where it was typed"


@pytest.mark.parametrize("letter", ["\u0435", "\u200b"])
def test_names_of_steps_and_fields_hold_no_lookalikes_either(repair, letter):
    stage = next(iter(repair["stages"]))
    repair["stages"][stage + letter] = repair["stages"].pop(stage)
    assert "name.letters" in {f.code for f in reading.check(repair, "repair").faults}


def test_a_form_of_a_thousand_fields_and_what_would_explode_are_refused_in_words(repair):
    holder = next(s for s in repair["stages"].values() if s.get("actions"))
    action = next(iter(holder["actions"].values()))
    action["form"] = [{"id": f"f{n}", "type": "text", "title": "问"} for n in range(1000)]
    assert {f.code for f in reading.check(repair, "repair").faults} == {"form.fields"}
    action["form"] = []
    big = {**repair, "stages": {f"s{n}": holder for n in range(2000)}}
    assert {f.code for f in reading.check(big, "repair").faults} == {"flow.too_big"}
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert [(f.code, f.line) for f in reading.check_text(bomb, "repair").faults] == [("pack.alias", 1)]
    deep = "a: " + "[" * 200 + "]" * 200
    assert {f.code for f in reading.check_text(deep, "repair").faults} == {"pack.too_large"}
    assert reading.check_text("stages: [", "repair").faults[0].code == "pack.yaml"
    assert reading.check_text("just words", "repair").faults and reading.check_text("", "repair").faults


def test_another_name_in_the_yaml_is_refused(repair):
    assert ("draft.name", "workflow") in places(reading.check({**repair, "workflow": "other"}, "repair"))


def test_the_folder_of_packs_is_what_the_test_thinks():
    assert Path(PACKS / "yueshi-village" / "workflows" / "repair.yaml").exists()
