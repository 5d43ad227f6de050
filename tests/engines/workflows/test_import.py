"""A hotline's sheet becomes cases: read, looked at, confirmed, filled in batches, found by its number, taken back."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest

from gezhi.engines.workflows import actions as work
from gezhi.engines.workflows import queries as cases
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, exports, people
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.jobs import claims
from gezhi.foundation.sheets import actions, jobs, queries, replies, store
from gezhi.foundation.sheets.models import ImportRow, ImportRun
from tests.foundation.sheets.workbooks import HEAD, book, cells, row


@pytest.fixture(autouse=True)
def _own_home(settings, tmp_path):
    settings.GEZHI_HOME = tmp_path


def bring(world, rows, by: str = "方晓", sender: str = "12345", name: str = "转办.xlsx", **more) -> ImportRun:
    """Upload and check; `rows` under HEAD, or a whole file."""
    data = rows if isinstance(rows, bytes) else book([HEAD, *rows])
    run = actions.upload(io.BytesIO(data), name=name, sender=sender, actor=world.actor(by), **more)
    claims.drain()
    run.refresh_from_db()
    return run


def confirmed(world, run: ImportRun, by: str = "方晓") -> ImportRun:
    actions.confirm(run.pk, actor=world.actor(by))
    claims.drain()
    run.refresh_from_db()
    return run


def codes(run: ImportRun) -> dict[int, list[str]]:
    return {r.number: [p[2] for p in r.problems] for r in ImportRow.objects.filter(run=run).order_by("number")}


def test_a_row_becomes_a_case_with_the_senders_number_place_category_and_deadline(world):
    run = bring(
        world,
        [row("2026111800012", "水管爆了，没水用", category="城建/停水", urgent="一般", deadline="2026年11月18日16时")],
    )
    assert (run.state, run.good, run.bad) == ("checked", 1, 0)
    assert Case.objects.count() == 0  # nothing counts before the yes
    confirmed(world, run)
    case = Case.objects.get()
    assert (case.origin, case.channel) == ("12345:2026111800012", "hotline")
    assert case.category == "T010216"
    assert case.village_id == world.places["lake"]
    # The sender's deadline comes before the county's own urgent day.
    assert case.due_at == datetime(2026, 11, 18, 8, 0, tzinfo=UTC)
    assert case.promised["given"] == "2026-11-18T16:00:00+08:00"
    assert world.main(case).owner_seat == world.seats["secretary"]
    (opened,) = events.history(f"case:{case.id}")
    assert opened.claimed_at == datetime(2026, 11, 16, 16, 0, tzinfo=UTC)
    text = events.read_private([case.text_ref])[case.text_ref]
    assert "水管爆了" in text and "湖滨社区 3 号楼" in text


def test_a_later_deadline_of_the_sender_leaves_the_countys_own_and_a_past_one_is_late_at_once(world, at_ten):
    run = bring(
        world,
        [
            row("1001", category="停水", deadline="2026-12-31"),
            row("1002", deadline="2026/11/17"),
            row("1003", deadline="2026-11-20"),
        ],
    )
    assert codes(run)[3] == ["case.given_past"]
    confirmed(world, run)
    later, past, day = (Case.objects.get(origin=f"12345:{n}") for n in ("1001", "1002", "1003"))
    assert later.due_at == datetime(2026, 11, 19, 2, 0, tzinfo=UTC)  # one urgent day
    assert past.due_at == past.opened_at == past.late_at
    # A date without a time means the end of that day in China.
    assert day.due_at == datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)


def test_the_given_deadline_is_counted_again_by_its_own_rule_when_holidays_are_imported(world):
    from gezhi.foundation import calendar

    confirmed(world, bring(world, [row("1", deadline="2026-11-20"), row("2")]))
    given, own = Case.objects.get(origin="12345:1"), Case.objects.get(origin="12345:2")
    calendar.import_holidays([(date(2026, 11, 19), "停工", False)], actor=people.system("test"))
    was = (given.due_at, own.due_at)
    given.refresh_from_db()
    own.refresh_from_db()
    assert given.due_at == was[0]
    assert own.due_at > was[1]


def test_rows_without_a_place_go_to_the_countys_dispatcher_and_a_town_to_its_street(world):
    run = bring(world, [row("1", "停水了", address=""), row("2", "停水了", address="西山镇政府门口")])
    assert codes(run) == {2: ["case.place_unsure"], 3: []}
    confirmed(world, run)
    nowhere, town = Case.objects.get(origin="12345:1"), Case.objects.get(origin="12345:2")
    assert world.main(nowhere).owner_seat == world.seats["dispatch"]
    assert world.main(town).owner_seat == world.seats["west_street"]


def test_a_street_imports_only_for_itself(world):
    run = bring(world, [row("1", address="", text="灯坏了")], by="周敏")
    assert run.place_id == world.places["east"]
    data = book([[*HEAD, "所属社区"], [*row("2", address=""), "南岗村"]])
    other = bring(world, data, by="周敏")
    assert codes(other) == {2: ["case.place_elsewhere"]} and other.bad == 1
    with pytest.raises(NotAllowed):
        bring(world, [row("3")], by="周敏", place_id=world.places["west"])
    with pytest.raises(NotAllowed):
        bring(world, [row("3")], by="马东")


def test_the_same_number_twice_is_one_case_and_said(world):
    first = bring(world, [row("1"), row("2"), row(" １ ")])
    assert codes(first) == {2: [], 3: [], 4: ["row.twice"]}
    confirmed(world, first)
    assert Case.objects.count() == 2 and first.filled == 2 and first.doubles == 1
    again = bring(world, [row("2"), row("9")])
    assert (again.good, again.doubles) == (1, 1)
    double = ImportRow.objects.get(run=again, state="double")
    assert double.subject == Case.objects.get(origin="12345:2").id
    confirmed(world, again)
    assert Case.objects.count() == 3


def test_two_runs_with_the_same_numbers_fill_each_once(world):
    one, two = bring(world, [row("1"), row("2")]), bring(world, [row("2"), row("3")])
    for run in (one, two):
        actions.confirm(run.pk, actor=world.actor("方晓"))
    claims.drain()
    assert sorted(Case.objects.values_list("origin", flat=True)) == ["12345:1", "12345:2", "12345:3"]
    two.refresh_from_db()
    assert (two.filled, two.doubles, two.state) == (1, 1, "done")


def test_bad_rows_stay_out_and_come_back_with_reasons_in_the_same_sheet(world):
    rows = [
        ["转办工单汇总表"],
        HEAD,
        row("1"),
        row("2", phone="12"),
        row("", "没有编号"),
        row("4", deadline="下周"),
        ["合计：4 件"],
    ]
    run = bring(world, book(rows, merges=["A1:I1"]))
    assert (run.good, run.bad, run.rows) == (1, 3, 4)
    name, data = queries.returned_file(run.pk, actor=world.actor("方晓"))
    sheet = cells(data)
    assert name == "转办-问题.xlsx"
    assert [line[:9] for line in sheet] == [
        [*r, *[None] * (9 - len(r))] for r in [[c or None for c in r] for r in rows]
    ]
    assert [line[9] for line in sheet[1:6]] == [
        "问题",
        None,
        "没有导入。联系电话：这个号码不像电话，请填 11 位手机号，或带区号的座机。",
        "没有导入。工单编号：这一格必须填。",
        "没有导入。办理时限：“下周”不像日期或时间，请写成 2026-11-18 15:30 这样。",
    ]
    assert exports.recent()[0].what == "带原因退回的表"
    confirmed(world, run)
    assert Case.objects.count() == 1


def test_a_case_is_found_by_the_senders_number(world):
    confirmed(world, bring(world, [row("2026111800012"), row("2026111800013")]))
    dispatcher = world.actor("方晓")
    for typed in ("2026111800012", "12345:2026111800012"):
        (found,) = cases.page(dispatcher, cases.Filters(q=typed)).rows
        assert found.case.origin == "12345:2026111800012"
    assert cases.page(world.actor("何苗"), cases.Filters(q="2026111800012")).rows == []


def test_columns_a_clerk_sets_right_are_checked_again_and_remembered(world):
    head = ["序", "单据", "群众所说", "在哪里", "诉求人电话"]
    lines = [[n, f"A{n}", "灯坏了", "湖滨社区", "13800001234"] for n in range(1, 4)]
    run = bring(world, book([["x", "工单编号", "内容", "位置", "电话"], *lines]))
    assert run.good == 3
    strange = book([["诉求人姓名", *head[1:]], *lines])
    run = bring(world, strange)
    view = queries.view(run.pk, actor=world.actor("方晓"))
    assert view.missing == ["来文编号", "内容"]
    with pytest.raises(Invalid, match="sheet.columns"):
        actions.confirm(run.pk, actor=world.actor("方晓"))
    with pytest.raises(Invalid, match="sheet.columns"):
        actions.settle(run.pk, {1: "number"}, actor=world.actor("方晓"))
    actions.settle(run.pk, {0: "", 1: "number", 2: "text", 3: "address"}, actor=world.actor("方晓"))
    claims.drain()
    run.refresh_from_db()
    assert (run.state, run.good, run.bad) == ("checked", 3, 0)
    assert [c["by"] for c in run.columns] == ["person", "person", "person", "person", "words"]
    # The next sheet of this sender needs nobody.
    lines = [[n, f"B{n}", "灯坏了", "湖滨社区", "13800001234"] for n in range(1, 4)]
    again = bring(world, book([["诉求人姓名", *head[1:]], *lines]))
    assert again.good == 3 and [c["by"] for c in again.columns[:4]] == ["", "memory", "memory", "memory"]


def test_an_import_is_taken_back_whole_by_event_and_its_numbers_are_free_again(world):
    run = confirmed(world, bring(world, [row("1"), row("2")]))
    numbers = sorted(Case.objects.values_list("number", flat=True))
    actions.undo(run.pk, actor=world.actor("方晓"))
    claims.drain()
    run.refresh_from_db()
    assert (run.state, run.filled) == ("undone", 0)
    for case in Case.objects.all():
        assert (case.state, case.outcome) == ("closed", "undone")
        assert events.history(f"case:{case.id}")[-1].kind == "case.undone"
        with pytest.raises((Invalid, NotAllowed, NotFound, Conflict)):
            work.fire(
                case.id, "reopen", item=None, expected_seq=None, actor=people.resident(case.code), data={"why": "x"}
            )
    assert events.verify().findings == []
    from gezhi.foundation import measures

    whole = measures.measure(["reported"], period=_november(), place=world.places["county"])
    assert whole["reported"].value in (0, None)
    confirmed(world, bring(world, [row("1")]))
    assert Case.objects.filter(origin="12345:1").count() == 2
    assert Case.objects.get(state="open").number not in numbers


def _november():
    from gezhi.foundation import measures

    return measures.Cut(
        datetime(2026, 10, 31, 16, tzinfo=UTC),
        datetime(2026, 11, 30, 16, tzinfo=UTC),
        datetime(2026, 11, 30, 16, tzinfo=UTC),
    )


def test_what_somebody_has_worked_on_is_not_taken_back(world):
    run = confirmed(world, bring(world, [row("1"), row("2")]))
    case = Case.objects.get(origin="12345:1")
    world.do(case, "note", "赵兰", words="打过电话了")
    with pytest.raises(Conflict, match="sheet.touched") as refused:
        actions.undo(run.pk, actor=world.actor("方晓"))
    assert refused.value.facts["examples"] == case.number
    run.refresh_from_db()
    assert run.state == "done" and Case.objects.filter(state="open").count() == 2


def test_a_touch_between_the_yes_and_the_batch_keeps_that_case(world):
    run = confirmed(world, bring(world, [row("1"), row("2")]))
    actions.undo(run.pk, actor=world.actor("方晓"))
    world.do(Case.objects.get(origin="12345:1"), "note", "赵兰", words="打过电话了")
    claims.drain()
    run.refresh_from_db()
    assert (run.state, run.filled) == ("undone", 1)
    assert sorted(Case.objects.values_list("origin", "state")) == [("12345:1", "open"), ("12345:2", "closed")]


def test_what_the_clock_did_by_itself_does_not_keep_an_import(world, at_ten):
    from gezhi.engines.workflows import ticking

    run = confirmed(world, bring(world, [row("1")]))
    at_ten.shift(2 * 24 * 3600)
    ticking.tick()
    assert Case.objects.get().event_seq > 1
    actions.undo(run.pk, actor=world.actor("方晓"))
    claims.drain()
    assert Case.objects.get().outcome == "undone"


def test_nothing_is_parsed_inside_the_request(world, monkeypatch):
    from gezhi.foundation.sheets import reading

    def never(*_args, **_kwargs):
        raise AssertionError("a workbook was parsed")

    data = book([HEAD, row("1")])
    with monkeypatch.context() as patched:
        patched.setattr(reading, "rows", never)
        patched.setattr(reading, "opened", never)
        run = actions.upload(io.BytesIO(data), name="x.xlsx", sender="12345", actor=world.actor("方晓"))
        assert run.state == "uploaded"
    claims.drain()
    with monkeypatch.context() as patched:
        patched.setattr(reading, "rows", never)
        revisions.forget()
        dispatcher = world.actor("方晓")
        with revisions.scope(), count_queries() as seen:
            queries.view(run.pk, actor=dispatcher)
        assert seen.total <= 3, "\n".join(seen.statements)
        with count_queries() as seen:
            actions.confirm(run.pk, actor=dispatcher)
        assert seen.total <= 10, "\n".join(seen.statements)
        assert Case.objects.count() == 0


def test_a_broken_file_is_refused_in_words_and_the_run_says_so(world):
    run = bring(world, book([["甲", "乙"], [1, 2]]))
    assert run.state == "refused"
    view = queries.view(run.pk, actor=world.actor("方晓"))
    assert view.fault is not None and view.fault[0] == "没找到表头。"
    actions.drop(run.pk, actor=world.actor("方晓"))
    assert ImportRun.objects.get(pk=run.pk).state == "dropped"


def test_one_row_that_cannot_be_opened_after_all_does_not_hold_the_others(world, monkeypatch):
    from gezhi.engines.workflows import bulk

    decide = bulk.decide

    def sometimes(flow, hash, data, *rest, **more):
        if data["origin"].endswith(":2"):
            raise Invalid("case.place_closed")
        return decide(flow, hash, data, *rest, **more)

    run = bring(world, [row("1"), row("2"), row("3")])
    monkeypatch.setattr(bulk, "decide", sometimes)
    confirmed(world, run)
    assert (run.state, run.filled, run.bad) == ("done", 2, 1)
    assert sorted(Case.objects.values_list("origin", flat=True)) == ["12345:1", "12345:3"]
    assert codes(run)[3] == ["row.refused"]


def test_others_do_not_see_an_import(world):
    run = bring(world, [row("1")])
    for name in ("周敏", "赵兰", "马东"):
        with pytest.raises(NotFound):
            queries.view(run.pk, actor=world.actor(name))
        with pytest.raises(NotFound):
            actions.confirm(run.pk, actor=world.actor(name))
        assert queries.runs(world.actor(name)) == []
    assert [r.pk for r in queries.runs(world.actor("丁禾"))] == [run.pk]


def test_values_wait_sealed_and_are_gone_once_filled(world, django_capture_on_commit_callbacks):
    run = bring(world, [row("1", name="秦桂香", phone="13900005678")])
    raw = bytes(ImportRow.objects.get(run=run).sealed)
    assert "秦桂香".encode() not in raw and b"13900005678" not in raw
    view = queries.view(run.pk, actor=world.actor("方晓"))
    shown = {id: words for id, words, _wrong in view.lines[0].cells}
    assert "秦桂香" not in str(shown)
    with django_capture_on_commit_callbacks(execute=True):
        confirmed(world, run)
    assert ImportRow.objects.get(run=run).sealed is None
    with pytest.raises(NotFound):
        store.get(f"run-{run.pk}")


def test_replies_go_back_under_the_senders_numbers_in_its_own_columns(world):
    first = row("1", address="湖滨社区 第1网格", deadline="2026-11-20")
    confirmed(world, bring(world, [first, row("2"), row("3", address="西山镇")]))
    case = Case.objects.get(origin="12345:1")
    world.to_closed(case)
    asked = actions.ask_replies("12345", date(2026, 11, 18), date(2026, 11, 18), actor=world.actor("方晓"))
    claims.drain()
    name, data = replies.fetch(asked.pk, actor=world.actor("方晓"))
    sheet = cells(data)
    assert name == "12345 热线-20261118-20261118.xlsx"
    lines = {line[0]: dict(zip(sheet[0], line, strict=True)) for line in sheet[1:]}
    assert sheet[0][:4] == ["工单编号", "承办单位", "签收时间", "办理时限"] and sorted(lines) == ["1", "2", "3"]
    done = lines["1"]
    assert done["承办单位"] == "县城管局" and done["办理结果"] == "换了灯和声控开关。"
    assert (done["办理状态"], done["是否满意"], done["是否按期办结"]) == ("已办结", "满意", "按期")
    assert done["本地案号"] == case.number and done["办理时限"] == "2026-11-20 23:59"
    assert lines["2"]["办理状态"] == "办理中" and lines["2"]["办理结果"] is None
    made = exports.recent()[0]
    assert (made.what, made.rows, made.filter["sender"]) == ("来文单位的回复表", 3, "12345")
    with pytest.raises(NotFound):
        replies.fetch(asked.pk, actor=world.actor("周敏"))


def test_replies_of_a_street_hold_only_its_own(world):
    confirmed(world, bring(world, [row("1"), row("3", address="西山镇")]))
    asked = actions.ask_replies("12345", date(2026, 11, 18), date(2026, 11, 18), actor=world.actor("周敏"))
    claims.drain()
    _name, data = replies.fetch(asked.pk, actor=world.actor("周敏"))
    assert [line[0] for line in cells(data)[1:]] == ["1"]


def test_a_formula_in_a_residents_words_goes_out_as_words(world):
    confirmed(world, bring(world, "工单编号,诉求内容,事发地址\n=1+1,灯坏了,湖滨社区\n".encode("gb18030")))
    case = Case.objects.get()
    assert case.origin == "12345:=1+1"
    asked = actions.ask_replies("12345", date(2026, 11, 18), date(2026, 11, 18), actor=world.actor("方晓"))
    claims.drain()
    import openpyxl

    data = replies.fetch(asked.pk, actor=world.actor("方晓"))[1]
    cell = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]["A2"]
    assert (cell.data_type, cell.value) == ("s", "=1+1")


def test_batches_end_where_they_end(world, monkeypatch):
    monkeypatch.setattr(jobs, "FILL", 2)
    run = confirmed(world, bring(world, [row(str(n)) for n in range(5)]))
    assert (run.state, run.filled) == ("done", 5)
    assert Case.objects.count() == 5 and events.verify().findings == []
