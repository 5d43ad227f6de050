"""Days off and working weekends of a notice: judge a table, write it, list what counts.

gezhi holidays import FILE.csv [--yes]     columns 日期,名称,是否上班 (or date,name,is_workday); without --yes it is only judged
gezhi holidays list [--year 2027]          the days that were imported

Open clocks are counted again by event in the same write; what was closed or sealed stays.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from django.utils.translation import gettext as _


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="import|list")
    one = actions.add_parser("import", help="a CSV file of days")
    one.add_argument("file", type=Path)
    one.add_argument("--yes", action="store_true", help="write; without it the file is only judged")
    shown = actions.add_parser("list", help="what was imported")
    shown.add_argument("--year", type=int, default=None)


def run(args: argparse.Namespace) -> int:
    """0 when all is well; a table with a wrong line is refused whole, in words."""
    return {"import": _import, "list": _list}[args.action](args)


def _import(args: argparse.Namespace) -> int:
    from gezhi.foundation import calendar, people
    from gezhi.foundation.calendar.actions import judge, read_csv
    from gezhi.foundation.errors import Invalid

    try:
        rows = read_csv(args.file.read_bytes().decode("utf-8-sig"))
        days = judge(rows)
        changed = calendar.import_holidays(rows, actor=people.system("operator")) if args.yes else 0
    except UnicodeDecodeError:
        print(_("这个文件不是 UTF-8 编码的文字，没有导入。请另存为 CSV UTF-8 再试。"))
        return 1
    except Invalid as refusal:
        print(refusal.what, refusal.next)
        for line, why in refusal.field_errors.items():
            print(f"  {line}: {why}")
        return 1
    for day in days:
        print(day.date, day.name, _("上班") if day.is_workday else _("休息"))
    if not args.yes:
        print(_("{n} 天，没有写入。要写入，加上 --yes。").format(n=len(days)))
    else:
        print(_("改了 {n} 天，在走的钟已按新的日历重算。").format(n=changed))
    return 0


def _list(args: argparse.Namespace) -> int:
    from gezhi.foundation.calendar.models import Holiday

    rows = Holiday.objects.order_by("date")
    if args.year is not None:
        rows = rows.filter(date__year=args.year)
    for row in rows:
        print(row.date, row.name, _("上班") if row.is_workday else _("休息"))
    return 0
