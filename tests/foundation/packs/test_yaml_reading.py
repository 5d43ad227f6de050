"""YAML from strangers: bounded before it is built, every flaw with its line and column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation.packs import Context, plain, read_yaml


def read(source):
    context = Context("x.yaml")
    return read_yaml(source, context), context.problems


def test_a_document_keeps_lines_and_columns():
    node, problems = read("a: 1\nb:\n  - {c: x}\n")
    assert problems == []
    context = Context("x.yaml")
    context.problem(node["b"], 0, "t.item", "item")
    context.problem(node["b"][0], "c", "t.value", "value")
    assert [(p.line, p.column) for p in context.problems] == [(3, 5), (3, 9)]
    assert str(context.problems[0]) == "x.yaml:3:5: item [t.item]"


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("a: &x [1]\nb: *x", "pack.alias", 1),
        ("a: 1\nb: *nowhere", "pack.alias", 2),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "pack.alias", 1),
        ("a:\n  <<: {b: 1}\n  c: *d", "pack.alias", 3),
        ("a: !!python/object/apply:os.system [ls]", "pack.tag", 1),
        ("a: !secret x", "pack.tag", 1),
        ("a: 1\n---\nb: 2", "pack.documents", 2),
        ("a: 1\na: 2", "pack.yaml", 2),
        ("a: [1, 2", "pack.yaml", 1),
        ("a: 'x\n", "pack.yaml", 1),
        ("a: \x00", "pack.yaml", 1),
        ("\ta: 1", "pack.yaml", 1),
        ("[" * 200 + "]" * 200, "pack.too_large", 1),
        ("- 1\n" * 30_000, "pack.too_large", 20_000),
        ("a: " + "x" * 600_000, "pack.too_large", 1),
    ],
)
def test_what_explodes_or_does_not_parse_is_refused(source, code, line):
    node, problems = read(source)
    assert node is None
    assert [p.code for p in problems] == [code]
    assert abs(problems[0].line - line) <= 1
    assert str(problems[0].words)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@ \n\t\\0127,?~", max_size=60))
def test_any_text_is_read_or_refused(source):
    node, problems = read(source)
    assert not (problems and node is not None)
    plain(node)


def test_plain_is_json_without_floats():
    node, _problems = read("{a: 1.10, b: 2024-03-05, c: [true, null, 007], d: x, 1: y}")
    assert plain(node) == {"a": "1.1", "b": "2024-03-05", "c": [True, None, 7], "d": "x", "1": "y"}


def test_a_comma_that_cuts_a_text_is_explained():
    node, _problems = read("title: {zh: 一二, en: Grid, and errands}")
    context = Context("x.yaml")
    context.title(node)
    (problem,) = context.problems
    assert (problem.code, problem.line, problem.column) == ("pack.key", 1, 27)
    assert "引号" in str(problem.words)


def test_keys_types_and_choices_are_checked_in_the_same_words():
    node, _problems = read("titel: x\nmax: many\nkind: wrok\nlist: 3\nflag: 1\nlong: " + "x" * 300)
    context = Context("x.yaml")
    assert context.keys(node, required=("title",), optional=("max", "kind", "list", "flag", "long"))
    assert context.whole(node, "max", 5) == 5
    assert context.one_of(node, "kind", ["work", "rest"]) is None
    assert context.each(node, "list") == []
    assert context.truth(node, "flag") is False
    assert context.text(node, "long", "") == ""
    assert not context.keys([1], required=("a",))
    found = [(p.code, p.line) for p in context.problems]
    assert found == [
        ("pack.key", 1), ("pack.missing", 1), ("pack.type", 2), ("pack.choice", 3), ("pack.type", 4), ("pack.type", 5),
        ("pack.long", 6), ("pack.shape", 1),
    ]  # fmt: skip
    assert "title" in str(context.problems[0].words)
    assert "work" in str(context.problems[3].words)
