"""Erase the personal data of one case: words, contact, photos, what search knows of them.

The case keeps its number, places, times and who acted; nobody can bring the words back. `--ground` stays in the
record for ever: the law or the number of the application, no names.
"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from gezhi.engines.workflows.erasing import erase_case
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, people
from gezhi.foundation.errors import NotFound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("number", metavar="CASE-NUMBER", help=_("事项编号，例如 2026-1186"))
    parser.add_argument("--ground", required=True, metavar="WORDS", help=_("法律依据或申请书编号，不写姓名电话"))


def run(args: argparse.Namespace) -> int:
    """Erase and say so; raises NotFound for an unknown number, or one that holds nothing any more."""
    case_id = Case.objects.filter(number=args.number.strip()).values_list("pk", flat=True).first()
    if case_id is None:
        raise NotFound("case.not_found")
    erase_case(case_id, actor=people.system("operator"), ground=args.ground)
    print(_("{number} 里的个人信息已抹除。").format(number=args.number.strip()))
    if not events.flush_erased():
        print(_("还有程序在读数据库，残留字节稍后由后台清除。"))
    return 0
