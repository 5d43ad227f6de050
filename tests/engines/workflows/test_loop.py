"""The request loop, step by step: who may, who may not, what the clocks say, what is refused and how."""

import json
from datetime import timedelta

import pytest

from gezhi.engines.workflows import access, actions, queries, rules, ticking, views
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions as staff
from tests.foundation.people.county import SETUP


def item_of(case):
    return WorkItem.objects.get(case_id=case.id, state=OPEN, side=False)


def test_the_whole_loop_closes_and_every_step_has_its_own_person(world):
    case = world.to_closed(world.open())
    assert (case.state, case.outcome, case.solved, case.rating) == (CLOSED, "done", "yes", "very")
    steps = [(i.stage, i.owner_seat, i.done_by) for i in WorkItem.objects.filter(case_id=case.id).order_by("number")]
    assert steps == [
        ("triage", world.seats["secretary"], world.people["赵兰"]),
        ("sign", world.seats["city"], world.people["马东"]),
        ("handle", world.seats["city"], world.people["马东"]),
        ("verify", world.seats["grid"], world.people["秦英"]),
        ("follow_up", world.seats["secretary"], None),
    ]
    assert events.verify().findings == []


def test_a_new_case_has_an_owner_and_a_clock_from_its_first_instant(world):
    case = world.open()
    item = item_of(case)
    assert case.owner_seat == item.owner_seat == world.seats["secretary"]
    assert item.due_at == clock.now() + timedelta(hours=6)  # 4 working hours from 10:00: 12:00-14:00 does not count
    assert case.late_at == item.due_at < case.due_at
    assert len(case.code) == 10


def test_another_villages_secretary_is_refused_then_the_right_one_succeeds(world):
    case = world.open()
    with pytest.raises((NotAllowed, NotFound)):
        world.do(case, "dispatch", "钱立", sort="small", unit=world.seats["grid"])
    assert world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"]).stage == "handle"


def test_the_doer_never_verifies_not_even_as_a_substitute(world):
    case = world.open()
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    world.do(case, "finish", "秦英", result="换了灯泡。")
    item = item_of(case)
    # 秦英 did it, so her own verifying seat gave it up to the next one above.
    assert item.stage == "verify" and item.owner_seat == world.seats["secretary"]
    staff.substitute(world.seats["secretary"], world.people["秦英"], actor=SETUP, until=clock.now() + timedelta(days=3))
    with pytest.raises(NotAllowed) as refused:
        world.do(case, "pass", "秦英")
    assert refused.value.code == "case.doer_verifies"
    assert world.do(case, "pass", "赵兰").stage == "follow_up"


def test_when_only_doers_are_left_in_a_seat_the_item_climbs(world):
    case = world.open()
    world.do(case, "dispatch", "赵兰", sort="small", unit=world.seats["grid2"])
    world.do(case, "finish", "李禾", result="换了灯泡。")
    assert item_of(case).owner_seat == world.seats["grid"]
    staff.appoint(world.seats["grid"], world.people["李禾"], actor=SETUP)
    staff.vacate(world.seats["grid"], actor=SETUP, person_id=world.people["秦英"])
    ticking.tick()
    assert item_of(case).owner_seat == world.seats["secretary"]
    case.refresh_from_db()
    assert case.owner_seat == world.seats["secretary"]
    assert events.verify().findings == []


def test_private_matters_are_answered_and_never_become_somebodys_work(world):
    case = world.open("问低保怎么申请")
    world.do(case, "dispatch", "赵兰", sort="private")
    assert item_of(case).stage == "advise"
    world.do(case, "answer", "赵兰", answer="到街道便民中心，带户口本和收入证明。")
    assert item_of(case).stage == "confirm"
    assert world.do(case, "solved").state == CLOSED
    assert not WorkItem.objects.filter(case_id=case.id, stage__in=("sign", "handle")).exists()


def test_returns_are_limited_then_the_county_rules(world):
    case = world.open()
    world.to_sign(case)
    for _round in range(2):
        world.do(case, "return", "马东", ground="产权在电力一侧。", proposed=world.seats["power"])
        assert item_of(case).stage == "triage_street"
        world.do(case, "dispatch", "周敏", sort="big", unit=world.seats["city"])
    world.do(case, "return", "马东", ground="还是产权的事。", proposed=world.seats["power"])
    assert item_of(case).stage == "arbitrate" and item_of(case).owner_seat == world.seats["dispatch"]
    world.do(case, "rule", "方晓", unit=world.seats["power"], ground="表箱进线归供电所。")
    item = item_of(case)
    assert (item.stage, item.owner_seat) == ("handle_ruled", world.seats["power"])
    with pytest.raises(Invalid) as refused:
        world.do(case, "return", "陈军", ground="不管", proposed=world.seats["city"])
    assert refused.value.code == "case.no_action"


def test_a_return_needs_its_ground_and_a_proposed_unit_that_is_not_oneself(world):
    case = world.open()
    world.to_sign(case)
    with pytest.raises(Invalid) as refused:
        world.do(case, "return", "马东")
    assert set(refused.value.field_errors) == {"ground", "proposed"}
    with pytest.raises(Invalid) as refused:
        world.do(case, "return", "马东", ground="不归我们", proposed=world.seats["city"])
    assert set(refused.value.field_errors) == {"proposed"}
    assert item_of(case).stage == "sign"


def test_an_extension_is_decided_by_another_seat_while_the_clock_runs(world):
    case = world.to_handle(world.open())
    before = case.due_at
    world.do(case, "extend", "马东", more="2 work_day", reason="配件要从外地发。")
    side = WorkItem.objects.get(case_id=case.id, side=True)
    assert side.owner_seat == world.seats["street"] and item_of(case).due_at == before
    with pytest.raises(Conflict):
        world.do(case, "extend", "马东", more="1 work_day", reason="再要一天。")
    world.do(case, "grant", "周敏", item=side.number)
    case.refresh_from_db()
    assert case.due_at == item_of(case).due_at > before
    assert case.extensions == 1


def test_an_extension_after_the_deadline_is_refused(world, at_ten):
    case = world.to_handle(world.open())
    at_ten.move_to(case.due_at + timedelta(minutes=1))
    with pytest.raises(Invalid) as refused:
        world.do(case, "extend", "马东", more="1 work_day", reason="来不及了。")
    assert refused.value.code == "case.past_due"


def test_the_resident_reopens_and_gets_a_new_promise(world, at_ten):
    case = world.to_closed(world.open())
    at_ten.shift(timedelta(days=5))
    world.do(case, "reopen", why="又坏了。")
    case.refresh_from_db()
    assert (case.state, case.cycle, case.reopenings, case.handled_at) == (OPEN, 2, 1, None)
    assert case.due_at > clock.now()
    assert item_of(case).owner_seat == world.seats["street"]


def test_reopening_ends_after_its_term(world, at_ten):
    case = world.to_closed(world.open())
    at_ten.shift(timedelta(days=40))
    with pytest.raises(Invalid) as refused:
        world.do(case, "reopen", why="又坏了。")
    assert refused.value.code == "case.too_late"


def test_silence_after_an_on_the_spot_settlement_is_sampled_or_closed(world, at_ten):
    ends = set()
    for _n in range(12):
        case = world.open()
        world.do(case, "settle", "赵兰", result="当场拧紧了。")
        at_ten.move_to(item_of(case).due_at + timedelta(seconds=1))
        while ticking.tick():
            pass
        case.refresh_from_db()
        sampled = rules.draw(case.id, case.cycle) < 20
        assert (case.state, case.stage) == ((OPEN, "spot_check") if sampled else (CLOSED, "closed_silent"))
        if sampled:
            assert world.people["赵兰"] in item_of(case).barred
        ends.add(case.stage)
    assert "closed_silent" in ends


def test_warning_breach_and_rungs_happen_once_each(world, at_ten):
    case = world.to_handle(world.open())
    due = item_of(case).due_at
    at_ten.move_to(due + timedelta(days=30))
    for _n in range(4):
        ticking.tick()
    kinds = [e.kind for e in events.history(f"case:{case.id}")]
    assert kinds.count("item.breached") + kinds.count("item.escalated") == 1  # one look brought it all up to now
    item = item_of(case)
    assert item.rung == 3 and item.breached_at is not None
    case.refresh_from_db()
    # Reminded, supervised by the street, and in the end the county took it over with a deadline of its own.
    assert case.supervised_by == case.owner_seat == item.owner_seat == world.seats["dispatch"]
    assert case.late_at == case.due_at < clock.now() < item.due_at and item.ask["taken_from"] == world.seats["city"]


def test_a_stale_click_says_who_did_what(world):
    case = world.open()
    seen = item_of(case)
    world.do(case, "dispatch", "赵兰", item=seen.number, sort="small", unit=world.seats["grid"])
    with pytest.raises(Conflict) as refused:
        world.do(case, "settle", "赵兰", item=seen.number, result="x")
    assert refused.value.code == "case.stale" and "分派" in refused.value.why and "赵" in refused.value.why


def test_the_same_key_again_does_nothing_and_another_body_is_refused(world):
    case = world.open()
    data = {"sort": "small", "unit": world.seats["grid"]}
    first = world.do(case, "dispatch", "赵兰", item=1, key="k1", **data)
    again = world.do(case, "dispatch", "赵兰", item=1, key="k1", **data)
    assert again.event_seq == first.event_seq
    with pytest.raises(Conflict) as refused:
        world.do(case, "dispatch", "赵兰", item=1, key="k1", sort="big", unit=world.seats["city"])
    assert refused.value.code == "case.key_reused"


def test_opening_twice_with_one_key_gives_one_case(world):
    one, two = world.open("水管漏了", key="abc"), world.open("水管漏了", key="abc")
    assert one.id == two.id and Case.objects.count() == 1
    with pytest.raises(Conflict):
        world.open("灯坏了", key="abc")


def test_urgency_brings_the_promise_forward_never_back(world):
    case = world.open(kind="complaint")
    promised = case.due_at
    world.do(case, "dispatch", "赵兰", sort="big", unit=world.seats["city"], urgent=True)
    case.refresh_from_db()
    assert case.due_at < promised and case.urgent


def test_a_vacant_seat_keeps_its_item_and_the_ancestor_answers(world):
    staff.vacate(world.seats["secretary"], actor=SETUP)
    case = world.open()
    assert item_of(case).owner_seat == world.seats["secretary"]
    tasks = queries.inbox(world.actor("周敏"))
    assert [t.case.id for t in tasks] == [case.id]
    assert world.do(case, "dispatch", "周敏", sort="small", unit=world.seats["grid"]).stage == "handle"


def test_a_leaver_hands_back_what_they_had_taken(world):
    case = world.to_handle(world.open())
    assert item_of(case).person_id == world.people["马东"]
    staff.vacate(world.seats["city"], actor=SETUP)
    item = item_of(case)
    assert item.person_id is None and item.owner_seat == world.seats["city"]
    assert world.actor("方晓").person_id in people.directory().effective(item.owner_seat).persons
    assert events.verify().findings == []


def test_who_sees_the_case(world):
    case = world.to_handle(world.open())
    for name in ("赵兰", "秦英", "周敏", "方晓", "马东"):
        assert access.case_to_see(case.id, actor=world.actor(name)).id == case.id
    for name in ("钱立", "陈军", "孙田", "何苗"):
        with pytest.raises(NotFound):
            access.case_to_see(case.id, actor=world.actor(name))
    with pytest.raises(NotFound):
        access.case_to_see(case.id, actor=people.resident("XXXXXXXXXX"))


def test_the_page_offers_only_what_this_person_can_do_and_says_why_not(world):
    case = world.to_handle(world.open())
    view = views.case_view(case.id, world.actor("马东"))
    assert [p.action for p in view.possible if p.main] == ["finish"]
    assert {"finish", "progress", "extend", "return"} <= {p.action for p in view.possible if p.why_not is None}
    other = views.case_view(case.id, world.actor("赵兰"))
    blocked = [p for p in other.possible if p.why_not]
    assert [p.action for p in blocked] == ["finish"] and "城管" in blocked[0].why_not
    assert not [p for p in other.possible if p.main]


def test_the_resident_sees_plain_steps_and_public_words_only(world):
    case = world.to_verify(world.open(contact_name="王秀兰", contact_phone="13812342671"))
    world.do(case, "note", "赵兰", words="内部：注意安全。")
    seen = views.public_view(case.code)
    assert [s.state for s in seen.steps] == ["done", "done", "done", "now", "later"]
    assert [s.title for s in seen.steps][:2] == ["收到", "有人管了"]
    said = " ".join(" ".join(e.said.values()) for e in seen.answers)
    assert "换了灯" in said and "内部" not in said
    assert seen.contact["phone"] == "138****2671" and "秀" not in seen.contact["name"]


def test_events_hold_no_words_of_people(world):
    marker = "青石巷十七号"
    case = world.open(f"{marker}的灯坏了", contact_name="王秀兰", contact_phone="13812342671")
    world.do(case, "ask", "赵兰", question=f"{marker}哪一户？")
    for event in events.history(f"case:{case.id}"):
        raw = json.dumps(event.patch, ensure_ascii=False)
        assert marker not in raw and "13812342671" not in raw and "王秀兰" not in raw


def test_erasing_a_matter_leaves_the_count_and_says_so(world):
    case = world.to_closed(world.open())
    with_system = people.system("test")
    events.erase(f"case:{case.id}", None, actor=with_system, ground="本人申请")
    case.refresh_from_db()
    row = queries.page(world.actor("赵兰")).rows[0]
    assert row.id == case.id and "删除" in row.title
    report = events.verify()
    assert report.findings == []


def test_actions_on_a_closed_case_do_not_exist(world):
    case = world.to_closed(world.open())
    with pytest.raises(Invalid):
        world.do(case, "note", "赵兰", words="晚了")
    with pytest.raises(NotFound):
        actions.fire(1, "note", item=None, expected_seq=None, actor=world.actor("赵兰"), data={})
