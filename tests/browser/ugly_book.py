"""The register of a village as it comes: an ugly workbook, the same every time, that knows what is wrong with it.

Two header rows with merged cells under a merged title and a remark; the grid written once for a merged block of rows; days
as 2024.3.5, 二〇二四年三月五日, 农历, real dates; full-width digits; people twice; a subtotal after each grid, a total and
remarks below. Everybody in it is made up.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

import openpyxl

from gezhi.foundation.people.personal import identity_check

SURNAMES = "柳秦高白宋田丁方石林叶江夏常温简商卓房艾"
GIVEN = [
    "青山",
    "明月",
    "秋实",
    "春晖",
    "小满",
    "谷雨",
    "清和",
    "向阳",
    "远帆",
    "思源",
    "惠兰",
    "松年",
    "云起",
    "书言",
    "静好",
    "长安",
    "立冬",
    "知行",
]
GRIDS = 6
FULL = str.maketrans("0123456789", "０１２３４５６７８９")
HEAD = [
    ["序号", "基本信息", None, None, None, "健康", "录入时间", "所在网格", "备注"],
    [None, "姓 名", "身份证号码", "联系电话", "性别", "长期服药（是/否）", None, None, None],
]


@dataclass
class Ugly:
    """`data`: the .xlsx. `good`: rows that may count; `bad`: row number -> a word of its reason; `elders`: good ones of
    sixty and over on 28 November 2026; `people`: (row number, name, identity number, grid)."""

    data: bytes = b""
    good: int = 0
    elders: int = 0
    bad: dict[int, str] = field(default_factory=dict)
    people: list[tuple[int, str, str, int]] = field(default_factory=list)


def number(born: date, serial: int) -> str:
    first = f"410882{born:%Y%m%d}{serial:03d}"
    return first + identity_check(first)


def written_days(rng: Random) -> Any:
    return rng.choice(
        [
            "2024.3.5",
            "二〇二四年三月五日",
            "农历二〇二四年正月初一",
            "2024/3/5",
            "２０２４年３月５日",
            datetime(2024, 3, 5),  # noqa: DTZ001 what a sheet holds has no zone
        ]
    )


def make(rows: int = 600, seed: int = 3) -> Ugly:
    """A workbook of so many people, and what should come of it."""
    rng, made = Random(seed), Ugly()
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "老人台账"
    sheet.append(["岳师村老人健康台账（2026 年 11 月，村委会）"])
    sheet.append(["填表说明：电话有变动请及时更新；红色为新增。"])
    for row in HEAD:
        sheet.append(row)
    for span in ("A1:I1", "A2:I2", "A3:A4", "B3:E3", "G3:G4", "H3:H4", "I3:I4"):
        sheet.merge_cells(span)
    serial, at = 0, len(HEAD) + 3
    for grid, block in enumerate(_blocks(rows), start=1):
        first = at
        for _n in range(block):
            serial += 1
            at = _person(sheet, made, rng, serial, at, grid)
        sheet.cell(first, 8).value = f"第{'一二三四五六'[grid - 1]}网格" if grid % 2 else f"第 {grid} 网格"
        if at - first > 1:
            sheet.merge_cells(start_row=first, end_row=at - 1, start_column=8, end_column=8)
        sheet.cell(at, 1).value, sheet.cell(at, 6).value = "小计", block
        at += 1
    sheet.cell(at, 1).value, sheet.cell(at, 4).value = "合计", rows
    sheet.cell(at + 2, 1).value = "填表人：村文书　　审核：村支书　　2026年11月23日"
    out = io.BytesIO()
    book.save(out)
    made.data = out.getvalue()
    return made


def _blocks(rows: int) -> Iterator[int]:
    for grid in range(GRIDS):
        yield rows // GRIDS + (grid < rows % GRIDS)


def _person(sheet: Any, made: Ugly, rng: Random, serial: int, at: int, grid: int) -> int:
    """One row, or a person and their double; the next row's number."""
    # Nobody turns sixty in the week of the story: who is an elder does not hang on when the nightly check ran.
    # Days and serials alone come round after 3,000: a day later, or somebody would have another's number.
    born = date(1936 + serial % 40, serial % 12 + 1, serial % 20 + 1 + serial // 3000)
    ident, phone = number(born, serial % 1000), f"139{serial:08d}"
    name = SURNAMES[serial % 20] + GIVEN[serial // 20 % 18]
    sex = "男" if int(ident[16]) % 2 else "女"
    since, wrong = written_days(rng), ""
    match serial % 50:
        case 7:
            ident, wrong = ident[:-1] + ("0" if ident[-1] != "0" else "1"), "身份证"
        case 17:
            since, wrong = "2024.2.30", "2024.2.30"
        case 27:
            phone, wrong = "1390000", "电话"
        case 37:
            ident = float(ident[:17] + "0")  # Excel made a number of it; the last digits are lost
            wrong = "身份证"
    spoken = name if serial % 3 else f"{name[0]} {name[1:]}"
    shown = ident.translate(FULL) if isinstance(ident, str) and serial % 4 == 0 else ident
    medicine = rng.choice(["是", "否", "√", "无"])
    cells = [serial, spoken, shown, phone.translate(FULL) if serial % 5 == 0 else phone, sex, medicine, since, None, ""]
    for column, value in enumerate(cells, start=1):
        sheet.cell(at, column).value = value
    if wrong:
        made.bad[at] = wrong
        return at + 1
    made.good += 1
    made.elders += date(2026, 11, 28) >= born.replace(year=born.year + 60)
    made.people.append((at, name, str(ident), grid))
    if serial % 40 == 5:  # the same person again, a few rows below
        for column, value in enumerate(cells, start=1):
            sheet.cell(at + 1, column).value = value
        made.bad[at + 1] = "前面已经有"
        return at + 2
    return at + 1
