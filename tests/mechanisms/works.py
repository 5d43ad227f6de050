"""What mechanisms of projects share: photos that were taken, things that stand in a register."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.foundation import files, subjects
from gezhi.foundation.subjects.models import Entry
from tests.foundation.files.pictures import jpeg
from tests.mechanisms.roll import ago, thing


def photo(world: Any, by: str, key: str) -> list[int]:
    """One photo, staged by a name of the cast."""
    upload = SimpleUploadedFile("a.jpg", jpeg())
    return [files.stage(upload, actor=world.actor(by), key=key).pk]


def asset(world: Any, register: str, name: str, **values: Any) -> Entry:
    """An asset of 湖滨 with its line."""
    row = thing(world, "asset", name)
    return subjects.enter(register, row.pk, values, actor=world.actor("赵兰"), since=ago(400))


def line(world: Any, register: str, id: int) -> Entry:
    """A line as the register's page shows it."""
    return next(r for r in subjects.entries(world.actor("周敏"), register).rows if r.entry_id == id)
