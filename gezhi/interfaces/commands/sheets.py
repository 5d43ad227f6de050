"""Look at another hotline's sheet (gezhi sheets import FILE --sender 12345 --dry-run), or bring it in as cases.

Without --dry-run the sheet is taken in, checked, and its good rows become cases at once, in the name of the person
given by --by (their username); with it nothing is written at all.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from django.utils.translation import gettext as _

from gezhi.foundation import people, places
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.people import Actor


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`import FILE --sender CODE [--by USERNAME] [--dry-run]` or `senders`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="import|senders")
    bring = actions.add_parser("import", help="check a sheet, and bring its good rows in")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--sender", required=True, metavar="CODE", help="12345, ZZ, CG or what a pack adds")
    bring.add_argument("--by", metavar="USERNAME", help="in whose name; needed unless --dry-run")
    bring.add_argument("--dry-run", action="store_true", help="only say what would happen")
    actions.add_parser("senders", help="the senders whose sheets the installed packs can read")


def run(args: argparse.Namespace) -> int:
    """0 when every row is good (or a known double), 1 when some are bad; a refused file is a refusal."""
    from gezhi.foundation.sheets import layouts

    if args.action == "senders":
        for layout in layouts.layouts():
            print(f"{layout.code}  {layout.name}  {layout.said}")
        return 0
    if not args.file.is_file():
        raise NotFound()
    return _dry(args.file, args.sender) if args.dry_run else _bring(args.file, args.sender, args.by)


def _dry(file: Path, sender: str) -> int:
    from gezhi.foundation.sheets import checking, layouts, problems, targets
    from gezhi.foundation.sheets.models import ColumnMemory

    layout = layouts.layout(sender)
    memory = dict(ColumnMemory.objects.filter(sender=layout.name).values_list("title", "field"))
    opening = checking.begin(file.read_bytes(), layout, memory)
    for column in opening.columns:
        print(f"{column.header} → {column.field or '-'}  {round(column.confidence * 100)}%")
    if missing := checking.missing(opening.columns, layout):
        print(_("还缺：{names}").format(names="、".join(missing)))
        return 1
    county = places.directory().of_kind("county")[0]
    ask = targets.Ask(layout, county, people.system("import"))
    bad = 0
    counts: Counter[str] = Counter()
    for number, state, wrong in checking.dry(opening, ask):
        counts[state] += 1
        if state == "bad":
            bad += 1
            if bad <= 20:
                words = "".join(problems.said(code, facts) for _i, _f, code, facts, _h in wrong)
                print(_("第 {number} 行：{words}").format(number=number, words=words))
    print(
        _("{good} 行可以导入，{bad} 行有问题，{double} 行重复。什么都没有写。").format(
            good=counts["good"], bad=counts["bad"], double=counts["double"]
        )
    )
    return 1 if bad else 0


def _bring(file: Path, sender: str, username: str | None) -> int:
    from gezhi.foundation.sheets import actions

    actor = _person(username)
    with file.open("rb") as stream:
        run = actions.upload(stream, name=file.name, sender=sender, actor=actor)
    registry.discover()
    _until(run, "uploaded")
    if run.state == "checked" and run.good:
        actions.confirm(run.pk, actor=actor)
        _until(run, "confirmed")
    print(
        _("{state}：{rows} 行，立案 {filled} 件，{bad} 行有问题，{doubles} 行重复。").format(
            state=actions.STATES[run.state], rows=run.rows, filled=run.filled, bad=run.bad, doubles=run.doubles
        )
    )
    return 1 if run.bad or run.state == "refused" else 0


def _until(run, state: str) -> None:
    """Work jobs off here until the run has left the state; a worker beside may do them as well."""
    run.refresh_from_db()
    while run.state == state:
        if not claims.drain("sheets-command", limit=1):
            time.sleep(0.2)
        run.refresh_from_db()
        if run.state == state and run.progress:
            print(f"\r{run.progress}/{run.good}", end="", flush=True)
    print()


def _person(username: str | None) -> Actor:
    from gezhi.foundation.people.models import Person

    found = Person.objects.filter(username=username or "").values_list("id", flat=True).first()
    if found is None:
        raise Invalid(field_errors={"by": _("请用 --by 写明以谁的名义导入。")})
    return people.actor_for(found)
