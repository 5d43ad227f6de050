"""Panels in the engine: lists, votes by every way, recusal, quorum, another meeting, secrecy, residents' voices."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gezhi.engines.workflows import lots, panels, queries, talking, ticking, views, voices
from gezhi.engines.workflows.models import Ballot, Panel, Voice, WorkItem
from gezhi.foundation import events, people
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from gezhi.foundation.people import crypto
from tests.engines.workflows import trial

from . import talks
from .test_machine import undone

PHONE = crypto.blind


@pytest.fixture
def world(db, at_ten):
    return talks.world()


def refused(kind, code, do):
    with pytest.raises(kind) as error:
        do()
    assert error.value.code == code, error.value.code


def test_a_list_is_read_line_by_line_and_what_is_wrong_is_said_with_its_line(world):
    case = world.open("沟堵了", workflow="seven_steps")
    case = world.do(case, "propose", "赵兰", topic="改沟", plan="换管。")
    panel, clerk = talks.panel_of(case), world.actor("赵兰")
    refused(Conflict, "panel.gathering", lambda: talks.vote(case, "1-101", "yes"))
    for text, said in (
        ("1-101,业主\n1-101，租户", "第 2 行"),
        ("1-101,房东", "业主、租户、商户"),
        ("1-101,业主,张三", "不要姓名和电话"),
        ("13800138000,业主", "电话或身份证号"),
        ("  \n", "空的"),
    ):
        with pytest.raises(Invalid) as wrong:
            panels.enrol(panel.id, text, actor=clerk)
        assert said in str(wrong.value.field_errors["roll"])
    with pytest.raises(NotAllowed):
        panels.enrol(panel.id, talks.ROLL, actor=world.actor("秦英"))
    assert panels.enrol(panel.id, talks.ROLL, actor=clerk).invited == 5
    refused(Conflict, "panel.enrolled", lambda: panels.enrol(panel.id, talks.ROLL, actor=clerk))
    told = json.dumps([e.patch for e in events.history(f"panel:{panel.id}")], ensure_ascii=False)
    assert "1-101" not in told and "商铺3" not in told  # where somebody lives stands in no event


def test_one_vote_a_household_by_whichever_way(world):
    case = talks.topic(world)
    panel, clerk = talks.panel_of(case), world.actor("赵兰")
    with count_queries() as spent:
        talks.vote(case, "1-101", "yes")
    assert spent.total <= 10, spent.statements
    by_label = dict(Ballot.objects.filter(panel=panel).values_list("label", "number"))
    panels.cast(panel.id, actor=clerk, ballot=by_label["1-102"], choice="no", way="paper", reason="太贵了。")
    refused(Conflict, "panel.voted", lambda: talks.vote(case, "1-102", "yes"))
    refused(Conflict, "panel.voted", lambda: panels.cast(panel.id, actor=clerk, ballot=by_label["1-101"], choice="no", way="meeting"))  # fmt: skip
    refused(NotFound, "panel.code", lambda: panels.cast(panel.id, actor=people.resident(""), choice="yes", code="2345678923"))  # fmt: skip
    other = talks.topic(world)
    refused(NotFound, "panel.code", lambda: panels.cast(panel.id, actor=people.resident(""), choice="yes", code=talks.code(other, "1-201")))  # fmt: skip
    with pytest.raises(Invalid):
        talks.vote(case, "1-201", "maybe")
    with pytest.raises(NotAllowed):  # only who runs it types ballots in
        panels.cast(panel.id, actor=world.actor("秦英"), ballot=by_label["1-201"], choice="yes", way="paper")
    panels.recuse(panel.id, by_label["商铺3"], actor=clerk, ground="interest")
    refused(Conflict, "panel.recused", lambda: talks.vote(case, "商铺3", "yes"))
    talks.vote(case, "1-201", "yes")
    with pytest.raises(Invalid) as wrong:
        talks.close(world, case)
    assert "minutes" in wrong.value.field_errors  # online is opinion-gathering until a meeting is minuted
    with count_queries() as spent:
        case = talks.close(world, case, minutes="到场十二人，记录在册。")
    assert spent.total <= 18, spent.statements
    panel.refresh_from_db()
    assert (case.stage, panel.result, panel.binding) == ("link", "passed", True)
    assert panel.tally["choices"] == {"yes": 2, "no": 1} and panel.tally["recused"] == 1
    assert panel.tally["groups"]["owner"] == {"yes": 1, "no": 1} and panel.tally["groups"]["tenant"] == {"yes": 1}
    assert list(panels.reasons(panel).values()) == ["太贵了。"]  # a minority opinion stays with the result
    refused(Conflict, "panel.closed", lambda: talks.vote(case, "1-202", "yes"))
    assert events.verify().clean


def test_a_failed_vote_goes_back_so_many_times_and_too_few_meet_again_once(world):
    case = talks.topic(world)
    for _ in range(2):
        for house in talks.HOUSES[:3]:
            talks.vote(case, house, "no")
        case = talks.close(world, case, minutes="不同意。")
        assert case.stage == "revise"
        case = world.do(case, "again", "赵兰", plan="只清淤。")
        assert (case.stage, talks.panel_of(case).invited) == ("confer", 5)  # the same households, no new list
    talks.vote(case, "1-101", "yes")
    case = talks.close(world, case, minutes="人太少。")
    panel = talks.panel_of(case)
    assert (case.stage, panel.round, panel.state) == ("confer", 2, "open")
    assert Panel.objects.filter(case_id=case.id, result="void").count() == 1
    case = talks.close(world, case, minutes="还是没来。")
    assert case.stage == "street"  # after the last meeting a person decides
    assert events.verify().clean


def test_a_panel_without_minutes_is_closed_by_the_clock_and_reminds_before(world, at_ten):
    case = talks.agreed(world)
    case = world.do(case, "send", "赵兰", unit=world.seats["city"])
    case = world.do(case, "finish", "马东", result="做完了。")
    item = WorkItem.objects.get(case_id=case.id, state="open", side=False)
    for house, score in zip(talks.HOUSES, "455", strict=False):
        talks.vote(case, house, score)
    at_ten.move_to(item.warn_at + timedelta(seconds=1))
    ticking.tick()
    assert [e.kind for e in events.history(f"case:{case.id}")][-1] == "item.warned"
    at_ten.move_to(item.due_at)
    refused(Conflict, "panel.closed", lambda: talks.vote(case, "1-202", "1"))  # late is late, counted or not
    ticking.tick()
    case.refresh_from_db()
    panel = Panel.objects.get(case_id=case.id, stage="assess")
    assert (case.stage, panel.result, panel.binding) == ("publish", "passed", False)


def test_a_withdrawn_matter_leaves_no_panel_open(world):
    from gezhi.engines.workflows import merging

    case, other = talks.topic(world), world.open("同一条沟", workflow="seven_steps")
    merging.merge(case.id, other.id, actor=world.actor("赵兰"), reason="同一件事", expected_seq=case.event_seq)
    panel = talks.panel_of(case)
    assert (panel.state, panel.result) == ("closed", "void")
    refused(Conflict, "panel.closed", lambda: talks.vote(case, "1-101", "yes"))
    assert events.verify().clean


def test_of_a_secret_vote_nothing_joins_a_voter_to_a_choice(db, at_ten):
    world = trial.world()
    case = world.do(world.open(workflow="trial"), "ask", "赵兰")
    panel = talks.panel_of(case)
    said = {"秦英": "yes", "李禾": "no"}
    with pytest.raises(Invalid):  # a reason would tell whose vote it is
        panels.cast(panel.id, actor=world.actor("秦英"), choice="yes", reason="我觉得好")
    for name, choice in said.items():
        panels.cast(panel.id, actor=world.actor(name), choice=choice)
    refused(NotAllowed, "panel.not_invited", lambda: panels.cast(panel.id, actor=world.actor("孙田"), choice="yes"))
    rows = list(Ballot.objects.filter(panel=panel).values_list("state", "choice", "reason_ref"))
    assert rows == [("voted", "", None)] * 2
    log = json.dumps([e.patch for e in events.history(f"panel:{panel.id}")])
    assert '"yes"' not in log and '"no"' not in log and '"urn"' not in log
    panel.refresh_from_db()
    assert panel.urn == {"": {"yes": 1, "no": 1}}  # one value, rewritten whole by each vote: all choices are of one age
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from workflows_ballot where choice <> ''")
        assert cursor.fetchone() == (0,)
    case = world.do(case, "close_panel", "赵兰")
    panel.refresh_from_db()
    assert panel.urn is None and panel.tally["choices"] == {"yes": 1, "no": 1} and panel.tally["groups"] == {}
    assert case.stage == "draw" and events.verify().clean


def test_a_draw_leaves_out_the_vacant_the_related_and_who_acted_and_can_be_done_again(db, at_ten):
    world = trial.world()
    case = world.do(world.open(workflow="trial"), "ask", "赵兰")
    case = world.do(case, "close_panel", "赵兰")  # nobody came: void
    item = WorkItem.objects.get(case_id=case.id, state="open")
    record = item.ask["draw"]
    jury = {world.judges[n] for n in ("评委甲", "评委乙", "评委丙")}
    assert {c["seat"] for c in record["candidates"]} == jury and lots.replay(record) == record["drawn"] == [
        item.owner_seat
    ]
    assert record["excluded"] == [{"seat": world.judges["空席"], "why": "vacant"}]
    first = item.owner_seat
    # The next matter goes to somebody else: whoever has less to do comes first.
    second = world.do(world.open(workflow="trial"), "ask", "赵兰")
    second = world.do(second, "close_panel", "赵兰")
    owner = WorkItem.objects.get(case_id=second.id, state="open").owner_seat
    assert owner != first and owner in jury
    name = next(n for n, s in world.judges.items() if s == owner)
    third = world.do(second, "aside", name)
    asked = WorkItem.objects.get(case_id=third.id, state="open")
    assert asked.owner_seat != owner and events.verify().clean


def test_residents_watch_from_conferring_to_assessment_and_a_flag_is_work_at_once(world):
    case = world.open("沟堵了", workflow="seven_steps")
    mine = PHONE("phone", "13900000001")

    def say(kind, words, phone=mine):
        return voices.say(case.id, kind, words, phone=phone, actor=people.resident(""))

    refused(Conflict, "voice.closed", lambda: say("note", "还没开始"))
    case = world.do(case, "propose", "赵兰", topic="改沟", plan="换管。")
    panels.enrol(talks.panel_of(case).id, talks.ROLL, actor=world.actor("赵兰"))
    assert say("comment", "我家也老堵。").state == "shown"
    assert say("comment", "联系我 13912345678").state == "waiting"  # a number is looked at before it is seen
    assert say("comment", "都是骗子").state == "waiting"
    flag = say("flag", "工地没围挡。")
    answer = WorkItem.objects.get(case_id=case.id, stage="answer")
    assert answer.owner_seat == world.seats["secretary"] and answer.side
    say("flag", "晚上还在施工。", PHONE("phone", "13900000002"))
    assert WorkItem.objects.filter(case_id=case.id, stage="answer").count() == 1  # one desk, both flags on it
    assert [s.words for s in voices.of_case(case.id, public=True)] == ["我家也老堵。"]
    for house in talks.HOUSES[:3]:
        talks.vote(case, house, "yes")
    case = talks.close(world, case, minutes="通过。")
    assert WorkItem.objects.get(case_id=case.id, stage="answer").state == "open"  # it outlives the step
    assert {t.item.stage for t in queries.inbox(world.actor("赵兰"))} == {"answer", "link"}
    case = world.do(case, "reply", "赵兰", item=answer.number, answer="已经围上了。")
    board = {step.title: step for step in talking.topic(case.number).board}
    assert board["督"].words == ("已经围上了。",) and board["联"].state == "now"
    with pytest.raises((NotAllowed, NotFound)):
        voices.judge(flag.id, show=True, actor=world.actor("孙田"))
    voices.judge(flag.id, show=True, actor=world.actor("赵兰"))
    with pytest.raises(Invalid):
        voices.judge(flag.id, show=False, actor=world.actor("赵兰"))  # taken down only with the ground
    voices.judge(flag.id, show=False, ground="privacy", actor=world.actor("赵兰"))
    assert [e.kind for e in events.history(f"voice:{flag.id}")] == ["voice.said", "voice.shown", "voice.removed"]
    refused(Conflict, "voice.closed", lambda: say("comment", "议完了"))
    say("note", "挖到哪了？")
    for _ in range(voices.A_DAY - 4):
        Voice.objects.filter(phone_hash=mine).count() >= voices.A_DAY or say("note", "看了一眼")
    with pytest.raises(TooMany):
        for _ in range(voices.A_DAY):
            say("note", "又看了一眼")
    assert events.verify().clean


def test_the_case_tells_its_panels_in_its_timeline(world):
    case = talks.agreed(world)
    view = views.case_view(case.id, world.actor("赵兰"))
    closed = next(e for e in view.timeline if e.action == "close_panel")
    assert closed.panel["result"] == "passed" and closed.panel["binding"] and closed.panel["voted"] == 3


def test_after_any_sequence_of_votes_and_recusals_the_tally_is_a_naive_recount(world):
    case = talks.topic(world)
    panel, clerk = talks.panel_of(case), world.actor("赵兰")
    numbers = dict(Ballot.objects.filter(panel=panel).values_list("label", "number"))
    deeds = st.tuples(st.sampled_from(talks.HOUSES), st.sampled_from(["yes", "no", "abstain", "aside"]), st.booleans())

    @settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(deeds, max_size=10))
    def lives(sequence):
        known: dict[str, str] = {}
        with undone():
            for house, deed, typed in sequence:
                try:
                    if deed == "aside":
                        panels.recuse(panel.id, numbers[house], actor=clerk, ground="kin")
                    elif typed:
                        panels.cast(panel.id, actor=clerk, ballot=numbers[house], choice=deed, way="meeting")
                    else:
                        talks.vote(case, house, deed)
                except Conflict as refusal:
                    assert refusal.code == ("panel.recused" if known[house] == "aside" else "panel.voted")
                else:
                    assert house not in known
                    known[house] = deed
            talks.close(world, case, minutes="在册。")
            tally = Panel.objects.get(pk=panel.id).tally
            said = [v for v in known.values() if v != "aside"]
            assert tally["choices"] == {c: said.count(c) for c in sorted(set(said))}
            assert (tally["voted"], tally["recused"]) == (len(said), len(known) - len(said))
            assert tally["invited"] == len(talks.HOUSES) - tally["recused"]
            held = 2 * len(said) > tally["invited"]
            wanted = "void" if not held else "passed" if 2 * said.count("yes") > len(said) else "failed"
            assert Panel.objects.get(pk=panel.id).result == wanted

    lives()
