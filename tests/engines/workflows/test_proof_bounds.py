"""Files that want too much are refused by their size, with file, line and words, before they are built."""

import pytest

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.reader import read_workflow
from gezhi.engines.workflows.schema import Workflow
from gezhi.foundation.packs import Context, read_yaml

HEAD = "workflow: big\nversion: 1\ntitle: {zh: 大, en: Big}\nstart: s0\nstages:\n"
END = "  end: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}\n"


def task(name: str, to: str, actions: str = "") -> str:
    drawn = actions or f"done: {{title: {{zh: 好, en: Done}}, by: [owner], to: {to}}}"
    return (
        f"  {name}: {{kind: task, phase: working, title: {{zh: 办, en: Do}}, owner: {{post: clerk}}, "
        f"clock: {{limit: 1 work_day}}, actions: {{{drawn}}}}}\n"
    )


def problems(source: str) -> list:
    context = Context("big.yaml", shared={"posts": {"clerk": {"falls_to": None}}})
    node = read_yaml(source, context)
    if node is not None:
        read_workflow(node, context)
    return context.problems


def fork(name: str, join: str, tracks: list[str]) -> str:
    ways = ", ".join(f"{{id: t{n}, to: {to}}}" for n, to in enumerate(tracks))
    return (
        f"  {name}: {{kind: fork, phase: working, title: {{zh: 分, en: Fork}}, owner: {{post: clerk}}, "
        f"clock: {{limit: promise}}, branches: [{ways}], join: {join}}}\n"
    )


def joined(name: str, of: str, to: str) -> str:
    return f"  {name}: {{kind: join, title: {{zh: 合, en: Join}}, of: {of}, to: {to}}}\n"


def nested(depth: int) -> str:
    body = ""
    for n in range(depth):
        inner = f"f{n + 1}" if n + 1 < depth else "deep"
        after = "end" if n == 0 else f"j{n - 1}"
        body += fork(f"f{n}", f"j{n}", [f"a{n}", inner]) + joined(f"j{n}", f"f{n}", after) + task(f"a{n}", f"j{n}")
    return HEAD.replace("s0", "f0") + body + task("deep", f"j{depth - 1}") + END


def test_forks_nest_eight_deep_and_no_deeper():
    assert [str(p) for p in problems(nested(8))] == []
    found, *_same = [p for p in problems(nested(9)) if p.code == "block.deep"]
    assert found.line > 5 and found.trace[0] == "f0"


def test_too_many_stages_are_refused_before_they_are_read():
    source = HEAD + "".join(task(f"s{n}", f"s{n + 1}") for n in range(401)) + task("s401", "end") + END
    (found,) = problems(source)
    assert found.code == "flow.too_big" and found.file == "big.yaml" and "403" in str(found.words)


def test_four_hundred_stages_are_proved():
    source = HEAD + "".join(task(f"s{n}", f"s{n + 1}") for n in range(398)) + task("s398", "end") + END
    assert [str(p) for p in problems(source)] == []


def test_borrowed_forms_are_counted_as_if_they_were_written():
    fields = ", ".join(f"{{id: f{n}, type: text, title: {{zh: 问{n}, en: Q}}}}" for n in range(60))
    lender = f"done: {{title: {{zh: 好, en: Done}}, by: [owner], to: end, form: [{fields}]}}"
    copies = ", ".join(f"a{n}: {{use: s0.done}}" for n in range(110))
    (found,) = problems(HEAD + task("s0", "end", lender) + task("s1", "end", copies) + END)
    assert found.code == "flow.too_big" and found.line == 7


def test_a_thousand_fields_are_refused_at_the_form():
    fields = ", ".join(f"{{id: f{n}, type: text, title: {{zh: 问{n}, en: Q}}}}" for n in range(1000))
    found = problems(
        HEAD + task("s0", "end", f"done: {{title: {{zh: 好, en: Done}}, by: [owner], to: end, form: [{fields}]}}") + END
    )
    assert [p.code for p in found] == ["form.fields"] and found[0].line == 6


def gate(ways: list[str]) -> str:
    return (
        HEAD.replace("s0", "g")
        + f"  g: {{kind: gate, title: {{zh: 关, en: Gate}}, branches: [{', '.join(ways)}]}}\n"
        + END
    )


def test_a_gate_of_too_many_ways_is_refused():
    ways = [f'{{when: "draw == {n}", to: end}}' for n in range(30)] + ["{else: true, to: end}"]
    assert [p.code for p in problems(gate(ways))] == ["gate.too_many"]


def test_guards_that_cannot_be_counted_out_need_an_else():
    names = ["draw", "returns", "reworks", "reopenings", "parked_times"]
    wide = " and ".join(f"({' or '.join(f'{n} == {v}' for v in range(4))})" for n in names)
    assert [p.code for p in problems(gate([f'{{when: "{wide}", to: end}}', f'{{when: "not ({wide})", to: end}}']))] == [
        "gate.partial"
    ]
    assert problems(gate([f'{{when: "{wide}", to: end}}', "{else: true, to: end}"])) == []


@pytest.mark.parametrize(
    ("guard", "said"),
    [("(" * 60 + "urgent" + ")" * 60, "expression"), (" or ".join(["urgent"] * 60), "expression")],
)
def test_an_expression_over_its_bound_is_refused_in_words(guard, said):
    found = problems(gate([f'{{when: "{guard}", to: end}}', "{else: true, to: end}"]))
    assert found and {p.code for p in found} <= {"gate.expression", "pack.long"}


def test_more_than_twenty_branches_are_refused():
    source = HEAD.replace("s0", "f") + fork("f", "j", [f"s{n}" for n in range(21)]) + joined("j", "f", "end")
    found = problems(source + "".join(task(f"s{n}", "j") for n in range(21)) + END)
    assert [p.code for p in found] == ["fork.too_many"]


def test_the_proof_itself_refuses_what_was_read_by_another_door():
    task_body = {"kind": "task", "title": {"zh": "办", "en": ""}, "actions": {}}
    body = {
        "name": "x", "version": 1, "title": {"zh": "", "en": ""}, "about": {"zh": "", "en": ""}, "start": "s0",
        "promise": "category", "response": "1 work_day", "closing": "5 work_day", "counters": {}, "anytime": {},
        "stages": {f"s{n}": task_body for n in range(401)}, "intake": [], "consent": False, "kinds": [],
    }  # fmt: skip
    assert [f.code for f in proof.prove(Workflow.of(body), posts={})] == ["flow.too_big"]
