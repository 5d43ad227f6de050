"""docs/rules/expressions.md tells the truth: its examples are run, its words are those of the language."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from gezhi.foundation.expressions import Choice, Date, Number, Truth, compile
from gezhi.foundation.expressions.functions import FUNCTIONS
from gezhi.foundation.expressions.parser import MAX_DEPTH, MAX_NODES
from gezhi.foundation.expressions.proof import MAX_CELLS
from gezhi.foundation.expressions.tokens import MAX_SOURCE
from gezhi.foundation.expressions.types import MAX_LIST, MAX_TEXT

PAGE = (Path(settings.ROOT) / "docs" / "rules" / "expressions.md").read_text(encoding="utf-8")
TYPES = {
    "年龄": Number, "低保户": Truth, "登记日": Date, "类型": Choice(["ask", "complain"], {"咨询": "ask", "投诉": "complain"}),
}  # fmt: skip
EXAMPLES = [
    tuple(part.strip() for part in line.split("|"))
    for line in re.search(r"```examples\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()
]


def value_of(written):
    if written in ("真", "假", "空"):
        return {"真": True, "假": False, "空": None}[written]
    if re.fullmatch(r"\d{4}-\d\d-\d\d", written):
        return dt.date.fromisoformat(written)
    return Decimal(written) if re.fullmatch(r"-?[\d.]+", written) else written


@pytest.mark.parametrize(("source", "fields", "result"), EXAMPLES)
def test_the_examples(source, fields, result):
    values = {name: value_of(written) for name, written in (pair.split("=") for pair in fields.split())}
    given, wanted = compile(source, TYPES)(values), value_of(result)
    assert (given, type(given)) == (wanted, type(wanted))


def test_every_function_is_on_the_page():
    for function in FUNCTIONS.values():
        for name in (*function.chinese[:1], *function.english):
            assert name in PAGE, name


def test_every_written_way_is_one_the_language_knows():
    table = PAGE.split("## Words and signs")[1].split("## Functions")[0]
    ways = {"介于": "年龄 介于 1 和 5", "为空": "年龄 为空", "不为空": "年龄 不为空"}
    numbers, truths = [], []
    for way in re.findall(r"`([^`]+)`", table):
        if way in ("或", "或者", "or", "且", "并且", "and"):
            truths.append(f"低保户 {way} 低保户")
        elif way in ("非", "not"):
            truths.append(f"{way} 低保户")
        elif way in ("不属于", "in", "not in"):
            truths.append(f"年龄 {way} [1]")
        elif way in ("+", "-", "*", "×", "/", "÷"):
            numbers.append(f"年龄 {way} 1")
        elif way in ("早于", "不晚于", "晚于", "不早于"):
            truths.append(f"登记日 {way} 今天")
        elif not way.startswith("甲") and way != "且末县":
            truths.append(ways.get(way, f"年龄 {way} 1"))
    assert len(truths) > 20 and len(numbers) >= 4
    assert {source: compile(source, TYPES).type for source in truths} == dict.fromkeys(truths, Truth)
    assert {source: compile(source, TYPES).type for source in numbers} == dict.fromkeys(numbers, Number)


def test_the_bounds_are_those_of_the_code():
    for bound in (MAX_SOURCE, MAX_NODES, MAX_DEPTH, MAX_LIST, MAX_TEXT, MAX_CELLS):
        assert f"{bound:,}" in PAGE, bound
