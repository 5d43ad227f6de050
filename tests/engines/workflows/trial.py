"""A made-up workflow with a secret vote of seats and a drawn owner, in a small county."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from unittest import mock

from gezhi.foundation import packs, people
from gezhi.foundation.packs import installed
from tests.world import PACKS, World, read_once

POSTS = """\
posts:
  - {code: judge, title: {zh: 评委, en: Judge}, level: village, powers: [], falls_to: village_secretary}
"""


@cache
def folder() -> Path:
    """A pack of its own, so that it is read and proved as any other."""
    pack = Path(mkdtemp()) / "trial"
    (pack / "workflows").mkdir(parents=True)
    (pack.parent / "standard-county").symlink_to(PACKS / "standard-county")
    (pack / "pack.yaml").write_text(
        "pack: trial\nversion: 1\ntitle: {zh: 试验, en: Trial}\nuses: [standard-county]\n", "utf-8"
    )
    (pack / "posts.yaml").write_text(POSTS, "utf-8")
    (pack / "workflows" / "trial.yaml").write_text(Path(__file__).with_name("trial.yaml").read_text("utf-8"), "utf-8")
    return pack


def world() -> World:
    """The small county with the pack and four seats of judges, one of them vacant."""
    made = World()
    with mock.patch.object(installed, "load", read_once):
        packs.install(folder(), actor=people.system("test"))
    for name in packs.registry().names("posts"):
        people.sync_posts(packs.registry().body("posts", name))
    made.judges = {n: made.seat("judge", "lake", n, label=n) for n in ("评委甲", "评委乙", "评委丙")}
    made.judges["空席"] = made.seat("judge", "lake", label="空席")
    return made
