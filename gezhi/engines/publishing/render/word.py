"""A paper as Word (.docx), built from the paper's data: A4, GB/T 9704 margins, FangSong body, red head.

The bytes depend on the paper alone: every date inside the file and the zip is fixed, the order of parts too.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gezhi.engines.publishing.render.html import copy_note
from gezhi.engines.publishing.rules import heading_lines, shown

RED = "B3261E"
SONG, FANG, HEI, TITLE = "宋体", "仿宋", "黑体", "宋体"
FIXED = datetime(2000, 1, 1)  # noqa: DTZ001  (the format has no zone)
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


def render(
    paper: Mapping[str, Any], personal: Mapping[str, Any], *, full: bool = False, fingerprint: str = ""
) -> bytes:
    """The .docx as bytes; people's data masked unless `full`."""
    return _Writer(paper, personal, full, fingerprint).bytes()


class _Writer:
    def __init__(self, paper: Mapping[str, Any], personal: Mapping[str, Any], full: bool, fingerprint: str) -> None:
        from docx import Document
        from docx.shared import Mm, Pt

        self.paper, self.personal, self.full, self.fingerprint = paper, personal, full, fingerprint
        self.Pt, self.Mm = Pt, Mm
        self.doc = Document()
        self._page()

    def say(self, text: str) -> str:
        return shown(text, self.personal, self.full)

    def bytes(self) -> bytes:
        whose = list(self.paper.get("copies") or ())
        for number in range(len(whose) or 1):
            if number:
                self.doc.add_page_break()
            self._copy(copy_note(number, whose) if whose else "")
        return _same_bytes(self.doc)

    def _copy(self, note: str) -> None:
        paper = self.paper
        if note:
            self.line(note, font=SONG, size=10.5, indent=False, exact=0, after=4)
        if paper["layout"] == "letter":
            self._letter_head()
        else:
            self._table_head()
        if paper["to"]:
            self.line(f"{self.say(paper['to'])}：", indent=False)
        for block in paper["blocks"]:
            self._block(block)
        last = [self.doc.paragraphs[-1]]  # a signature never stands on a page without words
        if paper["attach"]:
            numbered = len(paper["attach"]) > 1
            for n, text in enumerate(paper["attach"], 1):
                lead = "附件：" if n == 1 else "　　　"
                words = f"{lead}{f'{n}. ' if numbered else ''}{self.say(text)}"
                last.append(self.line(words, before=14 if n == 1 else 0))
        for paragraph in last:
            paragraph.paragraph_format.keep_with_next = True
        self._sign()
        if paper["layout"] == "letter":
            self._record()

    # --- parts ------------------------------------------------------------------------------------------------------

    def _page(self) -> None:
        from docx.oxml.ns import qn

        section = self.doc.sections[0]
        section.page_width, section.page_height = self.Mm(210), self.Mm(297)
        if self.paper["layout"] == "letter":
            section.top_margin, section.bottom_margin = self.Mm(37), self.Mm(35)
            section.left_margin, section.right_margin = self.Mm(28), self.Mm(26)
        else:
            section.top_margin, section.bottom_margin = self.Mm(25), self.Mm(22)
            section.left_margin = section.right_margin = self.Mm(22)
        section.footer_distance = self.Mm(18)
        style = self.doc.styles["Normal"]
        style.font.name, style.font.size = FANG, self.Pt(16)
        style.element.rPr.rFonts.set(qn("w:eastAsia"), FANG)
        self._page_number(section)
        core = self.doc.core_properties
        core.author = core.last_modified_by = self.paper["org"]
        core.title, core.comments, core.keywords = self.paper["number"], "", ""
        core.created = core.modified = FIXED
        core.revision = 1

    def _page_number(self, section: Any) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = section.footer.paragraphs[0]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._run(paragraph, "— ", SONG, 14)
        run = self._run(paragraph, "", SONG, 14)
        for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
            if kind:
                mark = OxmlElement("w:fldChar")
                mark.set(qn("w:fldCharType"), kind)
            else:
                mark = OxmlElement("w:instrText")
                mark.text = text
            run._r.append(mark)
        self._run(paragraph, " —", SONG, 14)
        if self.fingerprint:  # at the foot, where it never needs a page of its own
            self._run(section.footer.add_paragraph(), f"内容指纹 {self.fingerprint}", SONG, 9)

    def _letter_head(self) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT

        org = self.say(self.paper["org"])
        size = 36 if len(org) <= 12 else 28 if len(org) <= 16 else 22
        self.line(org, font=TITLE, size=size, bold=True, colour=RED, centre=True, indent=False, exact=0, after=18)
        paragraph = self.line(self.say(self.paper["number"]), indent=False, after=2)
        paragraph.paragraph_format.tab_stops.add_tab_stop(self.Mm(156), WD_TAB_ALIGNMENT.RIGHT)
        self._run(paragraph, f"\t签发人：{self.say(self.paper['signer'])}", FANG, 16)
        self._rule(paragraph, RED, 16)
        self.line(
            self._heading(), font=TITLE, size=22, bold=True, centre=True, indent=False, before=24,
            after=14, exact=0,
        )  # fmt: skip

    def _table_head(self) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT

        self.line(self.say(self.paper["org"]), font=SONG, size=16, centre=True, indent=False, exact=0)
        self.line(
            self._heading(), font=TITLE, size=22, bold=True, centre=True, indent=False, exact=0, after=8
        )  # fmt: skip
        paragraph = self.line(f"编号：{self.say(self.paper['number'])}", size=12, indent=False, exact=0, after=4)
        paragraph.paragraph_format.tab_stops.add_tab_stop(self.Mm(166), WD_TAB_ALIGNMENT.RIGHT)
        self._run(paragraph, f"\t签发人：{self.say(self.paper['signer'])}", FANG, 12)

    def _heading(self) -> str:
        return "\n".join(heading_lines(self.say(self.paper["heading"])))

    def _block(self, block: Mapping[str, Any]) -> None:
        if "h" in block:
            self.line(self.say(block["h"]), font=HEI)
        elif "table" in block:
            self._rows(block["table"])
        elif "cells" in block:
            self._cells(block["cells"])
        else:
            self.line(self.say(block["p"]))

    def _rows(self, table: Mapping[str, Any]) -> None:
        wide = 156 if self.paper["layout"] == "letter" else 166
        whole = sum(c["width"] for c in table["columns"]) or 1
        grid = self._grid(1 + max(1, len(table["rows"])), [wide * c["width"] / whole for c in table["columns"]])
        for cell, column in zip(grid.rows[0].cells, table["columns"], strict=True):
            self._cell(cell, [self.say(column["title"])], HEI, centre=True)
        self._repeat(grid.rows[0])
        for line, row in zip(grid.rows[1:], table["rows"], strict=False):
            for cell, text in zip(line.cells, row, strict=True):
                self._cell(cell, self.say(text).split("\n"), FANG)
        if not table["rows"]:
            self._cell(grid.rows[1].cells[0].merge(grid.rows[1].cells[-1]), ["（无）"], FANG)

    def _cells(self, lines: list[list[Mapping[str, Any]]]) -> None:
        from docx.enum.table import WD_ROW_HEIGHT_RULE

        widest = max((len(line) for line in lines), default=1)
        wide = 156 if self.paper["layout"] == "letter" else 166
        value = (wide - 26 * widest) / widest
        grid = self._grid(len(lines), [26, value] * widest)
        for row, line in zip(grid.rows, lines, strict=True):
            row.height_rule = WD_ROW_HEIGHT_RULE.AT_LEAST
            row.height = self.Mm(10 * max((cell["lines"] for cell in line), default=1))
            for position, cell in enumerate(line):
                at = 2 * position
                last = 2 * widest - 1 if position == len(line) - 1 else at + 1
                self._cell(row.cells[at], [cell["label"]], HEI, centre=True)
                box = row.cells[at + 1] if last == at + 1 else row.cells[at + 1].merge(row.cells[last])
                self._cell(box, self.say(cell["value"]).split("\n"), FANG, sign=cell["sign"])

    def _sign(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        letter = self.paper["layout"] == "letter"
        size = 16 if letter else 12
        if self.paper["seal"]:
            for _blank in range(2 if letter else 1):
                self.line("", size=size, indent=False).paragraph_format.keep_with_next = True
        for text in (self.paper["sign"]["org"], self.paper["sign"]["date"] or "　　年　月　日"):
            paragraph = self.line(self.say(text), size=size, indent=False)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            # The date stands four characters from the edge, the name centred over it as far as it fits.
            paragraph.paragraph_format.right_indent = self.Pt(size * (4 if text != self.paper["sign"]["org"] else 2))
            paragraph.paragraph_format.keep_with_next = True

    def _record(self) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT

        first = True
        lines = [f"抄送：{self.say(self.paper['cc'])}"] if self.paper["cc"] else []
        date = self.paper["printed"]["date"]
        lines.append(f"{self.say(self.paper['printed']['org'])}\t{f'{date}印发' if date else '草稿'}")
        for text in lines:
            paragraph = self.line(text, size=14, indent=False, before=18 if first else 0, exact=0)
            paragraph.paragraph_format.tab_stops.add_tab_stop(self.Mm(156), WD_TAB_ALIGNMENT.RIGHT)
            self._rule(paragraph, "000000", 8, top=first)
            first = False

    # --- smaller things ---------------------------------------------------------------------------------------------

    def line(
        self,
        text: str,
        *,
        font: str = FANG,
        size: float = 16,
        bold: bool = False,
        colour: str = "",
        centre: bool = False,
        indent: bool = True,
        before: float = 0,
        after: float = 0,
        exact: float = 28,
    ) -> Any:
        """A paragraph. `exact`: points of a line (0: as the font has it)."""
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self.doc.add_paragraph()
        form = paragraph.paragraph_format
        form.space_before, form.space_after = self.Pt(before), self.Pt(after)
        if exact:
            form.line_spacing = self.Pt(exact if size > 12 else 20)
        if indent:
            form.first_line_indent = self.Pt(2 * size)
        left = WD_ALIGN_PARAGRAPH.JUSTIFY if indent else WD_ALIGN_PARAGRAPH.LEFT
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centre else left
        self._run(paragraph, text, font, size, bold, colour)
        return paragraph

    def _run(self, paragraph: Any, text: str, font: str, size: float, bold: bool = False, colour: str = "") -> Any:
        from docx.oxml.ns import qn
        from docx.shared import RGBColor

        run = paragraph.add_run(_xml_text(text))
        run.font.size, run.font.bold, run.font.name = self.Pt(size), bold, font
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
        if colour:
            run.font.color.rgb = RGBColor.from_string(colour)
        return run

    def _grid(self, rows: int, widths: list[float]) -> Any:
        grid = self.doc.add_table(rows=rows, cols=len(widths))
        grid.style, grid.autofit = "Table Grid", False
        for column, width in zip(grid.columns, widths, strict=True):
            column.width = self.Mm(width)
            for cell in column.cells:
                cell.width = self.Mm(width)
        return grid

    def _cell(self, cell: Any, lines: list[str], font: str, *, centre: bool = False, sign: str = "") -> None:
        from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        paragraph = cell.paragraphs[0]
        for number, text in enumerate(lines):
            if number:
                paragraph = cell.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centre else None
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = self.Pt(1)
            self._run(paragraph, text, font, 12)
        if sign:
            paragraph = cell.add_paragraph()
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            paragraph.paragraph_format.space_before = self.Pt(10)
            self._run(paragraph, sign, FANG, 12)

    def _repeat(self, row: Any) -> None:
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        mark = OxmlElement("w:tblHeader")
        mark.set(qn("w:val"), "true")
        row._tr.get_or_add_trPr().append(mark)

    def _rule(self, paragraph: Any, colour: str, eighths: int, *, top: bool = False) -> None:
        """A line under (and over, with `top`) the paragraph, `eighths` of a point thick."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        borders = OxmlElement("w:pBdr")
        for side in ("top", "bottom") if top else ("bottom",):
            line = OxmlElement(f"w:{side}")
            for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "4"), ("color", colour)):
                line.set(qn(f"w:{name}"), value)
            borders.append(line)
        paragraph._p.get_or_add_pPr().insert_element_before(
            borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:kinsoku", "w:wordWrap", "w:overflowPunct",
            "w:topLinePunct", "w:autoSpaceDE", "w:autoSpaceDN", "w:bidi", "w:adjustRightInd", "w:snapToGrid", "w:spacing",
            "w:ind", "w:contextualSpacing", "w:mirrorIndents", "w:suppressOverlap", "w:jc", "w:rPr",
        )  # fmt: skip


def _xml_text(text: str) -> str:
    """Text without the few characters XML cannot hold."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and c not in "\ufffe\uffff"))


def _same_bytes(doc: Any) -> bytes:
    """The file written again with fixed dates, so that the same paper is the same bytes."""
    raw, out = io.BytesIO(), io.BytesIO()
    doc.save(raw)
    with zipfile.ZipFile(raw) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as kept:
        for name in sorted(made.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o600 << 16, 3
            kept.writestr(entry, made.read(name))
    return out.getvalue()
