"""A sealed bulletin as a paper: the same plain JSON that documents are made of, for Word, PDF and print. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from gezhi.engines.publishing.rules import figures_date

ORDINALS = "一二三四五六七八九十"


def paper(body: Mapping[str, Any], *, sealed_on: date) -> dict[str, Any]:
    """The paper of a frozen body. Nothing but the body and the day of sealing goes in, so it is the same for ever."""
    period = body["period"]
    blocks: list[dict[str, Any]] = []
    for at, section in enumerate(shown_sections(body)):
        head = f"{ORDINALS[at]}、" if at < len(ORDINALS) else ""
        blocks.append({"h": f"{head}{section['title']}"})
        if section["text"]:
            blocks.append({"p": "".join(said(sentence, body["numbers"]) for sentence in section["text"])})
        if section["figures"]:
            blocks.append(_figures(section["figures"], body))
        if section["table"]:
            blocks.append(_table(section["table"], body))
    if body["corrections"]:
        blocks.append({"h": "更正"})
        blocks += [{"p": correction(one, body)} for one in body["corrections"]]
    blocks.append({"p": closing(body)})
    day = figures_date(sealed_on)
    return {
        "layout": "letter",
        "kind": body["title"],
        "org": body["issuer"],
        "number": issue_number(body),
        "signer": "",
        "heading": f"{body['place']['name']}{period['words']}{body['title']}",
        "to": "",
        "blocks": blocks,
        "attach": [],
        "cc": "",
        "sign": {"org": body["issuer"], "date": day},
        "seal": True,
        "printed": {"org": body["issuer"], "date": day},
    }


def issue_number(body: Mapping[str, Any]) -> str:
    """〔2026〕第 46 期 with the kind of period: bulletins are numbered by what they speak of, not in a series."""
    period = body["period"]
    kind = {"week": "周", "month": "月", "quarter": "季"}[period["kind"]]
    return f"{kind}报〔{period['year']}〕第{period['number']}期"


def shown_sections(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Sections that say something."""
    return [s for s in body["sections"] if s["text"] or s["figures"] or (s["table"] and s["table"]["rows"])]


def said(sentence: Sequence[Any], numbers: Sequence[Mapping[str, Any]]) -> str:
    """A sentence as plain text."""
    return "".join(part if isinstance(part, str) else numbers[part["n"]]["text"] for part in sentence)


def correction(one: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """上期通报的“上报数”为 12，补录后应为 13。"""
    return f"{body['period']['before']}通报的“{one['title']}”为 {one['was']}，按封存后补录、更改的记录应为 {one['now']}，上期通报不改。"


def closing(body: Mapping[str, Any]) -> str:
    """How the figures were taken, and what the star means."""
    words = (
        f"以上数字按{body['period']['dates']}（到期末 24 时）的记录计算，已封存，不再变动。保密事项另行统计，不在其中。"
    )
    if any(number["few"] for number in body["numbers"]):
        words += f"带*的率不足 {body['minimum']} 件，只供参考，不作比较。"
    return words


def starred(number: Mapping[str, Any]) -> str:
    """The text of a number, with a star when it stands on too few rows."""
    return f"{number['text']}*" if number["few"] and number["unit"] == "rate" and number["bottom"] else number["text"]


def _figures(figures: Sequence[Mapping[str, Any]], body: Mapping[str, Any]) -> dict[str, Any]:
    numbers = body["numbers"]
    years = any(one["year"] is not None for one in figures)
    columns = [{"title": "指标", "width": 40}, {"title": "本期", "width": 20}, {"title": "上期", "width": 20}]
    rows = []
    for one in figures:
        row = [numbers[one["now"]]["title"], starred(numbers[one["now"]]), starred(numbers[one["before"]])]
        if years:
            row.append("" if one["year"] is None else starred(numbers[one["year"]]))
        rows.append(row)
    if years:
        columns.append({"title": "去年同期", "width": 20})
    return {"table": {"columns": columns, "rows": rows}}


def _table(table: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    numbers = body["numbers"]
    width = max(12, 64 // max(1, len(table["columns"])))
    columns = [
        {"title": table["first"], "width": 36},
        *({"title": title, "width": width} for title in table["columns"]),
    ]
    rows = [[row["name"], *(starred(numbers[n]) for n in row["cells"])] for row in table["rows"]]
    if table["rows"]:
        rows.append(["合计", *(starred(numbers[n]) for n in table["total"])])
    return {"table": {"columns": columns, "rows": rows}}
