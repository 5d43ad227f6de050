"""From a template and facts to the words of a paper. Pure: no database, no clock.

A paper is plain JSON, the same for every renderer:
    {"layout", "org", "number", "signer", "heading", "to", "blocks": [...], "attach": [...], "cc", "sign": {org, date},
     "seal", "printed": {org, date}}
with blocks {"p": text} | {"h": text} | {"table": {"columns": [{title, width}], "rows": [[text]]}} |
{"cells": [[{label, value, lines, sign}]]}. A person's data stands in a text as a token (`token`) that a renderer
replaces by the masked or the full value. docs/rules/documents.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gezhi.engines.publishing.schema import Template
from gezhi.foundation import expressions
from gezhi.foundation.expressions import Date, Number, Text, Truth, Type

CHINA = ZoneInfo("Asia/Shanghai")
NAME = re.compile(r"\{([a-z_][a-z0-9_.]*)(?:\|([^{}|]*))?\}")
_OPEN, _CLOSE = "\ue000", "\ue001"  # private use: no text of people holds them (`plain_text` takes them out)
TOKEN = re.compile(f"{_OPEN}([a-z0-9_]+){_CLOSE}")
_SCALARS: dict[str, Type] = {"text": Text, "number": Number, "truth": Truth, "date": Date}
_DIGITS = "〇一二三四五六七八九"


def names_in(text: str) -> list[str]:
    """Names of the fields a text asks for."""
    return [match[1] for match in NAME.finditer(text)]


def stray_brace(text: str) -> bool:
    """Whether a brace is left over once the fields are taken out."""
    return bool(re.search(r"[{}]", NAME.sub("", text)))


def readable(types: Mapping[str, str]) -> dict[str, Type]:
    """What a condition may read, of the declared fields: scalars whose name has no dot."""
    return {name: _SCALARS[type] for name, type in types.items() if type in _SCALARS and "." not in name}


def number_text(mark: str, year: int, serial: int) -> str:
    """发文字号: 大定督〔2026〕17号 (GB/T 9704: six-cornered brackets, no 第, no leading zeros)."""
    return f"{mark}〔{year}〕{serial}号"


def chinese_date(day: date) -> str:
    """二〇二六年十一月二十一日."""
    year = "".join(_DIGITS[int(digit)] for digit in str(day.year))
    return f"{year}年{_up_to_99(day.month)}月{_up_to_99(day.day)}日"


def _up_to_99(number: int) -> str:
    tens, ones = divmod(number, 10)
    return f"{_DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{_DIGITS[ones] if ones else ''}"


def figures_date(day: date) -> str:
    """2026年11月21日."""
    return f"{day.year}年{day.month}月{day.day}日"


def span_text(length: timedelta) -> str:
    """2天3小时; 40分钟: whole numbers, the two largest units."""
    minutes = int(abs(length).total_seconds()) // 60
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时{rest}分钟" if rest else f"{hours}小时"
    return f"{rest}分钟" if rest else "不到1分钟"


def said(type: str, value: Any) -> str:
    """A fact as paper says it; the empty text for what is not known."""
    if value is None or value == "":
        return ""
    if type == "time":
        # To the very second only a limit falls on midnight, and paper says 24:00 of the day it closes (the same instant).
        local: datetime = value.astimezone(CHINA)
        if local.time() == time():
            return f"{figures_date(local.date() - timedelta(days=1))}24:00"
        return f"{figures_date(local.date())}{local:%H:%M}"
    if type == "date":
        return figures_date(value)
    if type == "span":
        return span_text(value)
    if type == "truth":
        return "是" if value else "否"
    return plain_text(str(value))


def plain_text(text: str) -> str:
    """Text without the characters tokens are made of."""
    return text.replace(_OPEN, "").replace(_CLOSE, "")


def token(name: str) -> str:
    """Where a person's data will stand."""
    return f"{_OPEN}{name}{_CLOSE}"


def shown(text: str, personal: Mapping[str, Mapping[str, str]], full: bool) -> str:
    """A text of a paper with its tokens replaced by the masked, or the full, values."""
    return TOKEN.sub(lambda match: personal.get(match[1], {}).get("full" if full else "masked", ""), text)


def fill(text: str, values: Mapping[str, str]) -> str:
    """A text with its fields put in; `{name|words}` says what stands there when nothing is known."""
    return NAME.sub(lambda match: values.get(match[1]) or (match[2] or ""), text)


def spoken(template: Template, facts: Mapping[str, Any]) -> dict[str, str]:
    """Every field by id, and what the issuer is by path, as text; a person's data as a token or, unknown, empty."""
    values = {path: said("text", value) for path, value in facts.items() if path.startswith("issuer.")}
    for field in template.fields:
        value = facts[field.source]
        if field.type == "person":
            values[field.id] = token(field.id) if value is not None else ""
        elif field.type != "rows":
            values[field.id] = said(field.type, value)
    return values


def holds(template: Template, condition: str | None, facts: Mapping[str, Any]) -> bool:
    """Whether a condition of the template is true of the facts; an unknown value makes it false."""
    if condition is None:
        return True
    types = readable({field.id: field.type for field in template.fields})
    values = {field.id: facts[field.source] for field in template.fields if field.id in types}
    return expressions.compile(condition, types).holds(values)


def words_of(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """The words as they are first offered to the drafter."""
    return {word.id: fill(word.fill, values).strip()[: word.max] for word in template.words}


def compose(
    template: Template, facts: Mapping[str, Any], words: Mapping[str, str], *, level: str, number: str
) -> dict[str, Any]:
    """The paper of a draft. `level`: which of the template's issuers speaks (the nearest wider one it names)."""
    values = spoken(template, facts)
    issuer = template.issuers.get(level) or template.issuers["county"]
    org = fill(issuer, values)
    several = {"copies": list(template.copies)} if template.copies else {}
    return several | {
        "layout": template.layout,
        "kind": template.title["zh"],
        "org": org,
        "number": number,
        "signer": "",
        "heading": fill(template.heading, values),
        "to": fill(template.to, values),
        "blocks": [b for block in template.body for b in _block(template, block, facts, values, words)],
        "attach": [
            said for text, when in template.attach if holds(template, when, facts) and (said := fill(text, values))
        ],
        "cc": fill(template.cc, values),
        "sign": {"org": org, "date": ""},
        "seal": template.seal,
        "printed": {"org": org, "date": ""},
    }


_PERIOD = re.compile(r"(.*\d 年.*?)(季度|周|月)(\D+)")
LINE = 19  # characters of a heading in size 2 (22 pt): 20 would just fill the 156 mm of a page and break


def heading_lines(text: str, most: int = LINE) -> list[str]:
    """A heading as it is broken: one that does not fit a line gives the name of its kind a line of its own.

    关于“三楼以上水压低”的 / 督办单: no word is cut in two and no single character left over (GB/T 9704, 7.3.1).
    """
    head, of, kind = text.rpartition("的")
    if not of and (dated := _PERIOD.fullmatch(text)):
        head, of, kind = dated[1], dated[2], dated[3]  # a bulletin: 槐树乡2026 年第 3 季度 / 一委四中心运行通报
    if not of or _width(text) <= most or _width(kind) > most or len(kind) > 12:
        return [text]
    return [head + of, kind]


def _width(text: str) -> float:
    """In whole characters; figures and Latin letters take half of one."""
    return sum(0.5 if character < "\u2000" else 1 for character in text)


def signed(paper: Mapping[str, Any], *, signer: str, day: date, chinese: bool) -> dict[str, Any]:
    """The paper with who signed and when: what is frozen."""
    return {
        **paper,
        "signer": signer,
        "sign": {**paper["sign"], "date": chinese_date(day) if chinese else figures_date(day)},
        "printed": {**paper["printed"], "date": figures_date(day)},
    }


def _block(
    template: Template,
    block: Mapping[str, Any],
    facts: Mapping[str, Any],
    values: Mapping[str, str],
    words: Mapping[str, str],
) -> Iterable[dict[str, Any]]:
    if not holds(template, block.get("when"), facts):
        return
    if block.get("title"):
        yield {"h": fill(block["title"], values)}
    if "rows" in block:
        source = next(field.source for field in template.fields if field.id == block["rows"])
        yield {"table": {
            "columns": [{"title": c["title"]["zh"], "width": c["width"]} for c in block["columns"]],
            "rows": [
                [fill(c["value"], {name: said(kind_of(value), value) for name, value in row.items()})
                 for c in block["columns"]]
                for row in facts[source]
            ],
        }}  # fmt: skip
    elif "cells" in block:
        yield {"cells": [[
            {"label": cell["label"], "lines": cell["lines"], "sign": cell["sign"],
             "value": plain_text(words.get(cell["words"], "")) if "words" in cell else fill(cell["value"], values)}
            for cell in line] for line in block["cells"]
        ]}  # fmt: skip
    elif "words" in block:
        yield from ({"p": plain_text(line)} for line in words.get(block["words"], "").split("\n") if line.strip())
    elif text := fill(block["text"], values):
        yield {"p": text}


def kind_of(value: Any) -> str:
    """The type of a value of a row, for printing it."""
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, date):
        return "date"
    return "span" if isinstance(value, timedelta) else "text"
