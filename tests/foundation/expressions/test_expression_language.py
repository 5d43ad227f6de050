"""What the language means, example by example (docs/rules/expressions.md tells the same)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from gezhi.foundation.expressions import Choice, Date, ExpressionError, ListOf, Number, Text, Truth, compile

TYPES = {
    "年龄": Number,
    "低保户": Truth,
    "是否独居": Truth,
    "户籍": Choice(["local", "other"], {"本地": "local", "外地": "other"}),
    "登记日": Date,
    "到期日": Date,
    "标签": ListOf(Text),
    "金额": ListOf(Number),
    "说明": Text,
    "returns": Number,
}
TODAY = dt.date(2026, 11, 21)


def value(source, **values):
    return compile(source, TYPES)(values, today=TODAY)


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        # Words and signs, Chinese and English, full-width and half-width mean the same.
        ("年龄 >= 60 且 低保户", {"年龄": 60, "低保户": True}, True),
        ("年龄 >= 60 and 低保户", {"年龄": 60, "低保户": False}, False),
        ("年龄大于60且低保户", {"年龄": 61, "低保户": True}, True),
        ("年龄不小于60或低保户", {"年龄": 59, "低保户": True}, True),
        ("年龄＞＝６０ 且 （低保户 或 是否独居）", {"年龄": 60, "低保户": False, "是否独居": True}, True),
        ("非低保户", {"低保户": False}, True),
        ("是否独居", {"是否独居": True}, True),
        ("年龄 ≥ 60 && !低保户", {"年龄": 70, "低保户": False}, True),
        # 非 binds closer than 且, 且 closer than 或.
        ("低保户 或 是否独居 且 年龄 > 90", {"低保户": True, "是否独居": False, "年龄": 1}, True),
        ("非 低保户 且 是否独居", {"低保户": False, "是否独居": True}, True),
        # Numbers are exact decimals; × before +; % is a hundredth.
        ("0.1 + 0.2 = 0.3", {}, True),
        ("1 + 2 × 3", {}, Decimal(7)),
        ("（1 + 2） * 3 - -1", {}, Decimal(10)),
        ("2 ÷ 4", {}, Decimal("0.5")),
        ("50% + 1", {}, Decimal("1.5")),
        ("10 - 3 - 2", {}, Decimal(5)),
        # Choices are compared by value or by label.
        ("户籍 = '本地'", {"户籍": "local"}, True),
        ("户籍 等于 “local”", {"户籍": "local"}, True),
        ("户籍 ≠ 「外地」", {"户籍": "local"}, True),
        ("户籍 属于 ['本地'， '外地']", {"户籍": "other"}, True),
        ("户籍 不属于 【“外地”】", {"户籍": "local"}, True),
        ("年龄 not in [1, 2]", {"年龄": 3}, True),
        # Between takes both ends.
        ("年龄 介于 1 和 5", {"年龄": 5}, True),
        ("年龄介于1至5", {"年龄": 6}, False),
        ("年龄 between 1 and 5 and 低保户", {"年龄": 1, "低保户": True}, True),
        ("年龄 not between 1 and 5", {"年龄": 9}, True),
        ("登记日 介于 2024-01-01 和 2024年12月31日", {"登记日": "2024-06-01"}, True),
        # Dates.
        ("到期日 - 登记日", {"登记日": "2024-02-28", "到期日": "2024-03-01"}, Decimal(2)),
        ("登记日 + 30", {"登记日": dt.date(2024, 1, 31)}, dt.date(2024, 3, 1)),
        ("登记日 - 1", {"登记日": dt.date(2024, 3, 1)}, dt.date(2024, 2, 29)),
        ("天数（登记日， 到期日）", {"登记日": "2024-03-05", "到期日": "2024-03-01"}, Decimal(-4)),
        ("天数(登记日)", {"登记日": "2026-11-20"}, Decimal(1)),
        ("月数(2024-01-31, 2024-02-29)", {}, Decimal(1)),
        ("月数(2024-01-31, 2024-02-28)", {}, Decimal(0)),
        ("月数(2024-03-15, 2024-01-16)", {}, Decimal(-1)),
        ("周岁(1966-11-21)", {}, Decimal(60)),
        ("周岁(1966-11-22)", {}, Decimal(59)),
        ("今天 晚于 登记日", {"登记日": "2026-11-20"}, True),
        ("年份(今天) * 100 + 月份(today)", {}, Decimal(202611)),
        ("日子(登记日)", {"登记日": "2026-11-20"}, Decimal(20)),
        # Functions.
        ("包含(标签, '独居')", {"标签": ["独居", "低保"]}, True),
        ("包含(说明, '漏水')", {"说明": "三楼漏水"}, True),
        ("长度(说明)", {"说明": "三楼漏水"}, Decimal(4)),
        ("个数(标签) > 1", {"标签": ["独居"]}, False),
        ("'独居' 属于 标签", {"标签": ["独居"]}, True),
        ("最大(1, 年龄, 3)", {"年龄": 2}, Decimal(3)),
        ("最小(登记日, 到期日)", {"登记日": "2026-01-02", "到期日": "2026-01-01"}, dt.date(2026, 1, 1)),
        ("四舍五入(2.5)", {}, Decimal(3)),
        ("四舍五入(-2.5)", {}, Decimal(-3)),
        ("四舍五入(2.345, 2)", {}, Decimal("2.35")),
        ("绝对值(3 - 5)", {}, Decimal(2)),
        ("合计(金额)", {"金额": ["1.10", 2]}, Decimal("3.10")),
        ("若(年龄 >= 60, '长者', '其他')", {"年龄": 61}, "长者"),
        ("取值(年龄, 0) + 1", {}, Decimal(1)),
    ],
)
def test_examples(source, values, expected):
    assert value(source, **values) == expected


@pytest.mark.parametrize(
    ("source", "values", "expected"),
    [
        ("年龄 > 1", {}, None),
        ("年龄 > 1 且 低保户", {"低保户": False}, False),
        ("年龄 > 1 且 低保户", {"低保户": True}, None),
        ("年龄 > 1 或 低保户", {"低保户": True}, True),
        ("年龄 > 1 或 低保户", {"低保户": False}, None),
        ("非 低保户", {}, None),
        ("年龄 介于 1 和 returns", {"年龄": 0}, False),
        ("年龄 介于 1 和 returns", {"年龄": 2}, None),
        ("年龄 + 1", {}, None),
        ("1 / 0", {}, None),
        ("说明 = ''", {"说明": ""}, None),
        ("说明 为空", {"说明": ""}, True),
        ("标签为空", {"标签": []}, True),
        ("标签 不为空", {"标签": ["a"]}, True),
        ("低保户 为空", {"低保户": False}, False),
        ("若(低保户, 1, 2)", {}, None),
        ("最大(1, 年龄)", {}, None),
        ("四舍五入(1, 0.5)", {}, None),
        ("登记日 + 99999999", {"登记日": "2024-01-01"}, None),
    ],
)
def test_empty_is_neither_true_nor_false(source, values, expected):
    assert value(source, **values) is expected


def test_holds_is_true_only_when_certain():
    program = compile("年龄 > 1", TYPES)
    assert program.holds({"年龄": 2}) is True
    assert program.holds({"年龄": 1}) is False
    assert program.holds({}) is False


def test_a_program_says_what_it_reads_gives_and_costs():
    program = compile("年龄 > 60 且 returns = 0", TYPES, aliases={"退回次数": "returns"})
    assert program.reads == {"年龄", "returns"}
    assert program.type == Truth
    assert program.cost == 7
    assert not program.needs_today
    assert compile("退回次数 = 0", TYPES, aliases={"退回次数": "returns"}).reads == {"returns"}
    assert compile("天数(登记日) > 1", TYPES).needs_today
    assert not compile("天数(登记日, 到期日) > 1", TYPES).needs_today


@pytest.mark.parametrize(
    ("source", "code", "column"),
    [
        ("", "expression.empty", 0),
        ("  \n", "expression.empty", 0),
        ("年铃 > 3", "expression.name", 1),
        ("低保户 且 张三", "expression.name", 7),
        ("1 +", "expression.unfinished", 4),
        ("(1", "expression.expected", 3),
        ("1 2", "expression.unexpected", 3),
        (")", "expression.unexpected", 1),
        ("年龄 > 'a'", "expression.type", 4),
        ("说明 > '甲'", "expression.type", 4),
        ("低保户 + 1", "expression.type", 5),
        ("登记日 + 到期日", "expression.type", 5),
        ("非 年龄", "expression.type", 3),
        ("[1, 'a']", "expression.type", 1),
        ("户籍 = '海外'", "expression.choice", 6),
        ("户籍 属于 ['本地', '海外']", "expression.choice", 14),
        ("1 < 年龄 < 3", "expression.chain", 8),
        ("说明 = 空", "expression.nothing", 6),
        ("天数(1)", "expression.arguments", 1),
        ("年龄(1)", "expression.function", 1),
        ("长度", "expression.expected", 3),
        ("'abc", "expression.quote", 1),
        ("年龄 $ 3", "expression.sign", 4),
        ("年龄 > 3; import", "expression.sign", 7),
        ("__import__('os')", "expression.name", 1),
        ("年龄.real", "expression.sign", 3),
        ("2024-02-30 = 今天", "expression.date", 1),
        ("介于 1 和 2", "expression.unexpected", 1),
        ("年龄 介于 1", "expression.expected", 8),
        ("9" * 29, "expression.number", 1),
        ("(" * 30 + "1" + ")" * 30, "expression.depth", 25),
        ("+".join(["1"] * 40), "expression.depth", 49),
        ("1=1 且 " * 150 + "1=1", "expression.size", 0),
        ("1" * 2001, "expression.long", 0),
    ],
)
def test_what_is_wrong_is_said_with_its_column(source, code, column):
    with pytest.raises(ExpressionError) as fault:
        compile(source, TYPES)
    assert fault.value.code == code
    assert column in (0, fault.value.column)
    assert str(fault.value.words)


def test_the_nearest_name_is_offered_in_the_readers_language(settings):
    from django.utils import translation

    with pytest.raises(ExpressionError) as fault:
        compile("年铃 > 3", TYPES)
    with translation.override("zh-hans"):
        assert "年龄" in str(fault.value.words)


def test_the_wanted_type_is_checked():
    with pytest.raises(ExpressionError) as fault:
        compile("年龄", TYPES, expect=Truth)
    assert fault.value.code == "expression.result"
    assert compile("'本地'", TYPES, expect=TYPES["户籍"])({}) == "local"


@pytest.mark.parametrize("wrong", [1.5, True, "a", object(), "NaN", "1" * 50, 10**60, Decimal("Infinity")])
def test_a_value_of_another_type_is_refused_by_name(wrong):
    with pytest.raises(ExpressionError) as fault:
        compile("年龄 > 1", TYPES)({"年龄": wrong})
    assert fault.value.code == "expression.value"
    assert "年龄" in str(fault.value.words)


def test_latin_words_are_not_cut_inside():
    types = {"orders": Number, "android": Truth}
    assert compile("orders > 1 or android", types)({"orders": 2}) is True
    with pytest.raises(ExpressionError):
        compile("order", types)


def test_a_declared_name_that_holds_a_keyword_stays_whole():
    types = {"且末县": Truth, "和谐": Number, "空挂户": Truth}
    assert compile("且末县且空挂户", types)({"且末县": True, "空挂户": True}) is True
    assert compile("和谐介于1和2", types)({"和谐": 2}) is True
