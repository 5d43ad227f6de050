"""The limit of a create: the same rows into the same tables, with nothing around them.

The statements of one real create are captured and repeated with new keys: by pgbench on PostgreSQL (eight
clients, the faster of its simple and prepared protocols), by a plain sqlite3 loop with synchronous=FULL on SQLite. Tables, indexes and
triggers are the product's own.
"""

from __future__ import annotations

import re
import secrets
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.homes import Home
from bench.servers import CLIENTS

_LITERAL = re.compile(r"(E?'(?:[^']|'')*')")


@dataclass(frozen=True)
class Create:
    """One captured create: its writing statements with their values, and what must differ in the next one."""

    statements: list[tuple[str, list[Any]]]
    case: Any


def capture(raise_one: Any) -> Create:
    """Run `raise_one()` (a create through the HTTP interface, in this process) and keep what it wrote.

    The product sends some of its INSERTs to PostgreSQL as one statement; the limit is one plain INSERT for each row.
    """
    from django.db import connection

    from gezhi.engines.workflows.models import Case
    from gezhi.foundation.db.cursors import tell_at_once

    seen: list[tuple[str, list[Any]]] = []

    def note(execute, sql, params, many, context):
        seen.append((sql, list(params or ())))
        return execute(sql, params, many, context)

    made: Any = connection
    if connection.vendor == "postgresql":
        made.tell = tell_at_once
    try:
        with connection.execute_wrapper(note):
            raise_one()
    finally:
        if connection.vendor == "postgresql":
            del made.tell
    writes = [_own_id(sql, values) for sql, values in seen if not sql.startswith("SELECT name, value")]
    return Create(writes, Case.objects.order_by("-pk")[0])


def _own_id(sql: str, values: list[Any]) -> tuple[str, list[Any]]:
    """A row whose id the product took ahead gets one from the sequence when it is repeated."""
    if sql.startswith("INSERT INTO events_private (id, "):
        return sql.replace("(id, ", "(").replace("(%s, ", "(", 1), values[1:]
    return sql, values


def best(home: Home, create: Create, *, round: int) -> float:
    """The most creates per second the machine gives now; `round` (0, 1 …) keeps the keys of repeated calls apart.

    On PostgreSQL the faster of pgbench's simple and prepared protocols: the harder limit to be measured against.
    """
    if home.db == "sqlite":
        return sqlite_rate(home, create, 1_000 if home.small else 4_000, round)
    seconds = 3 if home.small else 8
    return max(
        pgbench_rate(home, create, seconds, CLIENTS, mode, 2 * round + number)
        for number, mode in enumerate(("simple", "prepared"))
    )


def sqlite_rate(home: Home, create: Create, count: int, round: int) -> float:
    """Creates per second of a bare loop over the captured statements."""
    case = create.case
    own = sqlite3.connect(home.sqlite_file, isolation_level=None)
    own.execute("PRAGMA journal_mode = WAL")
    own.execute("PRAGMA synchronous = FULL")
    statements = [(sql.replace("%s", "?"), values) for sql, values in create.statements]
    begun = perf_counter()
    for number in range(count):
        id = case.id + round * 10_000_000 + number + 1
        fresh = {
            str(case.id): str(id),
            case.number: f"b-{secrets.token_hex(6)}",
            case.code: secrets.token_hex(5),
        }
        own.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            own.execute(sql, [_renewed(value, case, id, fresh) for value in values]).fetchall()
        own.execute("COMMIT")
    rate = count / (perf_counter() - begun)
    own.close()
    return rate


def _renewed(value: Any, case: Any, id: int, fresh: dict[str, str]) -> Any:
    if value == case.id:
        return id
    if isinstance(value, bytes | memoryview) and bytes(value) == bytes(case.open_key):
        return secrets.token_bytes(32)
    if isinstance(value, str):
        for old, new in fresh.items():
            value = value.replace(old, new)
    return value


def pgbench_rate(home: Home, create: Create, seconds: int, clients: int, mode: str, round: int) -> float:
    """Transactions per second of pgbench with the captured statements; `mode` as its option -M."""
    assert home.cluster is not None
    script = home.directory / "create.sql"
    script.write_text(_script(create))
    first = round * 10_000_000_000
    home.directory.chmod(0o755)
    done = subprocess.run(
        ["pgbench", "-n", "-M", mode, "-c", str(clients), "-j", "2", "-T", str(seconds), "-D", "n=0", "-D", f"from={first}",
         "-f", str(script), "-h", "127.0.0.1", "-p", str(home.cluster.port), "-U", "gezhi", "home"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    if done.returncode or found is None:
        raise RuntimeError(done.stdout[:2000])
    return float(found[1])


def _script(create: Create) -> str:
    """The statements as a pgbench script; keys are made of the client's number and a counter."""
    import psycopg
    from django.db import connection

    case = create.case
    # `from` lets a second run go on where the first one ended.
    lines = [r"\set n :n + 1", r"\set id :from + 100000000000 * (:client_id + 1) + :n", "BEGIN;"]
    connection.ensure_connection()
    # A connection of its own: the pool's has server-side parameters, this only writes statements out.
    with psycopg.connect(**_address(connection)) as own:
        writer = psycopg.ClientCursor(own)
        for sql, values in create.statements:
            text = writer.mogrify(sql, [_plain(value) for value in values])
            lines.append(_with_variables(text, case).replace("\n", " ") + ";")
    return "\n".join([*lines, "COMMIT;", ""])


def _with_variables(text: str, case: Any) -> str:
    """One statement with the case's keys made variables; no other colon is left for pgbench to take for one."""
    keys = {
        f"case:{case.id}": "('case' || chr(58) || :id)",
        f"{case.id}:1": "(:id || chr(58) || '1')",
        case.number: "('b' || :id)",
        case.code: "right('0' || :id, 12)",
        # The hash of a key: 32 bytes, as the product's.
        f"\\x{bytes(case.open_key).hex()}": "sha256(int8send(:id))",
    }
    parts = []
    for part in _LITERAL.split(text):
        literal = _LITERAL.fullmatch(part)
        if literal is None:
            parts.append(part.replace(str(case.id), ":id"))
            continue
        words = part[part.index("'") + 1 : -1]
        if words in keys:
            parts.append(keys[words])
        elif ":" in words:
            escaped = words if part.startswith("E") else words.replace("\\", "\\\\")
            parts.append("E'" + escaped.replace(":", r"\072") + "'")
        else:
            parts.append(part)
    return "".join(parts)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value


def _address(connection: Any) -> dict[str, Any]:
    settings = connection.settings_dict
    return {
        "host": settings["HOST"], "port": settings["PORT"], "user": settings["USER"], "dbname": settings["NAME"],
    }  # fmt: skip


def data_directory(home: Home) -> Path:
    """Where this run's PostgreSQL keeps its data."""
    assert home.cluster is not None
    return home.cluster.directory / "data"
