"""Versions of methods: list them with their open cases, take open cases over to another version.

gezhi flows list                                  every method, its versions, how many cases run on each
gezhi flows migrate NAME --from 1 [--to 10001]    what would become of each open case; --yes does it
"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`list` or `migrate`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|migrate")
    actions.add_parser("list", help="methods, versions, open cases")
    one = actions.add_parser("migrate", help="take open cases over to another version")
    one.add_argument("name")
    one.add_argument("--from", dest="version", type=int, required=True)
    one.add_argument("--to", type=int, default=None, help="the newest when left out")
    one.add_argument("--yes", action="store_true", help="do it; without it only what would become of each is said")


def run(args: argparse.Namespace) -> int:
    """0 when every case goes (or would go) over, 1 when any stays; each of those with the reason."""
    return _list() if args.action == "list" else _migrate(args)


def _list() -> int:
    from gezhi.engines.workflows import migrating
    from gezhi.foundation import packs

    for name in packs.registry().names("workflow"):
        for entry in packs.registry().versions("workflow", name):
            waiting = len(migrating.waiting(name, entry.version))
            print(f"{name}  v{entry.version}  {entry.pack}  {entry.hash[:12]}  {waiting}")
    return 0


def _migrate(args: argparse.Namespace) -> int:
    from gezhi.engines.workflows import migrating
    from gezhi.foundation import packs, people

    to = args.to if args.to is not None else packs.registry().get("workflow", args.name).version
    if args.yes:
        migrating.preview(args.name, args.version, to, ids=())
        actor = people.system("operator")
        found = [migrating.migrate(id, to, actor=actor) for id in migrating.waiting(args.name, args.version)]
    else:
        found = migrating.preview(args.name, args.version, to)
    stay = [outcome for outcome in found if not outcome.moves]
    for outcome in stay:
        print(f"{outcome.number}: {outcome.words} [{outcome.code}]")
    words = (
        _("{n} 件换到了第 {to} 版，{m} 件没有换。")
        if args.yes
        else _("{n} 件能换到第 {to} 版，{m} 件不能。没有写入，要换请加 --yes。")
    )
    print(words.format(n=len(found) - len(stay), m=len(stay), to=to))
    return 1 if stay else 0
