"""Any text is either a program or a clear error; a program means what a slow reading of its tree means."""

from __future__ import annotations

import datetime as dt
from decimal import Context, Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gezhi.foundation.expressions import Choice, Date, ExpressionError, ListOf, Number, Text, Truth, compile

TYPES = {
    "甲": Number,
    "乙": Number,
    "真假": Truth,
    "开": Truth,
    "日": Date,
    "类": Choice(["a", "b"]),
    "词": Text,
    "表": ListOf(Text),
}
SLOW = Context(prec=28, rounding="ROUND_HALF_UP", Emin=-999, Emax=999, traps=[])

scraps = st.sampled_from(
    [*TYPES, "且", "或", "非", "介于", "和", "属于", "为空", "(", "）", "[", "]", "+", "-", "×", "/", "%", "=", "<", "≥", "1",
     "2.5", "'a'", "“", "今天", "天数", "若", "空", ",", " ", "\n", "\u202e", "\x00", "not", "in", "２", "2024-02-30"]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.text(max_size=80), st.lists(scraps, max_size=30).map("".join), st.lists(scraps, max_size=25).map(" ".join)
    )
)
@example("(" * 1999)
@example("非" * 1999)
@example("-" * 1999)
@example("1%" + "%" * 1900)
@example("\ud800")
@example("ⅷ + ²")
@example("٣ > 1")
def test_any_text_is_a_program_or_an_expression_error(source):
    try:
        program = compile(source, TYPES)
    except ExpressionError as fault:
        assert 0 <= fault.column <= len(source) + 1
        assert str(fault.words)
    else:
        assert program.reads <= set(TYPES)
        program({}, today=dt.date(2026, 11, 21))


# A tree is a tuple (kind, …); `write` spells it, `slow` reads it: neither shares code with the product.
def numbers(depth):
    leaf = st.one_of(
        st.decimals(min_value=0, max_value=1000, places=2).map(lambda d: ("number", d)),
        st.sampled_from([("field", "甲"), ("field", "乙")]),
    )
    if not depth:
        return leaf
    below = numbers(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(st.sampled_from(["+", "-", "*", "/"]), below, below),
        st.tuples(st.just("neg"), below),
        st.tuples(st.sampled_from(["max", "min"]), below, below),
        st.tuples(st.just("round"), below),
        st.tuples(st.just("if"), truths(depth - 1), below, below),
        st.tuples(st.just("first"), below, below),
    )


def truths(depth):
    leaf = st.sampled_from(
        [("field", "真假"), ("field", "开"), ("empty", ("field", "甲")), ("empty", ("field", "真假"))]
    )
    if not depth:
        return leaf
    number, below = numbers(depth - 1), truths(depth - 1)
    return st.one_of(
        leaf,
        st.tuples(st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), number, number),
        st.tuples(st.just("between"), number, number, number),
        st.tuples(st.sampled_from(["and", "or"]), below, below),
        st.tuples(st.just("not"), below),
        st.tuples(st.just("is"), st.just(("field", "类")), st.sampled_from(["a", "b"])),
    )


SPELL = {
    "=": ["=", "==", "等于", "＝"], "!=": ["!=", "≠", "不等于", "<>"], "<": ["<", "小于", "＜"], "<=": ["<=", "≤", "不超过"],
    ">": [">", "大于"], ">=": [">=", "≥", "至少"], "and": ["且", "and", "并且", "&&"], "or": ["或", "or", "||"],
    "+": ["+", "＋"], "-": ["-", "−"], "*": ["*", "×"], "/": ["/", "÷"], "max": ["最大", "max"], "min": ["最小", "min"],
}  # fmt: skip


def write(tree, pick):
    match tree:
        case ("number", value):
            return str(value)
        case ("field", name):
            return name
        case ("neg", x):
            return f"(-{write(x, pick)})"
        case ("not", x):
            return f"(非 {write(x, pick)})"
        case ("empty", x):
            return f"({write(x, pick)} 为空)"
        case ("is", x, value):
            return f"({write(x, pick)} = '{value}')"
        case ("between", x, low, high):
            return f"({write(x, pick)} 介于 {write(low, pick)} 和 {write(high, pick)})"
        case ("round", x):
            return f"四舍五入（{write(x, pick)}）"
        case ("if", c, x, y):
            return f"若({write(c, pick)}, {write(x, pick)}, {write(y, pick)})"
        case ("first", x, y):
            return f"取值({write(x, pick)}, {write(y, pick)})"
        case ("max" | "min" as op, x, y):
            return f"{pick(SPELL[op])}({write(x, pick)}, {write(y, pick)})"
        case (op, x, y):
            return f"({write(x, pick)} {pick(SPELL[op])} {write(y, pick)})"
    raise AssertionError(tree)


def slow(tree, values):
    kind, *parts = tree
    if kind == "number":
        return parts[0]
    if kind == "field":
        return values.get(parts[0])
    if kind == "is":
        given_ = slow(parts[0], values)
        return None if given_ is None else given_ == parts[1]
    if kind == "between":
        x, low, high = (slow(p, values) for p in parts)
        return both(compared(">=", x, low), compared("<=", x, high))
    if kind == "if":
        truth = slow(parts[0], values)
        if truth is None:
            return None
        return slow(parts[1], values) if truth else slow(parts[2], values)
    done = [slow(p, values) for p in parts]
    if kind == "empty":
        return done[0] is None
    if kind == "first":
        return done[1] if done[0] is None else done[0]
    if kind == "and":
        return both(*done)
    if kind == "or":
        turned = both(*(None if d is None else not d for d in done))
        return None if turned is None else not turned
    if None in done:
        return None
    if kind == "not":
        return not done[0]
    if kind == "neg":
        return SLOW.minus(done[0])
    if kind == "round":
        result = done[0].quantize(Decimal(1), context=SLOW)
        return None if result.is_nan() else result
    if kind in ("max", "min"):
        return sorted(done)[-1 if kind == "max" else 0]
    if kind in "+-*/":
        result = {"+": SLOW.add, "-": SLOW.subtract, "*": SLOW.multiply, "/": SLOW.divide}[kind](*done)
        return result if result.is_finite() else None
    return compared(kind, *done)


def both(a, b):
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def compared(op, a, b):
    if a is None or b is None:
        return None
    difference = (a > b) - (a < b)
    return {
        "=": difference == 0,
        "!=": difference != 0,
        "<": difference < 0,
        "<=": difference <= 0,
        ">": difference > 0,
        ">=": difference >= 0,
    }[op]


values_of = st.fixed_dictionaries(
    {},
    optional={
        "甲": st.decimals(min_value=-100, max_value=100, places=2),
        "乙": st.decimals(min_value=-5, max_value=5, places=0),
        "真假": st.booleans(),
        "开": st.booleans(),
        "类": st.sampled_from(["a", "b"]),
    },
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(truths(3), numbers(3)), values_of, st.randoms(use_true_random=False))
def test_compiled_equals_the_slow_reading(tree, values, chance):
    program = compile(write(tree, chance.choice), TYPES)
    assert program(values) == slow(tree, values)
    assert {n for n in TYPES if n in str(tree)} >= program.reads


@given(st.dates(min_value=dt.date(1950, 1, 1), max_value=dt.date(2100, 1, 1)), st.integers(-30_000, 30_000))
def test_days_and_adding_days_are_inverse(day, count):
    values = {"日": day, "甲": count}
    assert compile("天数(日, 日 + 甲)", TYPES)(values) == count
    assert compile("(日 + 甲) - 甲", TYPES)(values) == day
