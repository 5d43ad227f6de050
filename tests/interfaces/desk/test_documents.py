"""Documents and ledgers through the desk: one tap, edit, sign, take; refused kindly, nothing typed lost."""

from __future__ import annotations

import io
import re
import zipfile

import pytest

from gezhi.engines.publishing import numbering
from gezhi.engines.publishing.models import Document
from gezhi.foundation import exports
from gezhi.foundation.db import count_queries
from gezhi.foundation.exports.models import Export

BUDGET = 20


@pytest.fixture
def case(world):
    return world.to_handle(
        world.open("七号楼后面的排水沟堵了，下雨就倒灌。", contact_name="王桂兰", contact_phone="13800002671")
    )


def begin(client, case, kind="supervision"):
    response = client.post(f"/desk/cases/{case.id}/documents/{kind}")
    assert response.status_code == 302
    return Document.objects.get(pk=int(re.search(r"/desk/documents/(\d+)", response.headers["Location"])[1]))


def form(html: str) -> dict[str, str]:
    words = dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', html))
    return words | {"_seq": re.search(r'name="_seq" value="(\d+)"', html)[1]}


def test_the_board_and_the_case_offer_the_draft_and_one_tap_opens_it(desk, world, case):
    client = desk.of("周敏")
    page = client.get(f"/desk/cases/{case.id}").content.decode()
    assert f'action="/desk/cases/{case.id}/documents/supervision"' in page and "起草督办单" in page
    row = begin(client, case)
    html = client.get(f"/desk/documents/{row.pk}").content.decode()
    assert row.number in html and "待签发" in html and "签发督办单" in html
    assert f"/desk/documents/{row.pk}" in client.get(f"/desk/cases/{case.id}").content.decode()


def test_edit_sign_print_and_the_story_of_the_case_tells_it(desk, world, case):
    client = desk.of("周敏")
    row = begin(client, case)
    typed = form(client.get(f"/desk/documents/{row.pk}").content.decode()) | {"demand": "一、今天到场。"}
    assert client.post(f"/desk/documents/{row.pk}/do/save", typed).status_code == 302
    fresh = form(client.get(f"/desk/documents/{row.pk}").content.decode())
    assert fresh["demand"] == "一、今天到场。"
    signed = client.post(f"/desk/documents/{row.pk}/do/issue", fresh | {"demand": "一、明天到场。"}, follow=True)
    html = signed.content.decode()
    assert "已签发，一个字也不会再变" in html and "一、明天到场。" in html and "<textarea" not in html
    story = client.get(f"/desk/cases/{case.id}").content.decode()
    assert re.search(r"签发督办单 <a class=\"link\" href=\"/desk/documents/\d+\">东街督", story)
    printed = client.post(f"/desk/documents/{row.pk}/take", {"form": "print"}).content.decode()
    assert "一、明天到场。" in printed and "data-print" in printed
    word = client.post(f"/desk/documents/{row.pk}/take", {"form": "docx"})
    assert zipfile.is_zipfile(io.BytesIO(word.content))
    assert "attachment" in word.headers["Content-Disposition"]
    assert Export.objects.filter(what="document").count() == 2


def test_a_wrong_or_stale_edit_comes_back_with_everything_typed(desk, world, case):
    client = desk.of("周敏")
    row = begin(client, case)
    typed = form(client.get(f"/desk/documents/{row.pk}").content.decode())
    wrong = client.post(f"/desk/documents/{row.pk}/do/issue", typed | {"demand": "", "otherwise": "写了很久的话"})
    html = wrong.content.decode()
    assert wrong.status_code == 422 and 'aria-invalid="true"' in html and "写了很久的话" in html
    desk.of("吕岩").post(f"/desk/documents/{row.pk}/do/save", typed | {"demand": "先到的"})
    late = client.post(f"/desk/documents/{row.pk}/do/issue", typed | {"demand": "后到的，写了很久"})
    assert late.status_code == 409 and "后到的，写了很久" in late.content.decode()
    assert Document.objects.get(pk=row.pk).state == "draft"


def test_signing_twice_signs_once(desk, world, case):
    client = desk.of("周敏")
    row = begin(client, case)
    typed = form(client.get(f"/desk/documents/{row.pk}").content.decode())
    assert client.post(f"/desk/documents/{row.pk}/do/issue", typed).status_code == 302
    assert client.post(f"/desk/documents/{row.pk}/do/issue", typed).status_code == 409


def test_a_void_number_is_shown_struck_out_and_a_correction_names_the_old(desk, world, case):
    client = desk.of("周敏")
    row = begin(client, case)
    typed = form(client.get(f"/desk/documents/{row.pk}").content.decode())
    short = client.post(f"/desk/documents/{row.pk}/do/void", typed | {"reason": ""})
    assert short.status_code == 422
    client.post(f"/desk/documents/{row.pk}/do/void", typed | {"reason": "对方已经办了"})
    assert 'class="void-number"' in client.get("/desk/documents").content.decode()
    second = begin(client, case)
    client.post(
        f"/desk/documents/{second.pk}/do/issue", form(client.get(f"/desk/documents/{second.pk}").content.decode())
    )
    answer = client.post(f"/desk/documents/{second.pk}/do/correct", follow=True).content.decode()
    assert f"本单更正{second.number}" in answer
    assert numbering.gaps() == []


@pytest.mark.parametrize(
    ("name", "status"), [("周敏", 200), ("马东", 200), ("何苗", 404), ("陈军", 404), ("卢一舟", 404)]
)
def test_every_door_of_a_document_by_who_sees_its_case(desk, world, case, name, status):
    row = begin(desk.of("周敏"), case)
    seq = {"_seq": row.event_seq}
    desk.of("周敏").post(f"/desk/documents/{row.pk}/do/issue", seq)
    client = desk.of(name)
    assert client.get(f"/desk/documents/{row.pk}").status_code == status
    assert client.post(f"/desk/documents/{row.pk}/take", {"form": "docx"}).status_code == status
    assert (row.number in client.get("/desk/documents").content.decode()) is (status == 200)
    if status == 404:
        for what in ("save", "issue", "void", "correct"):
            assert client.post(f"/desk/documents/{row.pk}/do/{what}", seq).status_code == 404
        assert client.post(f"/desk/cases/{case.id}/documents/trail").status_code == 404
        assert client.get("/desk/documents/99999").status_code == 404


def test_strangers_sign_in_first_and_reading_never_drafts(client, desk, world, case):
    for address in ("/desk/documents", "/desk/documents/1"):
        assert client.get(address).status_code == 401
    for address in (f"/desk/cases/{case.id}/documents/trail", "/desk/cases/ledger"):
        assert client.post(address).status_code == 401
        assert desk.of("周敏").get(address).status_code in (404, 405)
    assert not Document.objects.exists()


def test_an_unknown_template_is_not_there(desk, world, case):
    assert desk.of("周敏").post(f"/desk/cases/{case.id}/documents/poem").status_code == 404


def test_the_pages_keep_to_their_budgets_whatever_the_number_of_documents(desk, world, case):
    client = desk.of("周敏")
    row = begin(client, case)
    client.get("/desk/")

    def queries(address):
        client.get(address)
        with count_queries() as q:
            assert client.get(address).status_code == 200
        assert q.total <= BUDGET, q.statements
        return q.total

    addresses = ("/desk/documents", f"/desk/documents/{row.pk}", f"/desk/cases/{case.id}")
    few = [queries(a) for a in addresses]
    for kind in ("assignment", "transfer", "acceptance", "trail"):
        begin(client, case, kind)
    for number in range(5):
        begin(client, world.to_handle(world.open(f"又一件，第 {number} 件。")), "supervision")
    assert [queries(a) for a in addresses] == few


def test_pages_carry_no_script_or_style_of_their_own(desk, world, case):
    client = desk.of("周敏")
    row = begin(client, case)
    pages = [client.get("/desk/documents"), client.get(f"/desk/documents/{row.pk}")]
    client.post(f"/desk/documents/{row.pk}/do/issue", {"_seq": row.event_seq})
    pages.append(client.post(f"/desk/documents/{row.pk}/take", {"form": "print"}))
    pages.append(client.post("/desk/cases/ledger", {"form": "print"}))
    for page in pages:
        html = page.content.decode()
        assert page.status_code == 200
        assert not re.search(r"<script(?![^>]*\bsrc=)", html) and "<style" not in html
        assert not re.search(r"\son[a-z]+\s*=\s*[\"']", html)


# --- ledgers ---------------------------------------------------------------------------------------------------------


def test_a_ledger_has_the_rows_of_the_list_a_watermark_and_a_line_to_sign(desk, world, case):
    world.open("又一件：路灯坏了，电话13900001111。")
    closed = world.to_closed(world.open("水管漏水。"))
    client = desk.of("周敏")
    html = client.post("/desk/cases/ledger", {"form": "print", "state": "open"}).content.decode()
    assert html.count("<tr><td>") == 2
    assert case.number in html and closed.number not in html
    assert "13900001111" not in html and "139****1111" in html
    assert "状态：在办" in html
    assert f'<td class="nb">{case.number}</td>' in html  # a number that breaks in two is no number
    for word in ("制表", "审核", "负责人", "日期"):
        assert f"{word}：＿" in html
    (made,) = exports.recent()
    assert (made.what, made.form, made.rows, made.who) == ("案件台账", "print", 2, "周○")
    assert made.filter == {"状态": "在办"}
    row = Export.objects.get()
    assert html.count(exports.mark(row)) > 12


def test_the_workbook_says_the_same_and_runs_nothing(desk, world, case):
    from openpyxl import load_workbook

    world.open('=HYPERLINK("http://elsewhere.example","点我")')
    response = desk.of("周敏").post("/desk/cases/ledger", {"form": "xlsx"})
    book = load_workbook(io.BytesIO(response.content))
    sheet = book.active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5, max_row=6)]
    assert {row[1] for row in rows} >= {case.number}
    assert all(cell.data_type in ("s", "n", "inlineStr") for row in sheet.iter_rows() for cell in row)
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
    mark = exports.mark(Export.objects.get())
    assert mark in sheet["A3"].value and mark in str(sheet.oddHeader.center.text)
    assert "&P" in sheet.oddFooter.right.text or "第" in sheet.oddFooter.right.text
    assert sheet.print_title_rows == "$4:$4"


def test_a_ledger_holds_only_what_the_person_sees_and_a_strange_form_is_refused(desk, world, case):
    html = desk.of("何苗").post("/desk/cases/ledger", {"form": "print"}).content.decode()
    assert case.number not in html and "没有符合的案件" in html
    assert desk.of("何苗").post("/desk/cases/ledger", {"form": "csv"}).status_code == 422
    assert Export.objects.count() == 1


def test_the_auditor_reads_what_left(desk, world, case):
    desk.of("周敏").post("/desk/cases/ledger", {"form": "print", "q": "排水沟"})
    html = desk.of("薛衡").get("/desk/audit").content.decode()
    assert "导出和打印" in html and "案件台账" in html and "词 排水沟" in html
