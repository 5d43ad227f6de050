"""Run the benchmarks: `python -m bench [--small] [--db sqlite|postgres] [--only creating,lists,figures,verify,proving,ticking,importing,national,similar,panels,duties,methods]`.

Each database is measured by a process of its own on a temporary home. Prints one table; the exit code is 1 when a
bound is missed. `--small` takes about a minute on a calm machine; the full run needs some twenty.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from importlib import import_module

from bench import homes
from bench.lines import Line, table

# figures measures the rows that lists has made, so it comes after.
ALL = (
    "creating",
    "lists",
    "figures",
    "verify",
    "proving",
    "ticking",
    "importing",
    "national",
    "registers",
    "similar",
    "panels",
    "duties",
    "methods",
)
DATABASES = ("sqlite", "postgres")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="a quick run with small tables")
    parser.add_argument("--db", choices=DATABASES, help="one database only")
    parser.add_argument("--only", default=",".join(ALL), help="benchmarks, in this order")
    parser.add_argument("--lines", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    names = args.only.split(",")
    if unknown := set(names) - set(ALL):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if args.lines:
        return _one(args.db, names, small=args.small)
    lines = [line for db in ([args.db] if args.db else DATABASES) for line in _apart(db, args)]
    print(f"{platform.machine()}, Python {platform.python_version()}: python -m bench {' '.join(sys.argv[1:])}\n")
    print(table(lines))
    missed = [line for line in lines if line.ok is False]
    print(f"\n{len(missed)} of {sum(line.ok is not None for line in lines)} bounds missed")
    return 1 if missed else 0


def _apart(db: str, args: argparse.Namespace) -> list[Line]:
    """The lines of one database, from a process of its own: settings are read once a process."""
    command = [sys.executable, "-m", "bench", "--lines", "--db", db, "--only", args.only]
    child = subprocess.Popen([*command, *(["--small"] if args.small else [])], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    lines = []
    for said in child.stdout:
        line = Line(**json.loads(said))
        print(table([line]).splitlines()[-1], file=sys.stderr, flush=True)
        lines.append(line)
    if child.wait():
        raise SystemExit(f"the benchmarks of {db} stopped early")
    return lines


def _one(db: str, names: list[str], *, small: bool) -> int:
    with homes.home(db, small=small) as home:
        homes.set_up()
        for name in names:
            for line in import_module(f"bench.{name}").run(home):
                print(line.as_json(), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
