"""Acts that show whether who may do what in a ledger or a rubric is heeded: each post of the pack asks, and a stranger.

Ledgers: who reads the books, who enters what, who closes a month. Rubrics: who opens a round, who sees every line, who gives what.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from gezhi.engines.appraisals import access as rounds_access
from gezhi.engines.appraisals.models import Round
from gezhi.engines.appraisals.schema import rubric
from gezhi.engines.ledger import entries, periods, queries
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.people import Actor
from tests.mechanisms import mechanism
from tests.mechanisms.heeded import AT, STRANGERS
from tests.mechanisms.laid_down import sections
from tests.world import World

BY_PACK: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
MARKS: dict[str, list[pytest.MarkDecorator]] = defaultdict(list)
for _file, _section in sections().items():
    if re.search(r"/(ledgers|rubrics)/", _file):
        BY_PACK[_file.split("/")[1]][_file] = _section.lines
        MARKS[_file.split("/")[1]] += [mechanism(id, file=_file) for id in _section.mechanisms]
#: `by: [a, b]`, alone or among others
WHO = re.compile(r"\b(by|second|check|freeze|approve|pay|see|close|open|review): \[([^\]]*)\]")


def numbered(lines: tuple[str, ...]) -> Iterator[str]:
    """The lines, a short list that stands in one of them taken apart: `entries.1: {id: …}`."""
    for line in lines:
        root, _colon, value = line.partition(": ")
        if value.startswith("[{id: "):
            yield from (f"{root}.{n}: {{id: {one}" for n, one in enumerate(value.split("{id: ")[1:], 1))
        else:
            yield line


def agreed(lines: tuple[str, ...], kind: str) -> dict[str, frozenset[str]]:
    """What may be asked for -> the posts that may, as a person read it."""
    top: dict[str, set[str]] = defaultdict(set)
    each: dict[tuple[str, str], set[str]] = defaultdict(set)
    names: dict[tuple[str, str], str] = {}
    for line in numbered(lines):
        path, _colon, value = line.partition(": ")
        root, number, key = (*path.split("."), "", "")[:3]
        if "id" in (number, key):
            names[root, number] = value
        elif value.startswith("{id: "):
            names[root, number] = re.findall(r"\w+", value)[1]
        for said, posts in WHO.findall(f"{key or number or root}: {value}"):
            who = set(re.findall(r"\w+", posts))
            top[root] |= who
            if root == "items" or (root == "entries" and said == "by"):
                each[root, number] |= who
    if kind == "ledger":
        return {
            "reads": frozenset(top["see"] | top["close"] | top["entries"] | top["payouts"]),
            "closes": frozenset(top["close"]),
            **{f"enters {names[at]}": frozenset(who) for at, who in each.items()},
        }
    return {
        "opens": frozenset(top["open"]),
        "sees all": frozenset(top["open"] | top["review"] | top["see"] | top["award"]),
        **{f"gives {names[at]}": frozenset(who) for at, who in each.items()},
    }


def of_ledger(name: str, place: int, actor: Actor) -> set[str]:
    book, found = ledger(name), set()
    try:
        queries.totals(name, place, actor=actor)
        found.add("reads")
    except NotAllowed:
        pass
    try:
        periods.close(name, place, clock.today(), actor=actor)
    except Invalid:  # today is not over: but they may
        found.add("closes")
    except NotAllowed:
        pass
    return found | {f"enters {entry.id}" for entry in entries.offered(book, place, actor)}


def of_rubric(name: str, place: int, actor: Actor) -> set[str]:
    kind = rubric(name)
    row = Round(rubric=name, version=kind.version, place_id=place, state="open")
    found = {"opens"} if rounds_access.may_open(kind, place, actor) else set()
    found |= {"sees all"} if rounds_access.whole(row, actor) else set()
    return found | {f"gives {item}" for item in rounds_access.items_to_judge(row, actor)}


ASK: Mapping[str, Callable[[str, int, Actor], set[str]]] = {"ledger": of_ledger, "rubric": of_rubric}


def who_may(world: World, pack: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(who may, as agreed; who may, as it is found when each post asks), by document and act."""
    shipped = {f"packs/{item.file}": item for item in packs.load(f"packs/{pack}").items}
    said = {
        (shipped[file].kind, shipped[file].name): agreed(lines, shipped[file].kind)
        for file, lines in BY_PACK[pack].items()
    }
    levels = {
        post["code"]: post["level"] for name in packs.registry().names("posts") for post in packs.registry().body("posts", name)["posts"]
    }  # fmt: skip
    asked = {post for acts in said.values() for posts in acts.values() for post in posts} | set(STRANGERS)
    may: dict[tuple[str, str], dict[str, set[str]]] = {at: {act: set() for act in acts} for at, acts in said.items()}
    for number, post in enumerate(sorted(asked)):
        who = "于沐阳" if post == "county_director" else f"某{number}"  # the root has its holders
        if post != "county_director":
            world.seat(post, AT[levels[post]], who, label=f"问 {number}")
        place = world.places[AT[levels[post]] if AT[levels[post]].startswith(("lake1", "block")) else "lake"]
        for kind, name in said:
            for act in ASK[kind](name, place, world.actor(who)):
                may[kind, name].setdefault(act, set()).add(post)
    return said, {at: {act: frozenset(posts) for act, posts in acts.items()} for at, acts in may.items()}
