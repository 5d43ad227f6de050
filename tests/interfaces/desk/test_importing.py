"""整表导入 through the desk: upload, look, set right, say yes, see the result, take back; and the replies."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from gezhi.engines.workflows.models import Case
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.sheets import bounds
from gezhi.foundation.sheets.models import ImportRun, ReplySheet
from tests.foundation.sheets.workbooks import HEAD, book, cells, row


@pytest.fixture(autouse=True)
def _own_home(settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    registry.discover()


@pytest.fixture
def clerk(desk):
    return desk.of("方晓")


def send(client, data: bytes, name: str = "转办.xlsx", sender: str = "hotline"):
    return client.post("/desk/imports", {"sender": sender, "sheet": SimpleUploadedFile(name, data)})


def test_an_office_without_an_old_sheet_fills_an_empty_one_and_hands_it_in(clerk):
    page = clerk.get("/desk/imports").content.decode()
    assert 'href="/desk/imports/blank/hotline"' in page and 'href="/desk/imports/blank/city"' in page
    given = clerk.get("/desk/imports/blank/hotline")
    assert "attachment" in given["Content-Disposition"]
    made = load_workbook(io.BytesIO(given.content))
    sheet, said = made.worksheets
    head = [cell.value for cell in sheet[1]]
    assert head[0] == "工单编号" and sheet.max_row == 1
    words = {row[0]: row[3:] for row in said.iter_rows(min_row=2, values_only=True)}
    assert list(words) == head
    lists = {min(r.min_col for r in v.sqref.ranges): v.formula1 for v in sheet.data_validations.dataValidation}
    chosen = head.index("诉求类型")
    assert "'填写说明'!" in lists[chosen + 1] and "咨询" in words["诉求类型"]
    filled = {
        "工单编号": "2026-77",
        "诉求内容": "三号楼楼道灯坏了，晚上看不见路。",
        "诉求类型": "求助",
        "事发地址": "湖边社区三号楼",
    }
    for title, value in filled.items():
        sheet.cell(2, head.index(title) + 1, value)
    out = io.BytesIO()
    made.save(out)
    send(clerk, out.getvalue())
    claims.drain()
    page = clerk.get(f"/desk/imports/{ImportRun.objects.get().pk}").content.decode()
    assert "把 1 行立案" in page


def test_from_upload_to_cases_and_back(clerk):
    answer = send(clerk, book([HEAD, row("1"), row("2", phone="12"), row("1"), row("3")]))
    run = ImportRun.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/desk/imports/{run.pk}"
    page = f"/desk/imports/{run.pk}"
    assert "正在检查" in clerk.get(page).content.decode()
    claims.drain()
    shown = clerk.get(page).content.decode()
    assert "把 2 行立案" in shown and "这个号码不像电话" in shown and Case.objects.count() == 0
    doubles = clerk.get(page, {"show": "double"}).content.decode()
    assert "和第 2 行的编号一样" in doubles
    back = clerk.get(f"{page}/returned")
    assert back["Content-Type"].endswith("spreadsheetml.sheet") and "attachment" in back["Content-Disposition"]
    assert cells(back.content)[2][9].startswith("没有导入。")
    assert clerk.post(page, {"do": "confirm"}).status_code == 302
    running = clerk.get(f"{page}/progress", headers={"HX-Request": "true"})
    assert "HX-Refresh" not in running and "0 / 2 件" in running.content.decode()
    claims.drain()
    assert clerk.get(f"{page}/progress", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert Case.objects.count() == 2
    assert "立案 2 件" in clerk.get(f"{page}/cases").content.decode()
    again = clerk.post(page, {"do": "confirm"})
    assert again.status_code == 409 and "这一步现在做不了" in again.content.decode()
    assert clerk.post(page, {"do": "undo"}).status_code == 302
    claims.drain()
    assert set(Case.objects.values_list("outcome", flat=True)) == {"undone"}
    assert "已撤回" in clerk.get(page).content.decode()


def test_columns_are_set_right_on_the_page(clerk):
    send(clerk, book([["诉求人姓名", "单据", "所说", "联系电话"], ["王秀兰", "A1", "湖滨社区灯坏了", "13800001234"]]))
    claims.drain()
    page = f"/desk/imports/{ImportRun.objects.get().pk}"
    shown = clerk.get(page).content.decode()
    assert "还缺：来文编号、内容" in shown and 'value="confirm"' not in shown
    assert clerk.post(page, {"do": "settle", "c1": "number"}).status_code == 422
    assert clerk.post(page, {"do": "settle", "c1": "number", "c2": "text"}).status_code == 302
    claims.drain()
    assert "把 1 行立案" in clerk.get(page).content.decode()


def test_bad_files_are_refused_on_the_form(clerk):
    for data, words in (
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧版 Excel"),
        (b"<html>x</html>", "不是表格"),
        (b"PK\x03\x04broken", "打不开"),
    ):
        answer = send(clerk, data)
        assert answer.status_code == 422 and words in answer.content.decode()
    assert clerk.post("/desk/imports", {"sender": "hotline"}).status_code == 422
    assert send(clerk, book([HEAD, row("1")]), sender="nobody").status_code == 404
    large = send(clerk, b"x" * (bounds.MAX_BYTES + 10))
    assert large.status_code == 413 and "表格文件" in large.content.decode()
    assert ImportRun.objects.count() == 0


def test_only_who_registers_matters_may_import_and_only_their_own_is_shown(desk, clerk):
    send(clerk, book([HEAD, row("1")]))
    claims.drain()
    run = ImportRun.objects.get()
    for name in ("马东", "薛衡", "卢一舟"):
        assert desk.of(name).get("/desk/imports").status_code == 403
        assert desk.of(name).get("/desk/replies").status_code == 403
    for name in ("马东", "周敏", "赵兰"):
        for path in ("", "/progress", "/returned", "/cases"):
            assert desk.of(name).get(f"/desk/imports/{run.pk}{path}").status_code == 404
        assert desk.of(name).post(f"/desk/imports/{run.pk}", {"do": "confirm"}).status_code == 404
    assert desk.of("丁禾").get(f"/desk/imports/{run.pk}").status_code == 200
    from django.test import Client

    assert Client().get("/desk/imports").status_code in (302, 401)


def test_names_and_phones_are_masked_in_the_preview(clerk):
    send(clerk, book([HEAD, row("1", name="秦桂香", phone="13900005678")]))
    claims.drain()
    shown = clerk.get(f"/desk/imports/{ImportRun.objects.get().pk}?show=good").content.decode()
    assert "秦桂香" not in shown and "13900005678" not in shown


def test_pages_cost_the_same_however_long_the_sheet_is(clerk):
    totals = []
    for count in (2, 60):
        send(clerk, book([HEAD, *(row(f"{count}-{n}", phone="1") for n in range(count))]))
        claims.drain()
        page = f"/desk/imports/{ImportRun.objects.latest('id').pk}"
        revisions.forget()
        with count_queries() as seen:
            assert clerk.get(page).status_code == 200
        totals.append(seen.total)
        with count_queries() as seen:
            clerk.get("/desk/imports")
        totals.append(seen.total)
    assert totals[0] >= totals[2] and totals[1] >= totals[3]
    assert max(totals) <= 16, totals


def test_a_case_says_whose_number_it_came_with(clerk):
    send(clerk, book([HEAD, row("2026111800012")]))
    claims.drain()
    clerk.post(f"/desk/imports/{ImportRun.objects.get().pk}", {"do": "confirm"})
    claims.drain()
    case = Case.objects.get()
    shown = clerk.get(f"/desk/cases/{case.id}").content.decode()
    assert "12345 热线" in shown and "2026111800012" in shown
    assert case.number in clerk.get("/desk/search", {"q": "2026111800012"}).content.decode()


def test_replies_are_asked_for_waited_for_and_fetched(clerk):
    send(clerk, book([HEAD, row("1")]))
    claims.drain()
    clerk.post(f"/desk/imports/{ImportRun.objects.get().pk}", {"do": "confirm"})
    claims.drain()
    day = Case.objects.get().opened_at.date().isoformat()
    form = {"sender": "hotline", "since": day, "until": day}
    assert clerk.post("/desk/replies", {**form, "until": "2020-01-01"}).status_code == 422
    assert clerk.post("/desk/replies", {**form, "since": "昨天"}).status_code == 422
    assert clerk.post("/desk/replies", form).status_code == 302
    assert "正在做" in clerk.get("/desk/replies").content.decode()
    claims.drain()
    part = clerk.get("/desk/replies", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "下载" in part and "hx-trigger" not in part
    sheet = ReplySheet.objects.get()
    data = clerk.get(f"/desk/replies/{sheet.pk}")
    assert cells(data.content)[0][0] == "工单编号"
    assert io.BytesIO(data.content).read(2) == b"PK"
