"""Acts that show whether what registers and activities lay down is heeded.

For every register and activity of `laid_down/`: a line that lacks a starred field, a text one character too long, a number beyond its
bound, a choice that nobody offers; and each post of the pack asks what it may convene.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from gezhi.engines.matching import access
from gezhi.foundation import packs, people, subjects
from gezhi.foundation.errors import Invalid
from tests.mechanisms import mechanism
from tests.mechanisms.laid_down import sections
from tests.world import World

BY_PACK: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
MARKS: dict[str, list[pytest.MarkDecorator]] = defaultdict(list)
for _file, _section in sections().items():
    if re.search(r"/(registers|activities)/", _file):
        BY_PACK[_file.split("/")[1]][_file] = _section.lines
        MARKS[_file.split("/")[1]] += [mechanism(id, file=_file) for id in _section.mechanisms]
FIELD = re.compile(
    r"(?:^|[\[ ])([a-z_]+)(\*?) (text|long_text|number|choice|truth|date|seat|place)(\([^)]*\))?( [\d.]*\.\.[\d.]*)?([^,\]]*)"
)
UNKNOWN = "no such field"
#: Posts that ask although no activity names them.
STRANGERS = ("village_secretary", "grid_head", "grid_worker", "street_officer", "department")
AT = {"county": "county", "town": "east", "village": "lake", "grid": "lake1", "grid1": "lake1", "grid2": "lake1a", "building": "block7"}  # fmt: skip


def of(pack: str, folder: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name, lines) of each register or activity of a pack that carries a mechanism."""
    for file, lines in BY_PACK[pack].items():
        if f"/{folder}/" in file:
            item = next(i for i in packs.load(f"packs/{pack}").items if f"packs/{i.file}" == file)
            yield item.name, lines


def errors(register: str, values: dict) -> set[str]:
    """The fields of a line that are refused; whose line it would be is not looked at before."""
    with pytest.raises(Invalid) as refused:
        subjects.enter(register, 0, {**values, UNKNOWN: 1}, actor=people.system("test"))
    return set(refused.value.field_errors)


def wrong(type: str, choices: str, bounds: str) -> Iterator[tuple[str, str]]:
    """(a value that just holds, the next one that does not) for each bound of a field."""
    low, _dots, high = bounds.strip().partition("..")
    if type in ("text", "long_text") and high:
        yield "长" * int(high), "长" * (int(high) + 1)
    elif type == "number":
        yield from ((str(low), str(int(low) - 1)),) if low else ()
        yield from ((str(high), str(int(high) + 1)),) if high else ()
    elif type == "choice":
        yield from ((one, f"not_{one}") for one in choices.strip("()").split("|"))


def heeds_its_form(name: str, lines: tuple[str, ...]) -> None:
    form = [line.split(": ", 1)[1] for line in lines if line.startswith("form")]
    fields = [found for line in form for found in FIELD.findall(line)]
    assert fields, name
    always = {id for id, star, *_bounds, more in fields if star and " when:" not in more}
    sometimes = {id for id, *_rest, more in fields if "required_when:" in more}
    assert errors(name, {}) - sometimes == always | {UNKNOWN}, name
    for id, _star, type, choices, bounds, more in fields:
        for holds, fails in wrong(type, choices, bounds) if " when:" not in more else ():
            assert id not in errors(name, {id: holds}), (name, id, holds[:20])
            assert id in errors(name, {id: fails}), (name, id, fails[:20])


def who_convenes(world: World, agreed: dict[str, frozenset[str]]) -> dict[str, set[str]]:
    """Each post asks what it may convene: activity -> the posts that may, of those in `agreed` and some strangers."""
    known = {
        post["code"]: post["level"] for name in packs.registry().names("posts") for post in packs.registry().body("posts", name)["posts"]
    }  # fmt: skip
    may = defaultdict(set)
    for number, post in enumerate(sorted({*frozenset().union(*agreed.values()), *STRANGERS})):
        who = "于沐阳" if post == "county_director" else f"某{number}"  # the root has its holders
        if post != "county_director":
            world.seat(post, AT[known[post]], who, label=f"试 {number}")
        for kind in access.convenes(world.actor(who)):
            may[kind.name].add(post)
    return {name: may[name] for name in agreed}
