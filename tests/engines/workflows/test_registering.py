"""Cases and registers: names held against the register at load, the line written or nothing, a record that replays."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import replaying
from gezhi.engines.workflows.reader import read_workflow
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import events, subjects
from gezhi.foundation.errors import Invalid
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import Context, read_yaml
from tests.mechanisms.works import asset, photo
from tests.world import PACKS, World

FLOW = (PACKS / "yongxingtun-village" / "workflows" / "ditch_works.yaml").read_text()
FORM = Form.of([
    {"id": "length", "type": "number", "title": {"zh": "长", "en": "L"}},
    {"id": "renewed_on", "type": "date", "title": {"zh": "日", "en": "D"}},
])  # fmt: skip
POSTS = {p: {"falls_to": None} for p in ("village_secretary", "grid_worker", "street_officer")}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("", "", ""),
        ("length: ditch.length", "length: nobody.length", "action.reads"),
        ("ditch.length", "ditch.lenght", "action.reads"),
        ("ditch.length", "before.length", "action.reads"),
        ("{length: ditch.length}", "{nothing: ditch.length}", "action.reads"),
        ("renewed_on: renewed_on", "renewed: renewed_on", "action.books"),
        ("renewed_on: renewed_on", "renewed_on: somewhere", "action.books"),
        ("line: ditch", "line: metres", "action.books"),
        ("line: ditch", "name: renewed_on", "action.books"),
        ("books:\n          register: ditch", "books:\n          register: canal", "action.books"),
    ],
)
def test_what_a_register_does_not_know_is_refused_when_it_loads(old, new, code):
    context = Context("x.yaml", shared={"posts": POSTS, "registers": {"ditch": {"form": FORM}}})
    assert old in FLOW
    read_workflow(read_yaml(FLOW.replace(old, new, 1) if old else FLOW, "x.yaml"), context)
    assert {p.code for p in context.problems} == ({code} if code else set())


@pytest.fixture
def cleared(db, at_ten, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = World("yongxingtun-village")
    ditch = asset(world, "ditch", "村北边沟", length=318)
    case = world.open("边沟堵了。", workflow="ditch_works")
    case = world.do(case, "go", "赵兰", ditch=ditch.pk, before=photo(world, "赵兰", "r1"))
    return world, ditch, case


def test_a_line_that_is_gone_stops_the_step_and_nothing_of_it_stays(cleared):
    world, ditch, case = cleared
    subjects.end(ditch.pk, actor=world.actor("赵兰"))
    before = (case.event_seq, len(events.history(f"entry:{ditch.pk}")))
    with pytest.raises(Invalid) as refused:
        world.do(case, "cleared", "赵兰", metres=1, renewed_on="2026-11-17", after=photo(world, "赵兰", "r2"))
    assert list(refused.value.field_errors) == ["metres"]
    case.refresh_from_db()
    assert (case.event_seq, len(events.history(f"entry:{ditch.pk}"))) == before


def test_the_record_replays_with_what_was_read_then(cleared):
    world, ditch, case = cleared
    subjects.change(ditch.pk, {"length": 12}, actor=world.actor("赵兰"))  # measured anew since
    flow = definition("ditch_works", 1)[0]
    done = replaying.replay(case.pk, events.history(f"case:{case.pk}"), flow)
    assert done.carried["kept"]["length"] == "318"
