"""The demo county: fill an empty home, or let synthetic staff work through what is open.

`gezhi demo seed` fills an empty home; `gezhi demo work --url URL` acts over HTTP as the demo's staff.
"""

from __future__ import annotations

import argparse

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Conflict, register

register(
    "demo.not_empty",
    409,
    _("这里已经有人员了，没有装入演示数据。"),
    _("演示数据只装进空的环境，不和真实数据混在一起。"),
    _("请换一个空的 GEZHI_HOME 再装。"),
)
register(
    "demo.half",
    409,
    _("演示数据上次没有装完，没有接着装。"),
    _("装到一半停了：人和事不全，演示时钟还停在过去。"),
    _("这里只有演示数据：请删掉这个 GEZHI_HOME（用 PostgreSQL 的换一个空库）再装；不要演示数据就设 GEZHI_DEMO=0。"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from gezhi.interfaces.commands import demo_work

    inner = parser.add_subparsers(dest="what", required=True)
    inner.add_parser("seed", help="fill an empty home with the demo county")
    demo_work.add_arguments(inner.add_parser("work", help="let synthetic staff handle what is open, over HTTP"))


def run(args: argparse.Namespace) -> int:
    if args.what == "seed":
        from gezhi.interfaces.jobs import steps

        steps.migrate()  # an empty home has no tables yet
        seed()
        return 0
    from gezhi.interfaces.commands import demo_work

    return demo_work.work(args)


def seed() -> None:
    """Install the packs and fill this empty home. Raises Conflict demo.not_empty, demo.half."""
    from gezhi.foundation.people.models import Person
    from gezhi.interfaces.demo import seed as filling

    if filling.half_done():
        raise Conflict("demo.half")
    if Person.objects.exists():
        raise Conflict("demo.not_empty")
    filling.fill()
