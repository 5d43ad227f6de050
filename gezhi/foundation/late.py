"""Modules of a room that are loaded when something of theirs is first asked for: they need tables or settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any


def late(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """What a room's `__getattr__` answers: `homes` says in which of its modules a name stands.

    The module is remembered, not the value: what is replaced in it is replaced here.
    """
    met: dict[str, ModuleType] = {}

    def find(name: str) -> Any:
        module = met.get(name)
        if module is None:
            if name not in homes:
                raise AttributeError(f"module {room!r} has no attribute {name!r}")
            module = met[name] = import_module(f"{room}.{homes[name]}")
        return getattr(module, name)

    return find
