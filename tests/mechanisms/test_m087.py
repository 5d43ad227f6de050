"""M087 空心院: nothing is taken down without the owner's recorded consent; plots are allotted by a rule published before."""

from datetime import timedelta

import pytest

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import files
from gezhi.foundation.errors import Invalid
from tests.foundation.files.pictures import jpeg
from tests.mechanisms import mechanism

pytestmark = mechanism("M087", file="packs/yueshi-village/workflows/courtyard.yaml")


@pytest.fixture
def yard(county, at_ten, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("yueshi-village")
    return world, world.open("村东空院子塌了。", workflow="courtyard", by="赵兰", channel="field")


def consent(world):
    from django.core.files.uploadedfile import SimpleUploadedFile

    paper = files.stage(SimpleUploadedFile("同意书.jpg", jpeg()), actor=world.actor("赵兰"), key="paper-1")
    return {"how": "letter", "on": "2026-11-17", "proof": [paper.pk], "terms": "只拆东屋，地仍归本户。"}


def test_the_only_way_to_the_clearing_is_the_owners_consent(yard):
    flow = definition("courtyard")[0]
    into = {(s.id, a.id) for s in flow.stages.values() for a in s.actions.values() if "clear" in (a.to, a.exhausted)}
    assert into == {("contact", "agreed")} and flow.start == "contact"
    required = {f.id for f in flow.stages["contact"].actions["agreed"].form.fields if f.required}
    assert required == {"how", "on", "proof", "terms"}
    (how,) = (f for f in flow.stages["contact"].actions["agreed"].form.fields if f.id == "how")
    assert [choice.value for choice in how.choices][0] == "face"  # the page: cadres went there and talked face to face


def test_without_the_record_nothing_goes_on_and_a_refusal_leaves_it_as_it_is(yard):
    world, case = yard
    with pytest.raises(Invalid) as refused:
        world.do(case, "agreed", "赵兰", how="letter", on="2026-11-17", terms="拆东屋。")
    assert set(refused.value.field_errors) == {"proof"}
    assert world.do(case, "declined", "赵兰", why="留着养老。").outcome == "declined"


def test_plots_are_allotted_only_after_the_rule_was_published_for_seven_days(yard, at_ten):
    world, case = yard
    world.do(case, "agreed", "赵兰", **consent(world))
    world.do(case, "done", "秦英")
    case = world.do(case, "published", "赵兰", rule="抽签，一户一块，老人先选。")
    assert case.stage == "objections"
    with pytest.raises(Invalid):
        world.do(case, "done", "赵兰", plots=6, how="抽签")
    at_ten.shift(timedelta(days=8))
    ticking.tick()
    assert world.do(case, "done", "赵兰", plots=6, how="当场抽签。").outcome == "done"
