"""Check the log of events: chains, states, private texts, blocks, exported roots."""

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from gezhi.foundation import events


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--processes", type=int, default=None, help=_("几个进程一起核对（默认自动）"))
    parser.add_argument(
        "--accept-restore",
        metavar="GROUND",
        help=_("从旧备份恢复之后：在导出的根里记下原因，从现有区块重新计"),
    )


def run(args: argparse.Namespace) -> int:
    """Print every finding in words; 1 when there is one."""
    if args.accept_restore:
        position = events.accept_restore(args.accept_restore)
        print(_("已记下：从区块 {position} 往后重新计。").format(position=position))
    report = events.verify(processes=args.processes)
    for item in report.findings:
        print(item)
    for note in report.information:
        print(_("说明：{words}").format(words=note))
    if report.omitted:
        print(_("另有 {count} 处问题没有列出。").format(count=report.omitted))
    facts = {"events": report.events, "blocks": report.blocks, "seconds": f"{report.seconds:.1f}"}
    if report.clean:
        print(_("核对了 {events} 条记录、{blocks} 个区块，用时 {seconds} 秒，没有发现问题。").format(**facts))
        return 0
    count = len(report.findings) + report.omitted
    print(
        _("核对了 {events} 条记录、{blocks} 个区块，用时 {seconds} 秒，发现 {count} 处问题。").format(
            count=count, **facts
        )
    )
    return 1
