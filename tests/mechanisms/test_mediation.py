"""人民调解 by law (standard-county/mediation): who mediates, what an agreement must have, what follows, what is sealed."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.workflows import queries
from gezhi.engines.workflows.models import OPEN, WorkItem
from gezhi.engines.workflows.views import case_view
from gezhi.flows.papers import doors
from gezhi.foundation import files, people
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from tests.foundation.files.pictures import jpeg

ELEMENTS = {
    "name_a": "甲明", "about_a": "男，汉族，45岁，务农，住湖滨3号，13800000001", "name_b": "乙芳",
    "about_b": "女，汉族，40岁，个体，住湖滨5号，13800000002", "facts": "共用墙渗水。", "disputed": "谁出修缮钱。",
    "duties": "双方各担一半。", "terms": "请人修墙，费用各一半。", "way": "现金，修好当天付清", "perform_by": "2026-11-30",
}  # fmt: skip


@pytest.fixture
def hall(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county()
    for name in ("调解员丙", "调解员丁", "调解员戊"):
        world.seats[name] = world.seat("village_mediator", "lake", name, label=name)
    world.seat("police_officer", "east", "民警白")
    world.seat("counsellor", "east", "疏导员安")
    return world


def taken(world, violence: bool = False, **more):
    case = world.open("墙渗水，两家吵了半年。", workflow="mediation")
    return world.do(case, "take", "赵兰", violence=violence, how="asked", matter="共用墙。", **more)


def asked(world, case) -> str:
    return people.directory().seat(world.main(case).owner_seat).label.split()[-1]


def in_session(world, **more):
    case = taken(world, **more)
    return world.do(case, "accept", asked(world, case), relation="none", parties="accept")


def mediator(world, case) -> str:
    return people.directory().seat(case.handler_seat).label.split()[-1]


def signed(world, on: str = "2026-11-18"):
    case = in_session(world)
    who = mediator(world, case)
    case = world.do(case, "agreed", who, **ELEMENTS)
    paper = files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor(who), key=f"paper-{case.pk}")
    return world.do(case, "signed", who, signed_on=on, all_signed=True, paper=[paper.pk])


def test_violence_goes_to_the_police_within_the_hour_before_any_mediator(hall, at_ten):
    case = taken(hall, violence=True)
    item = hall.main(case)
    assert (case.stage, people.directory().seat(item.owner_seat).post) == ("police", "police_officer")
    assert case.id in {t.case.id for t in queries.inbox(hall.actor("民警白"))}
    assert item.due_at - item.opened_at == timedelta(hours=1)
    assert not WorkItem.objects.filter(case_id=case.id, stage="invite").exists()
    hall.do(case, "calm", "民警白", done_there="分开了双方。")
    case = hall.do(case, "accept", asked(hall, case), relation="none", parties="accept")
    hall.do(case, "violence", mediator(hall, case))
    assert hall.main(case).stage == "police"


def test_parties_are_never_drawn_and_who_is_kin_stands_aside(hall):
    kin = [hall.seats["调解员丙"], hall.seats["调解员丁"]]
    case = taken(hall, related=kin)
    draw = hall.main(case).ask["draw"]
    assert asked(hall, case) == "调解员戊"
    assert {e["seat"]: e["why"] for e in draw["excluded"]} == dict.fromkeys(kin, "related")
    hall.do(case, "recuse", "调解员戊", relation="kin")
    assert asked(hall, case) not in ("调解员丙", "调解员丁", "调解员戊")  # climbs past all three
    with pytest.raises((NotAllowed, NotFound)):
        hall.do(case, "accept", "调解员丙", relation="none", parties="accept")


def test_an_agreement_without_a_statutory_element_is_refused_at_the_field(hall):
    case = in_session(hall)
    for element in ELEMENTS:
        with pytest.raises(Invalid) as refused:
            hall.do(case, "agreed", mediator(hall, case), **{k: v for k, v in ELEMENTS.items() if k != element})
        assert list(refused.value.field_errors) == [element]
    assert hall.main(case).stage == "session"


def test_the_agreement_is_printed_in_three_copies_masked_until_a_reason_is_given(hall):
    case = in_session(hall)
    who = mediator(hall, case)
    case = hall.do(case, "agreed", who, **ELEMENTS)
    actor = hall.actor("赵兰")
    paper, _new = doors.draft(case.id, "agreement", actor=actor)
    paper = doors.issue(paper.pk, actor=actor, expected_seq=None)
    shut = doors.take(paper.pk, "print", actor=actor).fragment
    assert shut.count("<article") == 3
    assert all(text in shut for text in ("第一份：甲方", "第二份：乙方", "第三份：调解委员会", "请人修墙", "甲○"))
    assert "13800000001" not in shut and "甲明" not in shut
    word = doors.take(paper.pk, "docx", actor=actor, purpose="交当事人签名")
    text = zipfile.ZipFile(io.BytesIO(word.body)).read("word/document.xml").decode()
    assert text.count("甲明") == 3 and text.count("13800000001") == 3 and text.count('w:type="page"') == 2
    assert "甲明" not in str([e.said for e in case_view(case.id, hall.actor("周敏")).timeline])


def test_a_court_may_be_asked_within_thirty_days_by_both(hall, at_ten):
    case = signed(hall)
    for wrong in ({"filed_on": "2026-12-19"}, {"filed_on": "2026-11-17"}, {"together": False}):
        with pytest.raises(Invalid):
            hall.do(case, "court", "赵兰", **{"filed_on": "2026-12-18", "together": True, **wrong})
    hall.do(case, "court", "赵兰", filed_on="2026-12-18", together=True)
    side = WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)
    ruled = {"ruling": "（2026）1号", "ruled_on": "2026-12-28"}
    assert hall.do(case, "confirmed", "周敏", item=side.number, **ruled).stage == "perform"


def test_only_what_was_performed_and_looked_at_by_somebody_else_is_closed(hall, at_ten):
    case = signed(hall)
    item = hall.main(case)
    assert item.due_at.isoformat() == "2026-11-30T16:00:00+00:00"  # midnight in China at the end of the 30th
    case = hall.do(case, "performed", "赵兰", performed="墙修好，钱付清。")
    with pytest.raises((NotAllowed, NotFound)):
        hall.do(case, "holds", "赵兰", finding="好。")
    assert hall.do(case, "holds", "秦英", finding="两家都说好。").outcome == "done"


def test_the_file_has_a_page_of_contents_and_what_was_sealed_is_not_in_it(hall):
    case = in_session(hall)
    who = mediator(hall, case)
    hall.do(case, "counsel", who)
    side = WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)
    hall.do(case, "attended", "疏导员安", item=side.number, note="夜里睡不着，想起父亲。")
    case = hall.do(case, "agreed", who, **ELEMENTS)
    actor = hall.actor("赵兰")
    agreement, _new = doors.draft(case.id, "agreement", actor=actor)
    doors.issue(agreement.pk, actor=actor, expected_seq=None)
    volume, _new = doors.draft(case.id, "volume", actor=actor)
    doors.issue(volume.pk, actor=actor, expected_seq=None)
    shown = doors.take(volume.pk, "print", actor=actor).fragment
    for line in ("卷内目录", "受理登记", "受理：受理", "心理疏导：来过了", "内容封存，不入卷", "人民调解协议书（"):
        assert line in shown
    assert "睡不着" not in shown
