"""Several processes reading one moment of the database, for verify."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from multiprocessing.connection import Connection, wait
from typing import Any, cast

import django
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from gezhi.foundation import db

from . import folding
from .reading import export_snapshot, reader

Task = tuple[Callable[..., Any], tuple]


class WorkerFailed(RuntimeError):
    """A worker process could not finish; the message is its own error."""


@contextmanager
def crew(workers: int) -> Iterator[tuple[BaseDatabaseWrapper, Callable[[list[Task]], Iterable[Any]]]]:
    """Start `workers` processes; give a reader of one moment and `run(tasks)`, which has them work at that
    same moment and yields results as they come: `function(reader, *arguments)` for each task.

    Processes are spawned, not forked: a forked child would share this one's database connections.
    """
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        lines: list[Connection] = []
        settings = {key: value for key, value in connection.settings_dict.items() if key != "TEST"}
        for _ in range(workers):
            ours, theirs = context.Pipe()
            worker = context.Process(target=_work, args=(theirs, settings), daemon=True)
            worker.start()
            theirs.close()
            stack.callback(worker.join)
            stack.callback(ours.close)  # a worker without its line goes home
            lines.append(ours)
        for line in lines:
            _answer(line)  # it has loaded the product
        # States, parts and upcasters travel along, so a worker knows exactly what this process knows.
        known = pickle.dumps((folding.STATES, folding.PARTS, folding.UPCASTERS))
        # All must see the same moment. PostgreSQL hands it over by name; on SQLite nobody may write
        # while the readers begin, which takes them a few milliseconds.
        with db.write() if connection.vendor == "sqlite" else nullcontext():
            own = stack.enter_context(reader())
            snapshot = export_snapshot(own)
            for line in lines:
                line.send((snapshot, known))
            for line in lines:
                _answer(line)
        yield own, lambda tasks: _dispatch(lines, tasks)


def _dispatch(lines: list[Connection], tasks: list[Task]) -> Iterator[Any]:
    queue, busy = list(reversed(tasks)), 0
    for line in lines:
        if queue:
            line.send(queue.pop())
            busy += 1
    while busy:
        for line in cast("list[Connection]", wait(lines)):
            yield _answer(line)
            busy -= 1
            if queue:
                line.send(queue.pop())
                busy += 1


def _answer(line: Connection) -> Any:
    try:
        ok, value = line.recv()
    except EOFError as error:
        raise WorkerFailed("A worker of verify ended without an answer.") from error
    if not ok:
        raise WorkerFailed(value)
    return value


def _work(line: Connection, settings: dict[str, Any]) -> None:
    """A worker's life: load the product, open the moment, do tasks until the line closes."""
    try:
        django.setup()
        connections["default"].settings_dict.update(settings)
        line.send((True, None))
        snapshot, known = line.recv()
        states, parts, upcasters = pickle.loads(known)
        folding.STATES.update(states)
        folding.PARTS.update(parts)
        folding.UPCASTERS.update(upcasters)
        with reader(snapshot) as own:
            line.send((True, None))
            while True:
                function, arguments = line.recv()
                line.send((True, function(own, *arguments)))
    except EOFError:
        return
    except Exception as error:
        # The parent raises it as its own: nothing is swallowed here.
        line.send((False, f"{type(error).__name__}: {error}"))
        raise
