"""A paper as HTML in the layout of official documents (GB/T 9704). The style sheet is static/publishing/paper.css."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from gezhi.engines.publishing.rules import heading_lines, shown

CSS = Path(__file__).parents[1] / "static" / "publishing" / "paper.css"


def fragment(
    paper: Mapping[str, Any],
    personal: Mapping[str, Any],
    *,
    full: bool = False,
    fingerprint: str = "",
    copies: bool = False,
) -> str:
    """The paper as one <article>; people's data masked unless `full`. No script, no style of its own.

    `copies`: as many articles as the paper has copies, each saying whose it is (what is printed).
    """
    whose = list(paper.get("copies") or ())
    if copies and whose:
        return "".join(_article(paper, personal, full, fingerprint, copy_note(n, whose)) for n in range(len(whose)))
    return _article(paper, personal, full, fingerprint, copies_note(whose))


def copies_note(whose: list[str]) -> str:
    """How many copies there are and whose each is; empty when there is one."""
    return f"一式{NUMERALS[len(whose)]}份：{'、'.join(whose)}" if whose else ""


def copy_note(number: int, whose: list[str]) -> str:
    """Which of how many copies this is."""
    return f"一式{NUMERALS[len(whose)]}份　第{NUMERALS[number + 1]}份：{whose[number]}"


NUMERALS = "〇一二三四五六七八九"


def _article(paper: Mapping[str, Any], personal: Mapping[str, Any], full: bool, fingerprint: str, note: str) -> str:

    def say(text: str) -> str:
        return escape(shown(text, personal, full))

    parts = [
        f'<article class="gw {escape(paper["layout"])}" lang="zh-CN">',
        f'<p class="gw-org">{say(paper["org"])}</p>',
    ]
    if note:
        parts.insert(1, f'<p class="gw-copy">{escape(note)}</p>')
    heading = "<br>".join(escape(line) for line in heading_lines(shown(paper["heading"], personal, full)))
    signer = say(paper["signer"])
    state = "" if paper["signer"] else ' class="waiting"'
    if paper["layout"] == "letter":
        parts.append(
            f'<p class="gw-no"><span>{say(paper["number"])}</span>'
            f"<span>签发人：<b{state}>{signer or '待签发'}</b></span></p>"
        )
        parts.append(f"<h2>{heading}</h2>")
    else:
        parts.append(f"<h2>{heading}</h2>")
        parts.append(
            f'<p class="gw-no plain"><span>编号：{say(paper["number"])}</span>'
            f"<span>签发人：<b{state}>{signer or '待签发'}</b></span></p>"
        )
    if paper["to"]:
        parts.append(f'<p class="gw-to">{say(paper["to"])}：</p>')
    parts += [_block(block, say) for block in paper["blocks"]]
    if paper["attach"]:
        numbered = len(paper["attach"]) > 1
        items = "".join(
            f"<span>{n}. {say(text)}</span>" if numbered else f"<span>{say(text)}</span>"
            for n, text in enumerate(paper["attach"], 1)
        )
        parts.append(f'<p class="gw-attach">附件：{items}</p>')
    seal = '<i class="gw-seal" aria-hidden="true">盖章处</i>' if paper["seal"] else ""
    day = say(paper["sign"]["date"]) or '<b class="waiting">签发时写明日期</b>'
    parts.append(f'<div class="gw-sign">{seal}<p>{say(paper["sign"]["org"])}</p><p>{day}</p></div>')
    if paper["layout"] == "letter":
        cc = f"<p><span>抄送：{say(paper['cc'])}</span></p>" if paper["cc"] else ""
        printed = say(paper["printed"]["date"])
        parts.append(
            f'<footer class="gw-record">{cc}<p><span>{say(paper["printed"]["org"])}</span>'
            f"<span>{printed + '印发' if printed else '草稿'}</span></p></footer>"
        )
    if fingerprint:
        parts.append(f'<p class="gw-print">内容指纹 {escape(fingerprint)}</p>')
    parts.append("</article>")
    return "".join(parts)


def page(paper: Mapping[str, Any], personal: Mapping[str, Any], *, full: bool = False, fingerprint: str = "") -> str:
    """A whole HTML document with the style sheet inside, for the PDF only (a served page links it)."""
    body = fragment(paper, personal, full=full, fingerprint=fingerprint, copies=True)
    title = escape(f"{paper['number']} {shown(paper['heading'], personal, full)}")
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{CSS.read_text(encoding='utf-8')}</style></head><body>{body}</body></html>"
    )


def _block(block: Mapping[str, Any], say: Any) -> str:
    if "h" in block:
        return f"<h3>{say(block['h'])}</h3>"
    if "table" in block:
        return _table(block["table"], say)
    if "cells" in block:
        return _cells(block["cells"], say)
    return f"<p>{say(block['p'])}</p>"


def _table(table: Mapping[str, Any], say: Any) -> str:
    whole = sum(column["width"] for column in table["columns"]) or 1
    cols = "".join(f'<col style="width: {100 * c["width"] / whole:.2f}%">' for c in table["columns"])
    head = "".join(f"<th>{say(c['title'])}</th>" for c in table["columns"])
    rows = "".join("<tr>" + "".join(f"<td>{say(cell)}</td>" for cell in row) + "</tr>" for row in table["rows"])
    if not table["rows"]:
        rows = f'<tr><td colspan="{len(table["columns"])}">（无）</td></tr>'
    return (
        f'<table class="gw-rows"><colgroup>{cols}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    )


def _cells(lines: list[list[Mapping[str, Any]]], say: Any) -> str:
    widest = max((len(line) for line in lines), default=1)
    rows = []
    for line in lines:
        cells = []
        for position, cell in enumerate(line):
            last = position == len(line) - 1
            span = 2 * widest - 2 * len(line) + 1 if last else 1
            text = "".join(f"<span>{say(part)}</span>" for part in shown_lines(cell["value"]))
            sign = f"<em>{say(cell['sign'])}</em>" if cell["sign"] else ""
            cells.append(
                f'<th>{say(cell["label"])}</th><td colspan="{span}" class="l{cell["lines"]}">{text}{sign}</td>'
            )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    cols = '<col class="gw-label"><col>' * widest
    return f'<table class="gw-cells"><colgroup>{cols}</colgroup>{"".join(rows)}</table>'


def shown_lines(text: str) -> list[str]:
    """A cell's text by lines."""
    return [line for line in text.split("\n") if line] or [""]
