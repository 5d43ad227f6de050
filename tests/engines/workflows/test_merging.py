"""Two reports of one event: found, merged, followed up one by one, taken apart again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.workflows import actions, merging, queries, similar, views
from gezhi.engines.workflows.models import Case, Sketch, WorkItem
from gezhi.foundation import events, people
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.measures import MERGED, mark, measure, opened_by, table, week_of
from gezhi.interfaces.desk.names import category_name

PIPE = "滨河路18号门口水管爆了，水流了一街，没法走路。"
SAME = "滨河路18号那里水管爆裂，满街都是水，没法走。"
LEAK = "M01001"
LAMP = "三楼楼道灯坏了一周，晚上看不清。"


@pytest.fixture
def two(world):
    main, report = world.open(PIPE, contact_phone="13812340001"), world.open(SAME, contact_phone="13812340002")
    registry.discover()
    claims.drain()
    return main, report


def merge(world, report, main, by="赵兰", **more):
    return merging.merge(report.id, main.id, actor=world.actor(by), **more)


def answers(case):
    return {p.action for p in views.public_view(case.code).possible}


def test_the_same_event_is_found_and_another_is_not(world, two):
    main, report = two
    other = world.open(LAMP)
    registry.discover()
    claims.drain()
    found = similar.candidates(PIPE, report.place_id, actor=world.actor("赵兰"), besides=main.id)
    assert [near.case.id for near in found] == [report.id]
    assert [n.case.id for n in similar.candidates(LAMP, report.place_id, actor=world.actor("赵兰"))] == [other.id]
    assert similar.candidates("有人占道卖菜", report.place_id, actor=world.actor("赵兰")) == []


def test_a_check_is_two_queries(world, two):
    secretary = world.actor("赵兰")
    with revisions.scope():
        similar.candidates("先读一遍", two[0].place_id, actor=secretary)
        with count_queries() as seen:
            assert similar.candidates(PIPE, two[0].place_id, actor=secretary)
    assert seen.total <= 2, "\n".join(seen.statements)


def test_who_may_not_see_a_case_is_not_led_to_it(world, two):
    elsewhere = world.actor("钱立")  # another village's secretary
    assert similar.candidates(PIPE, two[0].place_id, actor=elsewhere) == []
    with pytest.raises(NotFound):
        merge(world, two[1], two[0], by="钱立")


def test_a_protected_matter_is_never_found_nor_merged(world, two):
    main, report = two
    kept = world.open(PIPE + "举报村主任挪用维修款。", about="village")
    registry.discover()
    claims.drain()
    kept.refresh_from_db()
    assert kept.protected and not Sketch.objects.filter(pk=kept.id).exists()
    for actor in (world.actor("方晓"), world.actor("周敏")):
        assert kept.id not in {n.case.id for n in similar.candidates(PIPE, report.place_id, actor=actor)}
    with pytest.raises((Invalid, NotFound)):
        merging.merge(kept.id, main.id, actor=world.actor("方晓"))
    with pytest.raises((Invalid, NotFound)):
        merging.merge(main.id, kept.id, actor=world.actor("方晓"))


def test_a_merged_report_ends_and_its_reporter_sees_the_main_case(world, two):
    main, report = two
    done = merge(world, report, main, reason="同一处水管")
    assert (done.state, done.outcome, done.merged_into, done.owner_seat) == ("closed", "merged", main.id, None)
    assert not WorkItem.objects.filter(case_id=report.id, state="open").exists()
    world.to_handle(main, unit="water", by="水远")
    seen = views.public_view(report.code)
    assert seen.case.code == report.code and seen.words.text == SAME
    assert seen.merged is not None and seen.merged.id == main.id
    assert [s.phase for s in seen.steps if s.state == "now"] == ["working"]
    assert seen.waits_for == views.public_view(main.code).waits_for
    assert PIPE not in str(seen.steps) + seen.now_says  # nothing of what the other reporter wrote
    assert answers(report) == {"add"}
    with pytest.raises(Conflict) as early:
        world.do(report, "solved")
    assert early.value.code == "case.main_running"
    assert not events.verify().findings


def test_each_reporter_is_asked_and_answers_for_themselves(world, two):
    main, report = two
    merge(world, report, main)
    world.to_follow_up(main)
    assert {"solved", "unsolved", "add"} == answers(report)
    world.do(main, "solved", rating="very")
    world.do(report, "solved", rating="so_so")
    main.refresh_from_db(), report.refresh_from_db()
    assert (main.rating, report.rating) == ("very", "so_so")
    assert report.merged_into == main.id and report.followed_at is not None
    assert "solved" not in answers(report)
    assert not events.verify().findings


def test_not_solved_takes_the_report_out_again(world, two):
    main, report = two
    merge(world, report, main)
    world.to_closed(main)
    again = world.do(report, "unsolved", why="我家还是没水。")
    assert (again.state, again.merged_into, again.stage) == ("open", None, "triage_street")
    assert again.cycle == 2 and again.reopenings == 1
    assert world.main(again).owner_seat == world.seats["street"]  # one level above who merged it
    main.refresh_from_db()
    assert main.state == "closed" and main.solved == "yes"
    assert not events.verify().findings


def test_a_merge_can_be_undone_with_a_reason(world, two, at_ten):
    main, report = two
    merge(world, report, main)
    at_ten.shift(3600 * 26)
    with pytest.raises(Invalid):
        world.do(report, "unmerge", "赵兰")
    with pytest.raises((NotAllowed, NotFound)):
        world.do(report, "unmerge", "钱立", reason="不是一处")
    back = world.do(report, "unmerge", "赵兰", reason="不是同一根水管")
    assert (back.state, back.stage, back.merged_into, back.outcome) == ("open", "triage", None, "")
    assert back.due_at > report.due_at and back.reopenings == 0
    assert world.main(back).opened_at > report.opened_at
    assert not events.verify().findings


def test_what_was_merged_moves_along(world, two):
    main, report = two
    third = world.open(SAME)
    merge(world, third, report)
    merge(world, report, main)
    third.refresh_from_db()
    assert third.merged_into == main.id
    assert merging.reports_of([main.id]) == {main.id: 2}
    with pytest.raises(Conflict) as gone:
        merge(world, world.open(SAME), report)
    assert gone.value.code == "merge.merged" and main.number in gone.value.next
    assert not events.verify().findings


@pytest.mark.parametrize("case", ["itself", "late", "over", "twice"])
def test_merges_that_make_no_sense_are_refused(world, two, at_ten, case):
    main, report = two
    if case == "itself":
        with pytest.raises(Invalid):
            merge(world, main, main)
    elif case == "late":
        world.to_verify(report)
        with pytest.raises(Conflict) as refused:
            merge(world, report, main, by="周敏")
        assert refused.value.code == "merge.late"
    elif case == "over":
        world.to_closed(main)
        merge(world, world.open(SAME), main)  # just closed: still the same event
        at_ten.shift(86400 * 8)
        late = world.open(SAME)
        with pytest.raises(Conflict) as refused:
            merge(world, late, main)
        assert refused.value.code == "merge.over"
    else:
        first = merge(world, report, main, key="k1")
        assert merge(world, report, main, key="k1").event_seq == first.event_seq
        with pytest.raises(Conflict):
            merge(world, report, main, key="k2")


def test_reports_and_cases_are_counted_apart(world, two):
    main, report = two
    merge(world, report, main)
    week, later = week_of(main.opened_at.date()), main.opened_at + timedelta(hours=1)
    figures = measure(["reported", "filed", "merged"], period=week, place=main.county_id, at=later)
    assert {id: figure.value for id, figure in figures.items()} == {"reported": 2, "filed": 1, "merged": 1}


def test_a_report_merged_before_it_had_a_category_has_a_line_of_its_own(world, two):
    """Not among those nobody has sorted yet, and not counted as of the main case's kind: one event is one of that kind."""
    main, report = two
    own = world.open(SAME, category=LEAK)
    merge(world, report, main)
    merge(world, own, main)
    lamp = world.open(LAMP)
    week, later = week_of(main.opened_at.date()), main.opened_at + timedelta(hours=1)
    rows = table(["reported", "filed", "merged"], by="category", period=week, place=main.county_id, at=later)
    told = {row.group: tuple(figure.value for figure in row.figures.values()) for row in rows}
    assert told == {"": (2, 2, 0), MERGED: (1, 0, 1), LEAK: (1, 0, 1)}
    figures = {row.group: row.figures["reported"] for row in rows}
    assert list(opened_by(figures[MERGED].opens).values_list("id", flat=True)) == [report.id]
    assert set(opened_by(figures[""].opens).values_list("id", flat=True)) == {main.id, lamp.id}
    marked = mark(["reported", "merged"], by=("category",), period=week, place=main.county_id, at=later)
    assert {groups[0]: number for number, groups, _mask in marked.each()} == {
        "": lamp.id,
        LEAK: own.id,
        MERGED: report.id,
    }
    assert category_name(MERGED) == "并入别件的" and category_name("") == "还没归类"


def test_an_erased_report_is_like_nothing(world, two):
    from gezhi.engines.workflows.erasing import erase_case

    assert Sketch.objects.filter(pk=two[0].id).exists()
    admin = people.system("test")
    try:
        erase_case(two[0].id, actor=world.actor("方晓"), ground="个人信息保护法第四十七条")
    except NotAllowed:
        events.erase(f"case:{two[0].id}", None, actor=admin, ground="个人信息保护法第四十七条")
    assert not Sketch.objects.filter(pk=two[0].id).exists()


def test_the_sketch_holds_no_words(world, two):
    kept = bytes(Sketch.objects.get(pk=two[0].id).sketch)
    assert len(kept) <= 256 and "水管".encode() not in kept
    _ = actions, queries, Case
