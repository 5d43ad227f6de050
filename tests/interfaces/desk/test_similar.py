"""The desk: what may be the same event, merging two cases, following up each reporter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from gezhi.engines.workflows import merging
from gezhi.engines.workflows.models import Case
from gezhi.foundation.db import count_queries
from gezhi.foundation.jobs import claims, registry

PIPE = "滨河路18号门口水管爆了，水流了一街，没法走路。"
SAME = "滨河路18号那里水管爆裂，满街都是水，没法走。"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def two(world):
    registry.discover()
    cases = (
        world.open(PIPE, contact_phone="13812340001", contact_name="王秀兰"),
        world.open(SAME, contact_phone="13812340002"),
    )
    claims.drain()
    return cases


def test_beside_a_case_stands_what_may_be_the_same_and_it_is_merged_in_two_taps(desk, two):
    main, report = two
    client = desk.of("赵兰")
    page = client.get(f"/desk/cases/{report.id}").content.decode()
    assert f'hx-get="/desk/cases/{report.id}/similar"' in page
    beside = client.get(f"/desk/cases/{report.id}/similar", headers=HTMX).content.decode()
    assert PIPE[:10] in beside and f"/desk/cases/{report.id}/merge/{main.id}" in beside
    sides = client.get(f"/desk/cases/{report.id}/merge/{main.id}").content.decode()
    assert PIPE in sides and SAME in sides
    sent = {"_seq": report.event_seq, "_key": "merge-0001", "reason": "同一处"}
    done = client.post(f"/desk/cases/{report.id}/merge/{main.id}", sent)
    assert done.headers["Location"] == f"/desk/cases/{main.id}"
    assert Case.objects.get(pk=report.id).merged_into == main.id
    beside = client.get(f"/desk/cases/{main.id}/similar", headers=HTMX).content.decode()
    assert "还有 1 次反映并在这里" in beside and report.number in beside
    there = client.get(f"/desk/cases/{report.id}").content.decode()
    assert "不是同一件，分开办" in there and "并入另一件" in there


def test_a_stale_merge_says_what_happened_and_keeps_the_reason(desk, two, world):
    main, report = two
    seq = report.event_seq
    world.to_sign(report)
    answer = desk.of("赵兰").post(
        f"/desk/cases/{report.id}/merge/{main.id}", {"_seq": seq, "_key": "k-00000001", "reason": "同一处水管"}
    )
    assert answer.status_code == 409 and "同一处水管" in answer.content.decode()
    assert Case.objects.get(pk=report.id).merged_into is None


@pytest.mark.parametrize("name", ["钱立", "马东"])
def test_others_are_told_nothing(desk, two, name):
    main, report = two
    for url in (f"/desk/cases/{report.id}/similar", f"/desk/cases/{report.id}/merge/{main.id}"):
        assert desk.of(name).get(url).status_code == 404


def test_the_counter_is_told_while_writing(desk, world, two):
    client = desk.of("赵兰")
    said = client.post(
        "/desk/counter/similar", {"text": "滨河路18号水管爆了", "place": world.places["lake"]}, headers=HTMX
    )
    assert said.status_code == 200 and "差不多的事" in said.content.decode()
    other = client.post(
        "/desk/counter/similar", {"text": "楼道里的灯不亮", "place": world.places["lake"]}, headers=HTMX
    )
    assert other.content.decode().strip() == ""
    elsewhere = client.post("/desk/counter/similar", {"text": PIPE, "place": world.places["hill"]}, headers=HTMX)
    assert elsewhere.status_code == 403


def test_the_piece_beside_a_case_costs_the_same_however_many_are_alike(desk, world, two):
    client = desk.of("赵兰")
    for _n in range(2):
        client.get(f"/desk/cases/{two[0].id}/similar", headers=HTMX)
    with count_queries() as few:
        client.get(f"/desk/cases/{two[0].id}/similar", headers=HTMX)
    for _n in range(6):
        world.open(SAME)
    claims.drain()
    with count_queries() as many:
        client.get(f"/desk/cases/{two[0].id}/similar", headers=HTMX)
    assert many.total == few.total <= 16, "\n".join(many.statements)


def follow(client, case, **sent):
    case.refresh_from_db()
    return client.post(f"/desk/follow/{case.id}", {"_seq": case.event_seq, **sent})


@pytest.fixture
def asked(desk, world, two):
    """The main case is verified and at its follow-up; the report is merged into it."""
    main, report = two
    merging.merge(report.id, main.id, actor=world.actor("赵兰"))
    world.to_follow_up(main)
    return main, report


def test_each_reporter_has_a_line_with_the_words_to_say(desk, asked):
    main, report = asked
    page = desk.of("赵兰").get("/desk/follow").content.decode()
    assert main.number in page and report.number in page and f"并在案 {main.number}" in page
    one = desk.of("赵兰").get(f"/desk/follow?case={report.id}").content.decode()
    assert "这件事现在解决了吗" in one and "138****0002" in one and "13812340002" not in one
    assert "满意率" in one


def test_an_answer_is_two_taps(desk, asked, world):
    main, report = asked
    client = desk.of("赵兰")
    follow(client, report, _do="record", solved="yes", rating="very", _key="f-00000001")
    item = world.main(main).number
    follow(client, main, _do="record", solved="partly", rating="so_so", _item=item, _key="f-00000002")
    main.refresh_from_db(), report.refresh_from_db()
    assert (report.solved, report.rating, main.solved, main.state) == ("yes", "very", "partly", "closed")
    assert "现在没有要回访的" in client.get("/desk/follow").content.decode()


def test_not_solved_takes_one_reporter_out_and_leaves_the_other(desk, asked):
    main, report = asked
    follow(desk.of("赵兰"), report, _do="record_no", words="我家还没水。", _key="f-00000003")
    report.refresh_from_db(), main.refresh_from_db()
    assert (report.state, report.merged_into, report.stage) == ("open", None, "triage_street")
    assert main.stage == "follow_up"


@pytest.mark.parametrize("which", ["main", "report"])
def test_three_half_days_without_an_answer_and_not_one_less(desk, world, two, which):
    ahead = datetime.now(UTC).replace(hour=2, minute=0) + timedelta(days=1)
    ahead += timedelta(days=(2 - ahead.weekday()) % 7)  # ten o'clock of a Wednesday after the county was made
    with time_machine.travel(ahead, tick=False) as clock:
        main, report = two
        merging.merge(report.id, main.id, actor=world.actor("赵兰"))
        world.to_follow_up(main)
        case = main if which == "main" else report
        sent = {"_do": "no_answer", "way": "phone"}
        if which == "main":
            sent["_item"] = world.main(main).number
        client = desk.of("赵兰")
        follow(client, case, **sent)
        follow(client, case, **sent)  # the same morning: counts once
        case.refresh_from_db()
        assert len(case.attempts) == 1 and case.followed_at is None
        for hours in (5, 20):
            clock.shift(hours * 3600)
            client = desk.of("赵兰")
            follow(client, case, **sent)
        case.refresh_from_db()
        assert len({one["half"] for one in case.attempts}) == 3
        assert (case.solved, case.rating, case.state) == ("unreachable", "", "closed")
        assert case.followed_at is not None


def test_the_page_costs_the_same_for_two_as_for_ten(desk, world, asked):
    client = desk.of("赵兰")
    client.get("/desk/follow")
    with count_queries() as few:
        client.get("/desk/follow")
    for _n in range(8):
        one = world.open(SAME)
        merging.merge(one.id, asked[0].id, actor=world.actor("周敏"))
    with count_queries() as many:
        client.get("/desk/follow")
    assert many.total == few.total <= 26, "\n".join(s for s in many.statements if s not in few.statements)
