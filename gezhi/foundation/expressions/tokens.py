"""Cutting a source text into tokens: Chinese and English words, full-width signs, literals.

Chinese is written without spaces, so a run such as 年龄大于60且低保户 is cut by the names the caller
declared and the words of the language, longest first; a run that is itself a declared name stays whole.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from .errors import ExpressionError

MAX_SOURCE = 2_000

WORDS = {
    "and": ("且", "并且", "and"),
    "or": ("或", "或者", "or"),
    "not": ("非", "not"),
    "=": ("等于", "是"),
    "!=": ("不等于", "不是"),
    "<": ("小于", "少于", "早于"),
    "<=": ("不大于", "不超过", "不晚于", "至多"),
    ">": ("大于", "超过", "多于", "晚于"),
    ">=": ("不小于", "不少于", "不低于", "不早于", "至少"),
    "in": ("属于", "in"),
    "not in": ("不属于",),
    "between": ("介于", "between"),
    "to": ("和", "与", "至", "到"),
    "empty": ("为空",),
    "not empty": ("不为空",),
    "true": ("真", "true"),
    "false": ("假", "false"),
    "nothing": ("空", "null", "none"),
}
KEYWORDS = {word: kind for kind, words in WORDS.items() for word in words}
SIGNS = {
    "==": "=", "!=": "!=", "<>": "!=", "<=": "<=", ">=": ">=", "&&": "and", "||": "or",
    "=": "=", "<": "<", ">": ">", "≠": "!=", "≤": "<=", "≥": ">=", "!": "not",
    "+": "+", "-": "-", "*": "*", "/": "/", "×": "*", "÷": "/", "−": "-", "—": "-",
    "(": "(", ")": ")", "[": "[", "]": "]", ",": ",", "、": ",", "%": "%",
}  # fmt: skip
QUOTES = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "’": "’", "「": "」", "『": "』"}
# Full-width forms stand one for one for ASCII, so columns stay true.
WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x3010: ord("["), 0x3011: ord("]")}
NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)|(\d{4})年(\d{1,2})月(\d{1,2})日", re.ASCII)
MAX_LITERAL_DIGITS = 28


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is a sign, a keyword's kind, "name", "number", "text", "date" or "end"; `column` from 1."""

    kind: str
    value: Any
    column: int
    written: str


def _is_word(char: str) -> bool:
    return char == "_" or char.isalnum()


def tokens_of(source: str, known: Iterable[str]) -> list[Token]:
    """All tokens of `source`, closed by an "end" token.

    `known` are the names of fields and functions. Raises ExpressionError: empty or too long text,
    an open quotation, a sign that means nothing, a word nobody declared (with the nearest known one).
    """
    if len(source) > MAX_SOURCE:
        raise ExpressionError("expression.long", 0, _("表达式超过 {max} 个字，请拆开来写。"), max=MAX_SOURCE)
    if not source.strip():
        raise ExpressionError("expression.empty", 0, _("这里要写一个表达式，现在是空的。"))
    names = frozenset(known)
    plain = source.translate(WIDTH)
    found: list[Token] = []
    at = 0
    while at < len(plain):
        char = plain[at]
        if char.isspace():
            at += 1
        elif source[at] in QUOTES or char in QUOTES:
            at = _quoted(source, plain, at, found)
        elif char.isascii() and char.isdigit():
            at = _number(plain, at, found)
        elif _is_word(char):
            end = at
            while end < len(plain) and _is_word(plain[end]):
                end += 1
            _words(plain, at, end, names, found)
            at = end
        else:
            sign = plain[at : at + 2] if plain[at : at + 2] in SIGNS else char
            if sign not in SIGNS:
                raise ExpressionError(
                    "expression.sign", at + 1, _("第 {column} 个字“{sign}”在这里没有意义。"),
                    sign=char if char.isprintable() else f"U+{ord(char):04X}",
                )  # fmt: skip
            found.append(Token(SIGNS[sign], None, at + 1, sign))
            at += len(sign)
    found.append(Token("end", None, len(source) + 1, ""))
    return found


def _quoted(source: str, plain: str, at: int, found: list[Token]) -> int:
    opening = source[at] if source[at] in QUOTES else plain[at]
    closing = QUOTES[opening]
    end = at + 1
    while end < len(source) and source[end] != closing and (closing.isascii() is False or plain[end] != closing):
        end += 1
    if end == len(source):
        raise ExpressionError("expression.quote", at + 1, _("第 {column} 个字开始的引号没有收尾。"))
    found.append(Token("text", source[at + 1 : end], at + 1, source[at : end + 1]))
    return end + 1


def _number(plain: str, at: int, found: list[Token]) -> int:
    """A number or date that begins at `at`; returns where it ends."""
    date = DATE.match(plain, at)
    if date:
        year, month, day = (int(g) for g in date.groups() if g is not None)
        try:
            value = dt.date(year, month, day)
        except ValueError:
            raise ExpressionError("expression.date", at + 1, _("没有“{date}”这一天。"), date=date.group()) from None
        found.append(Token("date", value, at + 1, date.group()))
        return date.end()
    match = NUMBER.match(plain, at)
    written = match.group() if match else plain[at]
    if len(written) > MAX_LITERAL_DIGITS:
        raise ExpressionError("expression.number", at + 1, _("第 {column} 个字开始的数字太长。"))
    found.append(Token("number", Decimal(written), at + 1, written))
    return at + len(written)


def _pieces(run: str, names: frozenset[str]) -> list[str] | None:
    """The run cut into names, keywords and numbers, longest first; None when it cannot be cut."""
    longest = max((len(n) for n in names), default=0)
    longest = max(longest, 4)
    dead: set[int] = set()
    path: list[str] = []

    def walk(at: int) -> bool:
        if at == len(run):
            return True
        if at in dead:
            return False
        number = NUMBER.match(run, at)
        if number and (date := DATE.match(run, at)):
            number = date
        if number and _clean_cut(run, at, number.end()):
            path.append(number.group())
            if walk(number.end()):
                return True
            path.pop()
        for end in range(min(len(run), at + longest), at, -1):
            piece = run[at:end]
            if (piece in names or piece in KEYWORDS) and _clean_cut(run, at, end):
                path.append(piece)
                if walk(end):
                    return True
                path.pop()
        dead.add(at)
        return False

    return path if len(run) <= 200 and walk(0) else None


def _clean_cut(run: str, start: int, end: int) -> bool:
    """Latin words are never cut in the middle: "orders" holds no "or"."""

    def latin(char: str) -> bool:
        return char.isascii() and (char.isalpha() or char == "_")

    before = start > 0 and latin(run[start - 1]) and run[start].isascii()
    after = end < len(run) and run[end].isascii() and latin(run[end - 1])
    digits = start > 0 and run[start - 1].isascii() and latin(run[start])
    return not (before or after or digits)


def _words(plain: str, start: int, end: int, names: frozenset[str], found: list[Token]) -> None:
    run = plain[start:end]
    if run in names:
        pieces: list[str] | None = [run]
    elif run.lower() in KEYWORDS:
        pieces = [run.lower()]
    else:
        pieces = _pieces(run, names)
    if pieces is None:
        raise unknown_name(run, start + 1, names)
    at = start
    for piece in pieces:
        if piece in names:
            found.append(Token("name", piece, at + 1, piece))
        elif piece in KEYWORDS:
            found.append(Token(KEYWORDS[piece], None, at + 1, piece))
        else:
            _number(plain, at, found)
        at += len(piece)


def unknown_name(name: str, column: int, names: Iterable[str]) -> ExpressionError:
    """The error for a word nobody declared, with the nearest declared one if there is any."""
    shown = name if len(name) <= 40 else name[:40] + "…"
    near = difflib.get_close_matches(name[:40], list(names), n=1, cutoff=0.5)
    if near:
        return ExpressionError(
            "expression.name", column, _("没有叫“{name}”的字段或函数，您是要写“{near}”吗？"), name=shown, near=near[0]
        )
    return ExpressionError("expression.name", column, _("没有叫“{name}”的字段或函数。"), name=shown)
