"""The made-up workflow `joint`, installed beside the standard pack, and short ways through it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from unittest import mock

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.foundation import packs, people
from gezhi.foundation.packs import installed
from tests.world import PACKS, World, read_once

HERE = Path(__file__).parent


@cache
def folder() -> Path:
    """A pack of its own, so that it is read and proved as any other."""
    pack = Path(mkdtemp()) / "joint"
    (pack / "workflows").mkdir(parents=True)
    (pack.parent / "standard-county").symlink_to(PACKS / "standard-county")
    (pack / "pack.yaml").write_text(
        "pack: joint\nversion: 1\ntitle: {zh: 试验, en: Trial}\nuses: [standard-county]\n", encoding="utf-8"
    )
    for name in ("joint", "look_once"):
        (pack / "workflows" / f"{name}.yaml").write_text((HERE / f"{name}.yaml").read_text("utf-8"), encoding="utf-8")
    return pack


def install(world: World) -> None:
    """Install it in this database."""
    with mock.patch.object(installed, "load", read_once):
        packs.install(folder(), actor=people.system("test"))


def items(case: Case, **where: object) -> list[WorkItem]:
    return list(WorkItem.objects.filter(case_id=case.id, **where).order_by("number"))


def open_items(case: Case) -> dict[str, WorkItem]:
    """Open main items by branch."""
    return {i.branch: i for i in items(case, state=OPEN, side=False)}


def side(case: Case) -> WorkItem:
    return WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)


def together(world: World, *assisting: str) -> Case:
    """A case that 马东's unit leads and the named seats assist in."""
    case = world.open(workflow="joint")
    return world.do(case, "spread", "赵兰", unit=world.seats["city"], units=[world.seats[name] for name in assisting])


def at_sign(world: World) -> Case:
    case = together(world, "power")
    world.do(case, "done", "陈军", item=open_items(case)["together:assist#1"].number)
    return world.do(case, "done", "马东", item=open_items(case)["together:lead"].number)


def tick() -> None:
    while ticking.tick():
        pass
