"""One write and what it changed: who wants to know is told inside it, once, with everything.

    @on_change
    def follow(changes): ...          # list[Change], in the transaction that made them

A hook may change subjects itself; what it changes is told in a further round of the same write.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

from gezhi.foundation import db


class Change(NamedTuple):
    """Something about a subject is different as of `on`. `entry_id` and `register` when it is one of its lines."""

    subject_id: int
    entry_id: int | None
    register: str | None
    on: date


Hook = Callable[[list[Change]], object]
ROUNDS = 10
_hooks: list[tuple[int, Hook]] = []
_here = threading.local()


def on_change(hook: Hook | None = None, *, order: int = 50):
    """Have `hook(changes)` called inside each write that changes subjects. Also as a decorator; a hook counts once."""

    def register(function: Hook) -> Hook:
        if all(known is not function for _order, known in _hooks):
            _hooks.append((order, function))
            _hooks.sort(key=lambda pair: pair[0])
        return function

    return register if hook is None else register(hook)


@contextmanager
def changing() -> Iterator[list[Change]]:
    """A write that collects its changes; one inside another joins it, and the outermost tells the hooks."""
    outer: list[Change] | None = getattr(_here, "changes", None)
    with db.write():
        if outer is not None:
            yield outer
            return
        _here.changes = []
        try:
            yield _here.changes
            for _round in range(ROUNDS):
                told, _here.changes = list(dict.fromkeys(_here.changes)), []
                if not told:
                    break
                for _order, hook in tuple(_hooks):
                    hook(told)
        finally:
            _here.changes = None
