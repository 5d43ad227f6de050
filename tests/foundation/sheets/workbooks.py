"""Workbooks as people send them, made in the test."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import openpyxl

HEAD = ["工单编号", "诉求内容", "事发地址", "问题分类", "紧急程度", "诉求人姓名", "联系电话", "受理时间", "办理时限"]


def row(number: Any, text: str = "路灯不亮", address: str = "湖滨社区 3 号楼", **other: Any) -> list[Any]:
    """A row under HEAD; `category`, `urgent`, `name`, `phone`, `received`, `deadline` as given."""
    get = other.get
    return [
        number, text, address, get("category"), get("urgent", "一般"), get("name", "王秀兰"), get("phone", "13800001234"),
        get("received", "2026.11.17"), get("deadline"),
    ]  # fmt: skip


def book(rows: Sequence[Sequence[Any]], *, merges: Sequence[str] = (), title: str = "Sheet1") -> bytes:
    """A .xlsx of the rows."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = title
    for line in rows:
        sheet.append(list(line))
    for span in merges:
        sheet.merge_cells(span)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def cells(data: bytes) -> list[list[Any]]:
    """What stands in the first sheet of a .xlsx."""
    read = openpyxl.load_workbook(io.BytesIO(data))
    return [list(line) for line in read.worksheets[0].iter_rows(values_only=True)]


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The .xlsx with one more (or another) part in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part.filename, old.read(part))
        new.writestr(name, content)
    return out.getvalue()
