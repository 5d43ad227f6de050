"""A form from its YAML to its cleaned values, its schema and its pinned body."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.errors import Flawed
from gezhi.foundation.expressions import Truth
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import Context, read_yaml

SOURCE = """\
- {id: kind, type: choice, required: true, title: {zh: 类型, en: Kind},
   choices: {ask: 咨询, complain: {zh: 投诉, en: Complaint}}, default: ask}
- {id: text, type: long_text, max: 50, required: 类型 = "投诉", title: {zh: 内容, en: Text}}
- {id: times, type: number, min: 1, max: 10, when: kind = "complain", title: {zh: 第几次, en: Times}}
- {id: since, type: date, title: 哪天起}
- {id: urgent, type: truth, title: 不能等, public: true}
- {id: within, type: limit, title: 时限}
- {id: phone, type: text, sensitive: true, title: 电话, hint: {zh: 可不写, en: Optional}}
"""


def form(source=SOURCE, **options):
    context = Context("form.yaml")
    made = Form.from_yaml(read_yaml(source, context), context, **options)
    assert context.problems == []
    return made


def test_clean_gives_typed_values():
    values, errors = form().clean(
        {
            "kind": "投诉",
            "text": " 三楼\r\n漏水 ",
            "times": "三",
            "since": "二〇二四年三月五日",
            "urgent": "是",
            "within": "３ 个工作日",
        }
    )
    assert errors == {}
    assert values == {
        "kind": "complain", "text": "三楼\n漏水", "times": Decimal(3), "since": dt.date(2024, 3, 5), "urgent": True,
        "within": "3 work_day", "phone": None,
    }  # fmt: skip


def test_a_question_not_asked_is_neither_required_nor_kept():
    values, errors = form().clean({"kind": "ask", "times": "999"})
    assert errors == {}
    assert "times" not in values
    assert values["text"] is None


def test_a_condition_makes_a_field_required():
    assert set(form().clean({"kind": "complain"})[1]) == {"text"}
    assert set(form().clean({})[1]) == {"kind"}
    assert set(form().clean({"kind": "complain", "text": " \u200b "})[1]) == {"text"}


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("kind", "praise"), ("kind", True), ("kind", {"$ne": 1}), ("text", "长" * 51), ("text", "a\x00"), ("text", ["x"]),
        ("times", "11"), ("times", "0"), ("times", "abc"), ("times", True), ("times", [1]), ("times", "1" * 25),
        ("since", "2024-02-30"), ("since", 5), ("since", "0999-01-01"), ("urgent", "也许"), ("within", "5 moons"),
        ("within", "工作日"), ("within", "0.5 work_day"), ("within", {"value": "x", "unit": "work_day"}),
        ("phone", "1" * 201), ("phone", "\u202e1"), ("nobody", "x"), ("kind ", "ask"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_what_is_wrong_is_said_at_the_field(field, wrong, language):
    with translation.override(language):
        values, errors = form().clean({"kind": "complain", "text": "x", field: wrong})
    assert set(errors) == {field}
    assert errors[field] and "{" not in errors[field]
    assert values.get(field) is None


def test_what_is_no_form_at_all_is_refused():
    assert form().clean(["kind"])[1] == {"": form().clean(None)[1][""]}
    assert len(form().clean({f"x{i}": 1 for i in range(5000)})[1]) <= 11


def test_a_posted_form_is_read_too():
    data = QueryDict("kind=complain&text=%E6%BC%8F%E6%B0%B4&times=%EF%BC%93")
    values, errors = form().clean(data)
    assert (errors, values["times"]) == ({}, Decimal(3))
    photos = form("- {id: photos, type: photos, max: 2, title: 照片}")
    assert photos.clean(QueryDict("photos=1&photos=2"))[0] == {"photos": [1, 2]}
    assert set(photos.clean({"photos": [1, 2, 3]})[1]) == {"photos"}
    assert set(photos.clean({"photos": ["../../etc/passwd"]})[1]) == {"photos"}


def test_conditions_may_read_facts_of_the_case():
    asked = form("- {id: why, type: text, title: 为什么, required: 急}", types={"急": Truth})
    assert set(asked.clean({}, context={"急": True})[1]) == {"why"}
    assert asked.clean({}, context={"急": False})[1] == {}
    assert asked.clean({})[1] == {}


def test_the_body_pins_the_form():
    made = form()
    stored = json.loads(json.dumps(made.body()))
    again = Form.from_body(stored)
    assert again == made
    assert again.clean({"kind": "complain"})[1] == made.clean({"kind": "complain"})[1]
    assert Form.of([]) == Form() and not Form()


def test_values_survive_storage_as_json():
    made = form()
    values, _errors = made.clean({"kind": "ask", "since": "2024.3.5", "within": "4 work_hour"})
    assert made.load(json.loads(json.dumps(made.dump(values)))) == values


def test_personal_answers_are_kept_apart():
    values, _errors = form().clean({"kind": "complain", "text": "漏水", "phone": "13800000000", "times": 2})
    open_values, private = form().split(values)
    assert private == {"text": "漏水", "phone": "13800000000"}
    assert "13800000000" not in str(open_values) and open_values["times"] == 2


def test_the_schema_is_json_in_the_readers_language():
    with translation.override("en"):
        schema = json.loads(json.dumps(form().schema()))
    assert schema["required"] == ["kind"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["kind"]["enum"] == ["ask", "complain"]
    assert schema["properties"]["kind"]["title"] == "Kind"
    assert schema["properties"]["kind"]["x-labels"]["complain"] == "Complaint"
    assert schema["properties"]["times"] | {"minimum": 1, "maximum": 10} == schema["properties"]["times"]
    assert schema["properties"]["phone"]["x-sensitive"] is True
    with translation.override("zh-hans"):
        assert form().schema()["properties"]["kind"]["title"] == "类型"


def test_bound_fields_carry_what_was_typed_and_what_is_wrong():
    bound = {b.id: b for b in form().bound({"times": "abc"}, {"times": "不是数字"})}
    assert (bound["times"].value, bound["times"].error) == ("abc", "不是数字")
    assert bound["kind"].value == "ask" and bound["kind"].required
    with translation.override("en"):
        assert bound["phone"].help == "Optional"


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("- {id: A, type: text, title: x}", "form.id", 1),
        ("- {id: a, type: text, title: x}\n- {id: a, type: date, title: y}", "form.twice", 2),
        ("- {id: a, typ: text, title: x}", "pack.key", 1),
        ("- {id: a, type: txt, title: x}", "pack.choice", 1),
        ("- {id: a, type: text}", "pack.missing", 1),
        ("- x", "pack.shape", 1),
        ("a: 1", "pack.key", 1),
        ("- {id: a, type: text, title: x,\n   when: b > 1}", "expression.name", 2),
        ("- {id: a, type: number, title: x}\n- {id: b, type: text, title: y, when: a}", "expression.result", 2),
        ("- {id: a, type: text, title: x, when: b = '1'}\n- {id: b, type: text, title: y}", "expression.name", 1),
        ("- {id: a, type: choice, title: x}", "form.choices", 1),
        ("- {id: a, type: choice, title: x, choices: [b, b]}", "form.choices", 1),
        ("- {id: a, type: text, title: x, choices: [b]}", "form.choices", 1),
        ("- {id: a, type: text, title: x, max: 99999}", "pack.type", 1),
        ("- {id: a, type: truth, title: x, default: 是}", "form.default", 1),
        ("- {id: a, type: text, title: x, required: 3}", "pack.type", 1),
    ],
)
def test_a_flawed_form_is_refused_with_its_line(source, code, line):
    context = Context("form.yaml")
    Form.from_yaml(read_yaml(source, context), context)
    assert (code, line) in [(p.code, p.line) for p in context.problems]
    assert all(str(p) for p in context.problems)
    with pytest.raises(Flawed):
        Form.from_yaml(read_yaml(source, Context("form.yaml")))


junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["kind", "text", "times", "since", "urgent", "within", "phone", "?"]), junk))
def test_any_json_is_cleaned_or_refused_never_an_exception(data):
    values, errors = form().clean(data)
    json.dumps(form().dump(values))
    assert all(isinstance(words, str) and words for words in errors.values())
