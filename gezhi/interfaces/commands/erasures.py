"""Lawful erasures: do them again after a backup was restored."""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from gezhi.foundation import events


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=["replay"], help=_("replay：按库外的抹除清单再抹除一遍"))


def run(args: argparse.Namespace) -> int:
    """Erase again what the journal outside the database names; drop what the database still holds of it."""
    again = events.replay_erasures()
    done = events.flush_erased()
    print(_("重新抹除了 {count} 段私密文字。").format(count=again))
    if not done:
        print(_("还有程序在读数据库，残留字节稍后由后台清除。"))
    return 0
