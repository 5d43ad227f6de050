"""M014 六会五心: what the six and the five are the place says first; then every case goes through the declared steps, and ends
with a signed result or a recorded referral."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows.methods import drafts
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import files
from gezhi.foundation.errors import Conflict, Invalid
from tests.foundation.files.pictures import jpeg
from tests.mechanisms import mechanism

pytestmark = mechanism("M014", file="packs/taoyuan-community/workflows/studio.yaml")


def said(world, blanks):
    """An administrator says what the numbers are, another approves it; no case opens before."""
    world.seat("admin", "county", "管理甲", "管理乙")
    with pytest.raises(Conflict, match=r"case\.unfilled") as refused:
        world.open("楼上漏水不认账。", workflow="studio")
    assert "“六会”指哪六样" in refused.value.what and "“五心”指哪五样" in refused.value.what
    draft = drafts.start("studio", actor=world.actor("管理甲"))
    for name, words in blanks.items():
        draft = drafts.change(
            draft.pk, "blank", {"blank": name, "is": words}, at=draft.event_seq, actor=world.actor("管理甲")
        )
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor("管理甲"), words="填六会五心")
    drafts.approve(draft.pk, draft.digest, actor=world.actor("管理乙"))


@pytest.fixture
def studio(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("taoyuan-community")
    world.seat("village_mediator", "lake", "调解员丁")
    said(world, {"six": "本地写明的六样", "five": "本地写明的五样"})
    return world, world.open("楼上漏水不认账。", workflow="studio")


def test_the_declared_steps_are_gone_through_and_the_agreement_is_signed(studio):
    world, case = studio
    with pytest.raises(Invalid):
        world.do(case, "signed", "调解员丁", agreement="x")  # not before both were heard
    world.do(case, "heard", "调解员丁", sides="楼上说没漏，楼下墙湿。")
    with pytest.raises(Invalid) as refused:
        world.do(case, "signed", "调解员丁", agreement="楼上修管，楼下粉墙。")
    assert set(refused.value.field_errors) == {"signatures"}
    paper = files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor("调解员丁"), key="signed-1")
    world.do(case, "signed", "调解员丁", agreement="楼上修管，楼下粉墙。", signatures=[paper.pk])
    assert world.do(case, "kept", "赵兰", words="修好了。").outcome == "done"


def test_a_referral_says_where_and_why(studio):
    world, case = studio
    world.do(case, "heard", "调解员丁", sides="各说各的。")
    with pytest.raises(Invalid) as refused:
        world.do(case, "referred", "调解员丁")
    assert set(refused.value.field_errors) == {"where", "why"}
    assert world.do(case, "referred", "调解员丁", where="court", why="要鉴定。").outcome == "guided"


def test_every_end_lies_behind_a_signature_or_a_referral_and_nothing_is_invented(studio):
    flow = definition("studio")[0]
    into = {(s.id, a.id) for s in flow.stages.values() for a in s.actions.values() for t in (a.to, a.exhausted)
            if t and flow.stages[t].kind == "end"}  # fmt: skip
    assert into == {("look_back", "kept"), ("talk", "referred"), ("out", "referred")}
    signing = flow.stages["talk"].actions["signed"]
    assert "signatures" in {f.id for f in signing.form.fields if f.required} and signing.to == "look_back"
    assert {name: said for name, (_title, said) in flow.blanks.items()} == {
        "six": "本地写明的六样",
        "five": "本地写明的五样",
    }
