"""What the tests of registers share: days ago, made-up people, things."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from gezhi.foundation import subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.people.personal import identity_check
from gezhi.foundation.subjects.models import Subject


def ago(days: int) -> date:
    return clock.today() - timedelta(days=days)


def number(serial: int, birthday: str = "19500101") -> str:
    first = f"410882{birthday}{serial:03d}"
    return first + identity_check(first)


def person(world: Any, serial: int, by: str = "赵兰", place: str = "lake1", **facts: Any) -> Subject:
    given = {"name": f"柳{'一二三四五六七八九'[serial % 9]}", "id_number": number(serial)} | facts
    return subjects.add("person", given, actor=world.actor(by), place_id=world.places[place], since=ago(900))


def thing(world: Any, kind: str, name: str, by: str = "赵兰", place: str = "lake") -> Subject:
    return subjects.add(kind, {"name": name}, actor=world.actor(by), place_id=world.places[place], since=ago(900))
