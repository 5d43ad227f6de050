"""What a hostile or careless pack may try, at the door an author uses: `gezhi packs check`.

Each is refused with file, line and words, and memory stays bounded (measured, not believed).
"""

from __future__ import annotations

import argparse
import tracemalloc

import pytest

from gezhi.interfaces.commands import packs as command

HEAD = "workflow: bad\nversion: 1\ntitle: {zh: 坏, en: Bad}\nstart: do\nstages:\n"
TASK = (
    "  do: {kind: task, phase: working, title: {zh: 办, en: Do}, owner: {post: clerk}, clock: {limit: 1 work_day}, "
    "actions: {done: {title: {zh: 好, en: Done}, by: [owner], to: end%s}}}\n"
)
END = "  end: {kind: end, phase: closed, title: {zh: 结, en: End}, outcome: done}\n"
POSTS = "posts:\n  - {code: clerk, title: {zh: 干事, en: Clerk}, level: county, root: true}\n"
GOOD = HEAD + TASK % "" + END
FIELDS = ", ".join(f"{{id: f{n}, type: text, title: {{zh: 问{n}, en: Q}}}}" for n in range(1000))
GATE = "  gate: {kind: gate, title: {zh: 关, en: Gate}, branches: [{when: %s, to: end}, {else: true, to: end}]}\n"

BAD = {
    "aliases that multiply": (
        "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n", "pack.alias", 1),
    "merged keys": (HEAD + "  base: &base {kind: end}\n  end:\n    <<: *base\n", "pack.alias", 6),
    "a hundred thousand brackets": (HEAD + "  do: " + "[" * 100_000, "pack.too_large", 6),
    "nested mappings": (HEAD + "".join(" " * (n + 2) + "a:\n" for n in range(60)), "pack.too_large", 29),
    "thirty thousand entries": (HEAD + "".join(f"  s{n}: x\n" for n in range(30_000)), "pack.too_large", None),
    "a file of a megabyte": (GOOD + "# " + "x" * 1_000_000 + "\n", "pack.too_large", 1),
    "the same step twice": (GOOD + END, "pack.yaml", 8),
    "an object of another language": (HEAD + "  do: !!python/object/apply:os.system [ls]\n", "pack.tag", 6),
    "two documents": (GOOD + "---\n" + GOOD, "pack.documents", 8),
    "a thousand fields": (HEAD + TASK % f", form: [{FIELDS}]" + END, "form.fields", 6),
    "an expression of thirty brackets": (
        HEAD + TASK % "" + GATE % ('"' + "(" * 30 + "urgent" + ")" * 30 + '"') + END, "gate.expression", 7),
    "an expression too long to be read": (
        HEAD + TASK % "" + GATE % ('"' + " or ".join(["urgent"] * 600) + '"') + END, "pack.long", 7),
    "a name in letters that only look alike": (GOOD.replace("  end:", "  еnd:").replace("to: end", "to: еnd"),
                                               "name.letters", 7),
    "a step named as another seems": (GOOD + END.replace("end:", "END:", 1), "name.lookalike", 8),
    "hidden characters in a name": (GOOD.replace("  end:", '  "e\\u200bnd":').replace("to: end", 'to: "e\\u200bnd"'),
                                    "name.letters", 7),
}  # fmt: skip


def check(folder, capsys) -> str:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    assert command.run(parser.parse_args(["check", str(folder)])) == 1
    return str(capsys.readouterr().out)


def test_the_good_one_is_accepted(write_pack):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    folder = write_pack("hill", {"posts.yaml": POSTS, "workflows/bad.yaml": GOOD})
    assert command.run(parser.parse_args(["check", str(folder)])) == 0


@pytest.mark.parametrize("what", BAD)
def test_it_is_refused_with_file_and_line_in_bounded_memory(what, write_pack, capsys):
    source, code, line = BAD[what]
    folder = write_pack("hill", {"posts.yaml": POSTS, "workflows/bad.yaml": source})
    if code in ("pack.alias", "pack.too_large"):  # counting every byte is slow: only where memory is the point
        tracemalloc.start()
    try:
        said = check(folder, capsys)
        peak = tracemalloc.get_traced_memory()[1] if tracemalloc.is_tracing() else 0
    finally:
        tracemalloc.stop()
    assert peak < 64 * 1024 * 1024, f"{peak / 1e6:.0f} MB"
    found = [row for row in said.splitlines() if f"[{code}]" in row]
    assert found, said[:2000]
    assert found[0].startswith("hill/workflows/bad.yaml:")
    if line is not None:
        assert int(found[0].split(":")[1]) == line, found[0]


def test_a_huge_file_beside_the_yaml_is_not_even_read(write_pack, capsys):
    folder = write_pack("hill", {"posts.yaml": POSTS, "workflows/bad.yaml": GOOD})
    with (folder / "picture.bin").open("wb") as out:
        out.truncate(40 * 1024 * 1024)
    tracemalloc.start()
    try:
        said = check(folder, capsys)
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "hill/pack.yaml:1:" in said and "[pack.too_large]" in said
    assert peak < 8 * 1024 * 1024


def test_the_trace_is_printed_below_the_words(write_pack, capsys):
    turn = TASK % "" + "  again: {kind: gate, title: {zh: 又, en: Again}, branches: [{else: true, to: do}]}\n" + END
    folder = write_pack(
        "hill", {"posts.yaml": POSTS, "workflows/bad.yaml": HEAD + turn.replace("to: end}", "to: again}", 1)}
    )
    said = check(folder, capsys)
    assert "[flow.endless]" in said and "\n    do\n    —done→ again\n    —else→ do\n" in said
