"""M179 心理疏导·矛盾化解: notes are sealed to the counsellor; the case, every paper and every program see only who came."""

from __future__ import annotations

import json

from gezhi.engines.workflows import views
from gezhi.engines.workflows.models import OPEN, WorkItem
from gezhi.flows.papers import doors
from gezhi.foundation import events
from tests.mechanisms import mechanism

pytestmark = mechanism("M179", file="packs/guanwangmiao-village/workflows/settlement.yaml")
SECRET = "夜里睡不着，想起父亲"


def counselled(county):
    world = county("guanwangmiao-village")
    world.seat("village_mediator", "lake", "调解员丁")
    world.seat("counsellor", "east", "疏导员安")
    case = world.open("两兄弟为老屋吵起来。", workflow="settlement")
    world.do(case, "take", "赵兰", facts="老屋归谁。")
    world.do(case, "counsel", "调解员丁")
    side = WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)
    world.do(case, "came", "疏导员安", item=side.number, note=SECRET)
    return world, case


def test_the_case_knows_that_somebody_came_and_only_the_counsellor_reads_the_notes(county):
    world, case = counselled(county)
    for name in ("方晓", "周敏", "赵兰"):
        line = next(e for e in views.case_view(case.id, world.actor(name)).timeline if e.action == "came")
        assert (line.title, dict(line.said), line.sealed) == ("来过了", {}, ("note",))
    line = next(e for e in views.case_view(case.id, world.actor("疏导员安")).timeline if e.action == "came")
    assert line.said["note"] == SECRET
    assert SECRET not in json.dumps([e.patch for e in events.history(f"case:{case.id}")], ensure_ascii=False)
    assert not events.verify().findings


def test_no_page_paper_or_program_tells_them(county):
    world, case = counselled(county)
    public = views.public_view(case.code)
    assert SECRET not in str(public)
    # Also a paper that the counsellor would draft: the record of steps says that they came, and no more.
    world.do(case, "settled", "调解员丁", terms="老屋两家各一半。")
    actor = world.actor("赵兰")
    trail, _new = doors.draft(case.id, "trail", actor=actor)
    paper = doors.open_document(trail.pk, actor=actor).fragment
    assert "来过了" in paper and SECRET not in paper
