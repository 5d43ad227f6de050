"""A document's life about a case: drafted, changed, signed, frozen, given up, corrected, erased."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from gezhi.engines.publishing import actions, numbering, rules
from gezhi.engines.publishing.models import Document, Print
from gezhi.engines.publishing.render import html, word
from gezhi.engines.workflows import erasing, ticking
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.views import case_view
from gezhi.flows.papers import doors, facts
from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.exports.models import Export


def text_of(row):
    content = actions.content_of(row)
    return html.fragment(content["paper"], content["personal"])


def codes():
    return [finding.code for finding in events.verify().findings]


def test_one_tap_gives_a_numbered_draft_with_the_facts_filled_in(world, case, draft):
    year = clock.today().year
    assert draft.number == f"东街督〔{year}〕1号" and draft.state == "draft"
    said = text_of(draft)
    assert "清河县东街街道综合治理中心" in said
    assert "县城管局：" in said
    assert f"案号{case.number}" in said
    assert rules.said("time", case.due_at) in said
    assert "你单位" in said and "签收" in said
    assert "待签发" in said


def test_how_late_it_is_stands_in_the_paper_as_it_was_at_that_moment(world, case):
    with time_machine.travel(case.due_at + timedelta(days=2, hours=3, minutes=5), tick=False):
        row, _new = doors.draft(case.id, "supervision", actor=world.actor("周敏"))
    assert "至今已超时2天3小时" in text_of(row)
    with time_machine.travel(case.due_at + timedelta(days=9), tick=False):
        row = doors.revise(row.pk, {"otherwise": "改了一句。"}, actor=world.actor("周敏"), expected_seq=row.event_seq)
    assert "至今已超时2天3小时" in text_of(row) and "改了一句。" in text_of(row)


def test_it_goes_to_the_seat_that_it_is_addressed_to_also_after_somebody_above_took_the_matter_over(world, case):
    with time_machine.travel(case.due_at + timedelta(days=20), tick=False):
        while ticking.tick():
            pass
        row, new = doors.draft(case.id, "supervision", actor=world.actor("于沐阳"))
    assert new and row.to_seat == world.seats["dispatch"] != case.handler_seat
    assert f"{people.directory().seat(row.to_seat).label}：" in text_of(row)


def test_a_notice_says_who_signed_for_the_matter_and_when_also_when_another_seat_has_it_now(world, case):
    """Signed by the unit it goes to; by another, after a take-over and at the verifier's; by nobody."""
    said = lambda of, by: text_of(doors.draft(of.id, "supervision", actor=world.actor(by))[0])  # noqa: E731
    signed = rules.said("time", case.accepted_at)
    assert f"由你单位负责办理，你单位{signed}签收。" in said(case, "周敏")
    waiting = said(world.to_sign(world.open("井盖响得厉害")), "周敏")
    assert "由你单位负责办理，尚未签收。" in waiting
    checked = world.to_verify(world.open("路灯不亮"))
    text = said(checked, "周敏")
    at = rules.said("time", checked.accepted_at)
    assert f"由县城管局于{at}签收，现在到“核查”，这一步由你单位负责。" in text and "你单位签收" not in text


def test_after_a_take_over_the_notice_names_who_let_it_lapse(world, case):
    signed = rules.said("time", case.accepted_at)
    with time_machine.travel(case.due_at + timedelta(days=20), tick=False):
        while ticking.tick():
            pass
        row, _new = doors.draft(case.id, "supervision", actor=world.actor("于沐阳"))
    assert f"由县城管局于{signed}签收，没有按时办结，现由你单位接手。" in text_of(row)


def test_nobody_supervises_a_seat_above_or_their_own_by_a_paper(world, case):
    with time_machine.travel(case.due_at + timedelta(days=20), tick=False):
        while ticking.tick():
            pass
        for name in ("周敏", "方晓"):  # the street below; the seat that took it over
            view = case_view(case.id, world.actor(name))
            assert "supervision" not in [kind.name for kind in doors.offered(view, world.actor(name))]
            with pytest.raises(NotAllowed) as wrong:
                doors.draft(case.id, "supervision", actor=world.actor(name))
            assert wrong.value.code == "document.not_draftable"
    assert not Document.objects.exists()


def test_letters_to_the_person_and_sheets_go_to_no_seat_and_say_no_time_that_has_passed(world, case):
    letters = {}
    for day, kind in ((0, "trail"), (0, "acceptance"), (30, "assignment"), (30, "transfer")):
        with time_machine.travel(case.due_at + timedelta(days=day, hours=-1), tick=False):
            letters[kind], _new = doors.draft(case.id, kind, actor=world.actor("周敏"))
    due = rules.said("time", case.due_at)
    assert letters["trail"].to_seat is letters["acceptance"].to_seat is None
    assert letters["assignment"].to_seat == world.seats["city"]
    assert f"{due}前给您答复" in text_of(letters["acceptance"])
    assert "办结时限已过，请立即办理" in text_of(letters["assignment"])
    assert f"答复时限（{due}）已过" in text_of(letters["transfer"]) and f"{due}前" not in text_of(letters["transfer"])
    assert "附件" not in text_of(letters["assignment"])  # there are no photos


def test_a_limit_in_days_is_said_as_24_of_its_day_and_never_as_midnight_of_the_next(world, case):
    midnight = clock.midnight(clock.local(case.due_at).date() + timedelta(days=1))
    day = rules.figures_date(clock.local(case.due_at).date())
    Case.objects.filter(pk=case.pk).update(due_at=midnight)
    row, _new = doors.draft(case.id, "acceptance", actor=world.actor("周敏"))
    assert f"{day}24:00前给您答复" in text_of(row) and "00:00" not in text_of(row).replace("24:00", "")


def test_a_second_tap_opens_the_same_draft_and_burns_no_number(world, case, draft):
    again, new = doors.draft(case.id, "supervision", actor=world.actor("吕岩"))
    assert (again.pk, new) == (draft.pk, False)
    assert Document.objects.count() == 1 and numbering.gaps() == []


def test_words_change_in_a_draft_and_not_a_character_after_signing(world, draft):
    by = world.actor("周敏")
    draft = doors.revise(draft.pk, {"demand": "一、今天派人到现场。"}, actor=by, expected_seq=draft.event_seq)
    issued = doors.issue(draft.pk, actor=by, expected_seq=draft.event_seq)
    said = text_of(issued)
    assert "今天派人到现场" in said and "签发人：<b>周敏</b>" in said
    assert rules.figures_date(clock.today()) in said
    with pytest.raises(Conflict) as refused:
        doors.revise(issued.pk, {"demand": "二"}, actor=by, expected_seq=issued.event_seq)
    assert refused.value.code == "document.frozen"
    with pytest.raises(Conflict):
        doors.issue(issued.pk, actor=by, expected_seq=issued.event_seq)
    with pytest.raises(Conflict):
        doors.void(issued.pk, actor=by, reason="不要了", expected_seq=issued.event_seq)
    assert text_of(Document.objects.get(pk=issued.pk)) == said and codes() == []


def test_what_was_issued_is_the_same_bytes_next_year_and_after_the_case_went_on(world, case, issued):
    content = actions.content_of(issued)
    first = word.render(content["paper"], content["personal"]), text_of(issued)
    world.do(case, "finish", "马东", result="疏通了。")
    with time_machine.travel(datetime(2031, 5, 1, tzinfo=UTC), tick=False):
        later = Document.objects.get(pk=issued.pk)
        content = actions.content_of(later)
        assert (word.render(content["paper"], content["personal"]), text_of(later)) == first


def test_a_changed_row_and_a_changed_text_are_named_by_verify(issued):
    assert codes() == []
    Document.objects.filter(pk=issued.pk).update(number="东街督〔2026〕99号")
    assert codes() == ["state.altered"]


def test_the_paper_carries_the_hash_that_the_chain_holds(issued):
    (event,) = [e for e in events.history(f"document:{issued.pk}") if e.kind == "document.issued"]
    assert issued.fingerprint == event.patch["content"]["hash"][:16] and len(issued.fingerprint) == 16
    assert "王桂兰" not in json.dumps(event.patch, ensure_ascii=False)
    assert "排水沟" not in json.dumps(event.patch, ensure_ascii=False)


def test_a_stale_edit_is_told_apart_from_a_frozen_document(world, draft):
    by = world.actor("周敏")
    doors.revise(draft.pk, {"demand": "一"}, actor=by, expected_seq=draft.event_seq)
    with pytest.raises(Conflict) as refused:
        doors.revise(draft.pk, {"demand": "二"}, actor=by, expected_seq=draft.event_seq)
    assert refused.value.code == "document.stale"


def test_a_required_word_must_be_there_and_hidden_characters_are_refused(world, draft):
    by = world.actor("周敏")
    for bad in ("", "a\u202eb", "字" * 900):
        with pytest.raises(Invalid) as refused:
            doors.revise(draft.pk, {"demand": bad}, actor=by, expected_seq=draft.event_seq)
        assert set(refused.value.field_errors) == {"demand"}


def test_a_draft_given_up_keeps_its_number_with_the_reason_and_the_next_is_the_next(world, case, draft):
    by = world.actor("周敏")
    with pytest.raises(Invalid):
        doors.void(draft.pk, actor=by, reason=" ", expected_seq=draft.event_seq)
    gone = doors.void(draft.pk, actor=by, reason="对方已经办了", expected_seq=draft.event_seq)
    assert (gone.state, gone.number) == ("void", draft.number)
    after, _new = doors.draft(case.id, "supervision", actor=by)
    assert (gone.serial, after.serial) == (1, 2)
    assert numbering.gaps() == [] and codes() == []


def test_a_correction_is_a_new_document_that_names_the_old(world, case, issued):
    by = world.actor("周敏")
    new, _ = doors.draft(case.id, "supervision", actor=by, corrects=issued.pk)
    assert f"本单更正{issued.number}" in text_of(new)
    new = doors.issue(new.pk, actor=by, expected_seq=new.event_seq)
    old = Document.objects.get(pk=issued.pk)
    assert (old.corrected_by, new.corrects, old.state) == (new.pk, old.pk, "issued")
    with pytest.raises(Conflict) as refused:
        doors.draft(case.id, "supervision", actor=by, corrects=issued.pk)
    assert refused.value.code == "document.corrected"
    assert codes() == []


def test_a_draft_can_not_be_corrected_and_nothing_is_left_behind(world, case, draft):
    by = world.actor("周敏")
    doors.void(draft.pk, actor=by, reason="不要了", expected_seq=draft.event_seq)
    with pytest.raises(Conflict) as refused:
        doors.draft(case.id, "supervision", actor=by, corrects=draft.pk)
    assert refused.value.code == "document.not_issued"
    assert Document.objects.count() == 1 and numbering.gaps() == []


def test_who_asks_for_an_extension_does_not_sign_its_form(world, case):
    world.do(case, "extend", "马东", more="2 work_day", reason="要等吊车。")
    form, _ = doors.draft(case.id, "extension", actor=world.actor("马东"))
    said = text_of(form)
    assert "要等吊车。" in said and "2个工作日（第1次）" in said
    with pytest.raises(NotAllowed):
        doors.issue(form.pk, actor=world.actor("马东"), expected_seq=form.event_seq)
    doors.issue(form.pk, actor=world.actor("方晓"), expected_seq=form.event_seq)
    assert Document.objects.get(pk=form.pk).signed_by == world.people["方晓"]


def test_where_the_template_says_so_the_drafter_does_not_sign_though_the_power_is_there(world, case):
    world.do(case, "extend", "马东", more="2 work_day", reason="要等吊车。")
    form, _ = doors.draft(case.id, "extension", actor=world.actor("方晓"))
    with pytest.raises(NotAllowed) as refused:
        doors.issue(form.pk, actor=world.actor("方晓"), expected_seq=form.event_seq)
    assert refused.value.code == "document.own_draft"
    assert doors.issue(form.pk, actor=world.actor("丁禾"), expected_seq=form.event_seq).state == "issued"


def test_a_form_for_what_did_not_happen_can_not_be_drafted(world, case):
    for name in ("extension", "return", "reply"):
        with pytest.raises(NotAllowed) as refused:
            doors.draft(case.id, name, actor=world.actor("周敏"))
        assert refused.value.code == "document.not_draftable"
    assert not Document.objects.exists() and numbering.gaps() == []


def test_the_record_of_steps_has_every_step_with_who_and_when(world, case):
    row, _ = doors.draft(case.id, "trail", actor=world.actor("赵兰"))
    table = next(b["table"] for b in actions.content_of(row)["paper"]["blocks"] if "table" in b)
    told = events.history(f"case:{case.id}")
    assert len(table["rows"]) == len(told) == 3
    for line, event in zip(table["rows"], told, strict=True):
        assert line[0] == rules.said("time", event.at)
    assert [line[2] for line in table["rows"]] == ["居民", "赵○", "马○"]
    assert [line[3] for line in table["rows"]] == ["提出诉求", "分派", "签收"]


def test_phones_and_the_reporters_name_in_free_text_are_masked_on_paper(world, case):
    row, _ = doors.draft(case.id, "trail", actor=world.actor("赵兰"))
    said = text_of(row)
    assert "138****2671" in said and "13800002671" not in said
    assert "王○" in said and "王桂兰" not in said


# --- personal data ---------------------------------------------------------------------------------------------------


@pytest.fixture
def letter(world, case):
    by = world.actor("周敏")
    row, _ = doors.draft(case.id, "transfer", actor=by)
    return doors.issue(row.pk, actor=by, expected_seq=row.event_seq)


def test_a_letter_that_needs_the_phone_shows_it_masked_until_somebody_says_why(world, case, letter):
    by = world.actor("周敏")
    taken = doors.take(letter.pk, "print", actor=by)
    assert "王○" in taken.fragment and "138****2671" in taken.fragment and "王桂兰" not in taken.fragment
    assert people.reveals(f"case:{case.id}") == []
    with pytest.raises(Invalid):
        doors.take(letter.pk, "print", actor=by, purpose="看")
    full = doors.take(letter.pk, "print", actor=by, purpose="寄给供电公司联系反映人")
    assert "反映人：王桂兰；联系电话：13800002671" in full.fragment
    assert {(look.field, look.purpose) for look in people.reveals(f"case:{case.id}")} == {
        ("name", "寄给供电公司联系反映人"),
        ("phone", "寄给供电公司联系反映人"),
    }


def test_a_unit_without_the_power_never_gets_the_full_letter(world, letter):
    by = world.actor("马东")
    assert "13800002671" not in doors.take(letter.pk, "print", actor=by).fragment
    for form in ("print", "docx"):
        with pytest.raises(NotAllowed):
            doors.take(letter.pk, form, actor=by, purpose="想联系反映人本人")


def test_an_anonymous_matter_says_so(world):
    case = world.to_handle(world.open("路灯坏了。"))
    row, _ = doors.draft(case.id, "transfer", actor=world.actor("周敏"))
    assert "反映人：未留姓名；联系电话：未留电话" in text_of(row)


def test_taking_is_logged_with_number_and_form_and_the_first_is_the_printing(world, issued):
    by = world.actor("周敏")
    taken = doors.take(issued.pk, "docx", actor=by)
    assert taken.name == f"{issued.number}.docx" and taken.body[:2] == b"PK"
    first = Document.objects.get(pk=issued.pk).printed_at
    assert first is not None
    doors.take(issued.pk, "print", actor=world.actor("马东"))
    assert Document.objects.get(pk=issued.pk).printed_at == first
    assert list(Export.objects.order_by("id").values_list("form", "person", "about")) == [
        ("docx", world.people["周敏"], issued.about),
        ("print", world.people["马东"], issued.about),
    ]
    assert codes() == []


def test_a_draft_leaves_in_no_form(world, draft):
    for form in doors.FORMS:
        with pytest.raises(Conflict) as refused:
            doors.take(draft.pk, form, actor=world.actor("周敏"))
        assert refused.value.code == "document.not_issued"
    assert not Export.objects.exists()


def test_with_the_case_the_words_of_its_documents_are_erased_for_good(world, case, letter):
    Print.objects.create(document=letter, blob=b"sealed", made_at=clock.now())
    erasing.erase_case(case.id, actor=_manager(world), ground="个人信息保护法第四十七条")
    assert not events.Private.objects.filter(stream=f"document:{letter.pk}").exists()
    assert not Print.objects.exists()
    opened = doors.open_document(letter.pk, actor=world.actor("周敏"))
    assert opened.erased and opened.document.number == letter.number
    with pytest.raises(NotFound) as refused:
        doors.take(letter.pk, "print", actor=world.actor("周敏"))
    assert refused.value.code == "document.erased"
    assert codes() == []


def _manager(world):
    world.seat("admin", "county", "卢一舟")
    return world.actor("卢一舟")


# --- who sees the case sees its documents ----------------------------------------------------------------------------

SEES = {"周敏", "吕岩", "方晓", "丁禾", "马东", "赵兰", "秦英", "薛衡", "于沐阳"}
NOT = {"陈军", "水远", "何苗", "曹川", "钱立", "李禾", "孙田"}


@pytest.mark.parametrize("name", sorted(SEES | NOT))
def test_each_door_opens_for_those_who_see_the_case_and_is_not_there_for_others(world, case, issued, name):
    actor = world.actor(name)
    if name in SEES:
        assert doors.open_document(issued.pk, actor=actor).document.pk == issued.pk
        assert doors.take(issued.pk, "docx", actor=actor).body
        return
    for door in (
        lambda: doors.open_document(issued.pk, actor=actor),
        lambda: doors.take(issued.pk, "docx", actor=actor),
        lambda: doors.revise(issued.pk, {}, actor=actor, expected_seq=None),
        lambda: doors.issue(issued.pk, actor=actor, expected_seq=None),
        lambda: doors.void(issued.pk, actor=actor, reason="不要了", expected_seq=None),
        lambda: doors.draft(case.id, "trail", actor=actor),
    ):
        with pytest.raises(NotFound):
            door()
    assert doors.page(actor) == ([], None)
    assert not Export.objects.exists()


DRAFTS = {
    "周敏": {"supervision", "assignment", "transfer", "acceptance", "trail"},
    "赵兰": {"supervision", "assignment", "transfer", "acceptance", "trail"},
    "方晓": {"supervision", "assignment", "transfer", "acceptance", "trail"},
    "马东": {"trail"},
    "秦英": {"acceptance", "trail"},
    "薛衡": set(),
}


@pytest.mark.parametrize("name", DRAFTS)
def test_each_role_is_offered_what_it_may_draft_and_can_draft_nothing_else(world, case, name):
    actor = world.actor(name)
    assert {kind.name for kind in doors.offered(case_view(case.id, actor), actor)} == DRAFTS[name]
    for kind in ("supervision", "assignment", "transfer", "acceptance", "extension", "return", "reply", "trail"):
        if kind in DRAFTS[name]:
            row, _new = doors.draft(case.id, kind, actor=actor)
            assert row.template == kind
        else:
            with pytest.raises(NotAllowed):
                doors.draft(case.id, kind, actor=actor)


def test_signing_needs_the_power_at_the_issuers_place_not_only_at_the_cases(world, draft):
    # The secretary supervises in her village; the draft is the street's.
    with pytest.raises(NotAllowed) as refused:
        doors.issue(draft.pk, actor=world.actor("赵兰"), expected_seq=draft.event_seq)
    assert refused.value.code == "document.not_signer"
    for name in ("马东", "秦英", "薛衡"):
        with pytest.raises(NotAllowed):
            doors.issue(draft.pk, actor=world.actor(name), expected_seq=draft.event_seq)
    assert doors.issue(draft.pk, actor=world.actor("方晓"), expected_seq=draft.event_seq).state == "issued"


def test_a_case_that_moved_to_another_unit_takes_its_documents_along(world, case, issued):
    world.do(case, "return", "马东", ground="不是我们的职责", proposed=world.seats["power"])
    world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["power"])
    assert doors.open_document(issued.pk, actor=world.actor("陈军")).document.pk == issued.pk
    with pytest.raises(NotFound):
        doors.open_document(issued.pk, actor=world.actor("马东"))
    assert doors.page(world.actor("马东")) == ([], None)


# --- lists -----------------------------------------------------------------------------------------------------------


def test_the_list_goes_page_by_page_and_costs_the_same_for_one_and_for_many(world):
    by = world.actor("周敏")

    def queries():
        with revisions.scope(), count_queries() as q:
            lines, _next = doors.page(by, size=50)
        return q.total, len(lines)

    doors.draft(world.to_handle(world.open("第一件。")).id, "supervision", actor=by)
    doors.page(by)
    few, _ = queries()
    for number in range(6):
        doors.draft(world.to_handle(world.open(f"又一件，第 {number} 件。")).id, "supervision", actor=by)
    many, found = queries()
    assert found == 7 and many == few <= 8
    seen, before = [], None
    while True:
        lines, before = doors.page(by, size=3, before=before)
        seen += [line.document.serial for line in lines]
        if before is None:
            break
    assert seen == [7, 6, 5, 4, 3, 2, 1]


def test_the_list_narrows_by_kind_state_and_number(world, case, issued):
    by = world.actor("周敏")
    doors.draft(case.id, "trail", actor=by)

    def names(**narrowed):
        return [line.document.template for line in doors.page(by, **narrowed)[0]]

    assert names() == ["trail", "supervision"]
    assert names(name="supervision") == ["supervision"]
    assert names(state="issued") == ["supervision"]
    assert names(number="东街督") == ["supervision"]
    assert names(number="西山督") == []


def test_drafting_and_signing_stay_within_their_budgets(world, case):
    by = world.actor("周敏")
    doors.draft(case.id, "trail", actor=by)
    with revisions.scope(), count_queries() as q:
        row, _ = doors.draft(case.id, "supervision", actor=by)
    assert q.total <= 20, q.statements
    with revisions.scope(), count_queries() as q:
        doors.issue(row.pk, actor=by, expected_seq=row.event_seq)
    assert q.total <= 12, q.statements
    with revisions.scope(), count_queries() as q:
        doors.open_document(row.pk, actor=by)
    assert q.total <= 6, q.statements


def test_documents_of_a_protected_matter_are_kept_from_those_the_matter_is_kept_from(world, case, issued):
    from gezhi.engines.workflows.models import Case

    assert doors.page(world.actor("赵兰"))[0]
    Case.objects.filter(pk=case.id).update(protected="report")
    for name in ("赵兰", "秦英", "薛衡"):
        actor = world.actor(name)
        assert doors.page(actor) == ([], None)
        for door in (
            lambda actor=actor: doors.open_document(issued.pk, actor=actor),
            lambda actor=actor: doors.take(issued.pk, "print", actor=actor),
            lambda actor=actor: doors.draft(case.id, "trail", actor=actor),
        ):
            with pytest.raises(NotFound):
                door()
    assert not Export.objects.exists()


def test_no_words_of_a_protected_matter_and_nobodys_name_stand_in_a_paper(world, case):
    from gezhi.engines.workflows.models import Case

    Case.objects.filter(pk=case.id).update(protected="report")
    with facts.in_chinese():
        told = facts.gather(case_view(case.id, people.system("test")))
    assert told["reporter.name"] is None and told["reporter.phone"] is None
    everything = str(told)
    for private in ("排水沟", "倒灌", "王桂兰", "王○", "*2671", "13800002671"):
        assert private not in everything
    assert told["case.words"] == facts.KEPT and told["case.number"] == case.number
