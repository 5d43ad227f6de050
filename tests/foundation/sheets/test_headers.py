"""Where the header is, which column is what, and what is no row at all."""

from __future__ import annotations

import pytest

from gezhi.foundation.errors import Invalid
from gezhi.foundation.sheets import headers
from gezhi.foundation.sheets.cells import Field
from gezhi.foundation.sheets.reading import Row

FIELDS = (
    Field("number", {"zh": "编号"}, "code", required=True, key=True, words=("工单编号", "编号")),
    Field("text", {"zh": "内容"}, "long_text", required=True, words=("诉求内容", "内容")),
    Field("name", {"zh": "来电人"}, "name", words=("诉求人姓名", "来电人", "姓名")),
    Field("phone", {"zh": "电话"}, "phone", words=("联系电话", "电话")),
    Field("deadline", {"zh": "时限"}, "moment", words=("办理时限", "截止时间")),
)


def rows(*lines):
    return [Row(n, tuple(line)) for n, line in enumerate(lines, start=1)]


def matched(head, *below, memory=None):
    header = headers.find_header(head, FIELDS)
    return {c.header: (c.field, c.by) for c in headers.match(header, list(below), FIELDS, memory)}


def test_title_rows_above_are_passed_over():
    head = rows(
        ["2026 年 11 月转办工单", None, None],
        ["制表单位：热线中心", None, "第 1 页"],
        ["工单编号", "诉求内容", "电话"],
        [1, "x", 2],
    )
    header = headers.find_header(head, FIELDS)
    assert (header.first, header.last) == (3, 3)


def test_a_header_of_two_rows_is_read_as_one():
    head = rows(
        ["工单编号", "诉求人", None, "诉求内容", "办理时限"],
        [None, "姓名", "电话", None, None],
        ["1", "王秀兰", "13800001234", "灯坏了", "2026.11.20"],
    )
    header = headers.find_header(head, FIELDS)
    assert (header.first, header.last) == (1, 2)
    assert header.titles == ("工单编号", "诉求人姓名", "诉求人电话", "诉求内容", "办理时限")
    found = {c.header: c.field for c in headers.match(header, [], FIELDS)}
    assert found == {
        "工单编号": "number", "诉求人姓名": "name", "诉求人电话": "phone", "诉求内容": "text", "办理时限": "deadline",
    }  # fmt: skip


def test_marks_brackets_and_full_width_do_not_matter():
    found = matched(rows(["＊工单编号（必填）", "诉求 内容：", "联系电话\n(手机)"]))
    assert [f for f, _by in found.values()] == ["number", "text", "phone"]
    assert all(by == "words" for _f, by in found.values())


def test_each_field_goes_to_its_best_column_only():
    found = matched(rows(["编号", "工单编号", "内容", "诉求内容摘要"]))
    fields = [f for f, _by in found.values()]
    assert fields.count("number") == 1 and fields.count("text") == 1
    assert found["工单编号"][0] == "number" or found["编号"][0] == "number"


def test_a_column_is_known_by_what_stands_in_it_but_dates_are_never_guessed():
    head = rows(["工单编号", "诉求内容", "方式", "某日"])
    below = [Row(n, (n, "x", 13800001230 + n, "2026.11.20")) for n in range(2, 9)]
    found = matched(head, *below)
    assert found["方式"] == ("phone", "content")
    assert found["某日"] == ("", "")


def test_what_a_person_settled_comes_first():
    head = rows(["工单编号", "诉求内容", "备注一", "电话"])
    found = matched(head, memory={"备注一": "name", "电话": ""})
    assert found["备注一"] == ("name", "memory") and found["电话"][0] == ""


def test_no_header_is_said_with_words_it_might_have_had():
    with pytest.raises(Invalid, match="sheet.no_header") as refused:
        headers.find_header(rows(["甲", "乙"], [1, 2]), FIELDS)
    assert refused.value.facts["words"] == "工单编号、诉求内容"


def test_remarks_below_are_no_rows_and_thin_rows_are():
    columns = {"number": 0, "text": 1, "phone": 2}
    for remark in (
        ["注：以上工单请于三日内办结", None, None], ["合计", None, 38], ["填表人：李某", None, "审核：王某"], [None, "共 3 件", None],
        ["备注", None, None],
    ):  # fmt: skip
        assert headers.is_note(Row(9, tuple(remark)), columns, ["number", "text"]) == (
            remark != [None, "共 3 件", None]
        )
    for thin in (["1", None, None], [None, "灯坏了", "13800001234"], ["备注里写的编号", "灯坏了", None]):
        assert not headers.is_note(Row(9, tuple(thin)), columns, ["number", "text"])


def test_a_title_over_one_column_and_titles_merged_down_are_part_of_the_header():
    head = rows(
        ["序号", "诉求人", None, "事情", "办理时限"],
        [None, "姓名", "电话", "诉求内容", "办理时限"],  # the last is merged down and stands in both rows
        [1, "王秀兰", "13800001234", "灯坏了", "2026.11.20"],
    )
    header = headers.find_header(head, FIELDS)
    assert header.titles == ("序号", "诉求人姓名", "诉求人电话", "事情诉求内容", "办理时限")
    assert (header.first, header.last) == (1, 2)


def test_a_total_is_no_row_whatever_columns_its_sums_stand_in():
    columns = {"number": 0, "text": 1, "phone": 2}
    for cells, note in (
        (("小计", None, 92), True), (("合计", "１２人", None), True), (("小计", "灯坏了", "13800001234"), False),
        (("总计算错了，请改", "灯坏了", None), False),
    ):  # fmt: skip
        assert headers.is_note(Row(9, cells), columns, ()) is note, cells
