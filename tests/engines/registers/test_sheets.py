"""A register out of an ugly workbook, out again to be checked on the round, and back; and the whole taken back."""

from __future__ import annotations

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.engines.registers import to_sheets
from gezhi.foundation import events, subjects
from gezhi.foundation.exports.models import Export
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.people.personal import identity_check
from gezhi.foundation.sheets import actions, queries
from gezhi.foundation.sheets.models import ImportRow, ImportRun
from gezhi.foundation.subjects.models import Entry, Subject
from tests.world import World

pytestmark = pytest.mark.django_db


def number(birthday: str, serial: int) -> str:
    first = f"410882{birthday}{serial:03d}"
    return first + identity_check(first)


def book(rows) -> SimpleUploadedFile:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A1:G1")
    out = io.BytesIO()
    made.save(out)
    return SimpleUploadedFile("独居老人.xlsx", out.getvalue())


def again(data: bytes, change) -> SimpleUploadedFile:
    made = openpyxl.load_workbook(io.BytesIO(data))
    change(made.active)
    out = io.BytesIO()
    made.save(out)
    return SimpleUploadedFile("核对表.xlsx", out.getvalue())


UGLY = [
    ["湖滨社区独居老人花名册（2026 年）", None, None, None, None, None, None],
    ["老人姓名", "身份证号码", "联系电话", "自理情况", "录入时间", "所在网格", "健康状况"],
    ["柳 青山", "４１０８８２" + number("19400305", 1)[6:], "１３８００００００１１", "能自理", "2024.3.5", "第 1 网格", "高血压"],
    ["高原", number("19500101", 2), "13800000012", "半自理", "二〇二四年三月五日", "第 2 网格", ""],
    ["高原", number("19500101", 2), "", "半自理", "2024.3.6", "", ""],
    ["秦明", "410882195001010000", "", "能自理", "2024.2.30", "", ""],
    ["白露", "", "13800000013", "能自理", "农历二〇二四年正月初一", "", ""],
    ["注：电话有变动请及时更新", None, None, None, None, None, None],
]  # fmt: skip


def bring(file, actor, confirm: bool = True) -> ImportRun:
    registry.discover()
    run = actions.upload(file, name=file.name, sender="register:lone_elder", actor=actor)
    claims.drain()
    run.refresh_from_db()
    if confirm:
        actions.confirm(run.pk, actor=actor)
        claims.drain()
        run.refresh_from_db()
    return run


def test_an_ugly_sheet_becomes_lines_and_is_taken_back_as_one_step():
    world = World()
    actor = world.actor("赵兰")
    run = bring(book(UGLY), actor)
    assert (run.state, run.rows, run.filled, run.bad) == ("done", 5, 3, 2)
    said = [line.reasons for line in queries.view(run.pk, actor=actor, states=("bad",)).lines]
    assert (
        "前面已经有" in said[0][0] and any("身份证" in words for words in said[1]) and any("2.30" in w for w in said[1])
    )
    lines = {s.label: (e.since.isoformat(), e.state, s.place_id) for e, s in _pairs()}
    assert lines["柳○"] == ("2024-03-05", "close", world.places["lake1"])
    assert lines["高○"] == ("2024-03-05", "close", world.places["lake2"])
    assert lines["白○"][0] == "2024-02-10"  # the first day of the lunar year
    assert "柳青山" not in str(list(ImportRow.objects.values())) and number("19400305", 1) not in str(
        list(ImportRow.objects.values())
    )
    actions.undo(run.pk, actor=actor)
    claims.drain()
    assert subjects.entries(actor, "lone_elder").rows == ()
    assert not Subject.objects.filter(ended="").exists()
    assert events.verify().findings == []


def test_the_same_sheet_again_updates_what_differs_and_only_confirms_the_rest():
    world = World()
    actor = world.actor("赵兰")
    bring(book(UGLY), actor)
    before = {e.pk: e.event_seq for e in Entry.objects.all()}
    changed = [list(row) for row in UGLY]
    changed[3][3] = "不能自理"
    run = bring(book(changed), actor)
    assert run.filled == 3 and Entry.objects.count() == 3
    after = {e.pk: (e.event_seq - before[e.pk], e.values["self_care"]) for e in Entry.objects.order_by("pk")}
    # The first is as it was and confirmed today already; the second changed; the third is known by phone and name.
    assert list(after.values()) == [(0, "able"), (1, "unable"), (0, "able")]
    actions.undo(run.pk, actor=actor)
    claims.drain()
    assert [e.values["self_care"] for e in Entry.objects.order_by("pk")] == ["able", "partly", "able"]
    assert Entry.objects.filter(until=None).count() == 3
    assert events.verify().findings == []


def test_a_sheet_carried_round_comes_back_with_no_change_already_written():
    world = World()
    actor = world.actor("赵兰")
    bring(book(UGLY), actor)
    name, data = to_sheets.returning("lone_elder", actor=actor)
    rows = list(openpyxl.load_workbook(io.BytesIO(data)).active.values)
    assert rows[0][:3] == ("登记号", "有无变化", "姓名") and {row[1] for row in rows[1:]} == {"无变化"}
    assert rows[1][2] == "柳○" and "138000" not in str(rows) and "高血压" not in str(rows)
    assert Export.objects.get(what="registers.return").rows == 3

    def write(sheet):
        column = [cell.value for cell in sheet[1]].index("自理能力") + 1
        sheet.cell(3, 2).value = "有变化"
        sheet.cell(3, column).value = "不能自理"
        sheet.cell(4, 1).value = "999999"

    Entry.objects.update(confirmed_on=None)
    run = bring(again(data, write), actor)
    assert (run.filled, run.bad) == (2, 1)
    lines = list(Entry.objects.order_by("pk"))
    assert lines[1].values["self_care"] == "unable"
    assert [line.confirmed_on is not None for line in lines] == [True, True, False]


def _pairs():
    whos = Subject.objects.in_bulk()
    return [(line, whos[line.subject_id]) for line in Entry.objects.order_by("pk")]
