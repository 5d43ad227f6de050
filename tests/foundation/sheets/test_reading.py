"""Which files are opened, and what stands in their rows."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from gezhi.foundation.errors import Refusal
from gezhi.foundation.sheets import bounds, reading
from tests.foundation.sheets.workbooks import book, with_part

PLAIN = book([["编号", "内容"], [1, "灯坏了"]])


def refused(data: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        list(reading.rows(data))
    for sentence in (caught.value.what, caught.value.why, caught.value.next):
        assert sentence and "{" not in sentence
    return caught.value.code


def test_rows_come_with_the_number_the_sheet_shows():
    data = book([["编号", "内容"], [], [1, " 灯坏了 "], [None, None], [2.0, "　"]])
    assert [(r.number, r.cells[:2]) for r in reading.rows(data)] == [
        (1, ("编号", "内容")), (3, (1, "灯坏了")), (5, (2, None)),
    ]  # fmt: skip


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_text_tables_in_the_usual_encodings(codec, mark):
    text = f'编号{mark}内容\r\n1{mark}"灯坏了\n三天了"\r\n'
    rows = list(reading.rows(text.encode(codec)))
    assert [r.cells for r in rows] == [("编号", "内容"), ("1", "灯坏了\n三天了")]


@pytest.mark.parametrize("codec", ["big5", "shift_jis"])
def test_other_encodings_are_said_not_guessed(codec):
    text = {
        "big5": "編號,內容\n1,路燈壞了請儘快處理謝謝\n",
        "shift_jis": "番号,ナイヨウ\n1,サクラガサイタ\n",
    }
    assert refused(text[codec].encode(codec)) == "sheet.encoding"


def test_bytes_that_are_no_text_name_their_line():
    with pytest.raises(Refusal) as caught:
        list(reading.rows("编号,内容\n1,好\n2,".encode() + b"\xff\xff\xff\n"))
    assert caught.value.code == "sheet.encoding" and caught.value.facts["line"] == 3


def test_old_locked_macro_and_foreign_files_are_refused_each_in_its_own_words():
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
    assert refused(ole) == "sheet.xls"
    assert refused(ole + "EncryptedPackage".encode("utf-16-le")) == "sheet.locked"
    assert refused(with_part(PLAIN, "xl/vbaProject.bin", b"x")) == "sheet.macros"
    types = zipfile.ZipFile(io.BytesIO(PLAIN)).read("[Content_Types].xml")
    macro = types.replace(b"spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main")
    assert refused(with_part(PLAIN, "[Content_Types].xml", macro)) == "sheet.macros"
    assert refused(b"<html><table><tr><td>1</td></tr></table></html>") == "sheet.not_a_sheet"
    assert refused(b"%PDF-1.7") == "sheet.not_a_sheet"
    assert refused(b"") == "sheet.empty"
    word = io.BytesIO()
    with zipfile.ZipFile(word, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    assert refused(word.getvalue()) == "sheet.not_a_sheet"
    assert refused(PLAIN[:400]) == "sheet.broken"
    assert refused(with_part(PLAIN, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row")) == "sheet.broken"


def test_a_bomb_is_refused_by_its_directory_before_a_byte_is_unfolded(monkeypatch):
    zeros = b"0" * (30 * 1024 * 1024)
    data = with_part(PLAIN, "xl/media/x.xml", zeros)
    assert len(data) < 100_000

    def never(*_args, **_kwargs):
        raise AssertionError("unfolded")

    monkeypatch.setattr(zipfile.ZipFile, "open", never)
    assert refused(data) == "sheet.bomb"


def test_a_part_that_holds_more_than_it_declares_is_not_unfolded_further():
    data = bytearray(with_part(PLAIN, "xl/worksheets/sheet1.xml", b"<a>" + b" " * 5_000_000))
    # The directory is made to say a thousand bytes; both copies of the size.
    size = (5_000_003).to_bytes(4, "little")
    assert data.count(size) >= 1
    lying = bytes(data).replace(size, (1_000).to_bytes(4, "little"))
    assert refused(lying) == "sheet.broken"


def test_entities_are_refused():
    laughs = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><sst>&b;</sst>'
    assert refused(with_part(PLAIN, "xl/sharedStrings.xml", laughs)) == "sheet.unusual"


def test_thousands_of_parts_are_refused_in_words_and_sizes_are_said_as_people_say_them():
    many = io.BytesIO(PLAIN)
    with zipfile.ZipFile(many, "a") as archive:
        for n in range(bounds.MAX_PARTS):
            archive.writestr(f"xl/x{n}.xml", b"")
    assert refused(many.getvalue()) == "sheet.unusual"
    said = [bounds.megabytes(size) for size in (400_000, 12 * 1024 * 1024, 1_500_000_000)]
    assert said == ["0.4 MB", "12 MB", "1,431 MB"]


def test_what_stands_below_a_long_gap_is_refused_with_its_row_not_left_out():
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>编号</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
    blank = "".join(f'<row r="{n}"><c r="A{n}" t="str"><v></v></c></row>' for n in range(3, 3_000))
    for last, code in (('<row r="3000"><c r="A3000"><v>8</v></c></row>', "sheet.gap"), ("", "")):
        sheet = (
            '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
            f"<sheetData>{head}{blank}{last}</sheetData></worksheet>"
        )
        data = with_part(PLAIN, "xl/worksheets/sheet1.xml", sheet.encode())
        text = "编号\n7\n" + ",\n" * 3_000 + ("8\n" if code else "")
        if code:
            with pytest.raises(Refusal) as caught:
                list(reading.rows(data))
            assert (caught.value.code, caught.value.facts["row"]) == ("sheet.gap", 3_000)
            assert refused(text.encode()) == "sheet.gap"
        else:
            assert [r.cells[0] for r in reading.rows(data)] == ["编号", 7]
            assert [r.cells[0] for r in reading.rows(text.encode())] == ["编号", "7"]


def test_too_large_is_refused_by_size():
    assert refused(b"x" * (bounds.MAX_BYTES + 1)) == "sheet.too_large"


def test_a_million_blank_rows_end_early():
    lines = "".join(f'<row r="{n}" spans="1:3"><c r="A{n}" s="1"/></row>' for n in range(3, 1_000_003))
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>编号</t></is></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
    sheet = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="A1:XFD1048576"/><sheetData>{head}{lines}</sheetData></worksheet>'
    )
    data = with_part(PLAIN, "xl/worksheets/sheet1.xml", sheet.encode())
    read = 0
    original = reading._tidy

    def counting(cell):
        nonlocal read
        read += 1
        return original(cell)

    reading._tidy = counting
    try:
        assert [r.cells[0] for r in reading.rows(data)] == ["编号", 7]
    finally:
        reading._tidy = original
    assert read < (reading.BLANKS + 10) * reading.MAX_COLUMNS


def test_a_cell_far_out_does_not_widen_every_row():
    made = openpyxl.Workbook()
    made.active["A1"], made.active["XFD1"], made.active["A2"] = "编号", "远", 1
    out = io.BytesIO()
    made.save(out)
    assert max(len(r.cells) for r in reading.rows(out.getvalue())) <= reading.MAX_COLUMNS


def test_the_first_sheet_people_see_is_read_and_links_are_not_followed():
    made = openpyxl.Workbook()
    made.active.title, made.active["A1"] = "字典", "不要"
    made.active.sheet_state = "hidden"
    shown = made.create_sheet("数据")
    shown["A1"], shown["B1"] = "编号", "=[other.xlsx]Sheet1!A1"
    out = io.BytesIO()
    made.save(out)
    assert [r.cells for r in reading.rows(out.getvalue())] == [("编号",)] or [
        r.cells[0] for r in reading.rows(out.getvalue())
    ] == ["编号"]


def test_more_rows_than_anybody_checks_are_refused(monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 3)
    assert refused(book([[n] for n in range(5)])) == "sheet.too_many_rows"


def test_what_stands_once_in_cells_merged_down_counts_for_each_row_and_fills_no_empty_one():
    rows = [
        ["网格", "姓名", "电话"],
        ["第 1 网格", "甲", 1],
        [None, "乙", 2],
        [None, None, None],
        [None, "丙", None],
        ["第 2 网格", "丁", 4],
    ]
    data = book(rows, merges=["A2:A5", "B5:C5"])
    assert [r.cells for r in reading.rows(data)] == [
        ("网格", "姓名", "电话"), ("第 1 网格", "甲", 1), ("第 1 网格", "乙", 2), ("第 1 网格", "丙"), ("第 2 网格", "丁", 4),
    ]  # fmt: skip
    assert [r.cells[0] for r in reading.rows(book(rows))][2] is None
