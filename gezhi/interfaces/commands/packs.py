"""Check a work pack (gezhi packs check PATH), say what it lays down, install packs, or list what is installed."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from django.utils.translation import gettext as _

from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed, Refusal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`check PATH…`, `show PATH…`, `install PATH…` or `list`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="check|show|install|list")
    check = actions.add_parser("check", help="read and prove packs without installing them")
    check.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    show = actions.add_parser("show", help="who, how much, how often, by when: what a pack or one file of it lays down")
    show.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    install = actions.add_parser("install", help="check packs and install their new versions")
    install.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    actions.add_parser("list", help="what is installed, with versions and hashes")


def run(args: argparse.Namespace) -> int:
    """0 when every pack is sound, 1 when any has a problem (all of them are printed)."""
    if args.action == "list":
        return _list()
    if args.action == "show":
        return max(_show(path.resolve()) for path in args.paths)
    return max(_one(path, install=args.action == "install") for path in args.paths)


def _one(path: Path, *, install: bool) -> int:
    # The name of the folder is the name of the pack, so "." has to be resolved first.
    pack = _read(path.resolve(), _install if install else packs.load)
    if pack is None:
        return 1
    counts = Counter(item.kind for item in pack.items)
    listed = "，".join(f"{kind} {count}" for kind, count in sorted(counts.items())) or "-"
    print(_("{name} 第 {version} 版：没有问题（{items}）").format(name=pack.name, version=pack.version, items=listed))
    return 0


def _show(path: Path) -> int:
    """Every document of a pack, or the one whose file was named, without the words that only show; two versions can be compared by diff."""
    folder = next((up for up in (path, *path.parents) if (up / "pack.yaml").is_file()), path)
    pack = _read(folder, packs.load)
    if pack is None:
        return 1
    wanted = path.relative_to(folder.parent).as_posix()
    shown = [item for item in pack.items if path == folder or item.file == wanted]
    for item in shown:
        print("\n".join([f"## packs/{item.file}", *packs.statements(item.body)]))
    return 0 if shown else 1


def _read(path: Path, how: Callable[[Path], packs.Pack]) -> packs.Pack | None:
    """The pack, or None when its problems were printed."""
    try:
        return how(path)
    except Flawed as flawed:
        for problem in flawed.problems:
            print(problem)
        print(_("{name}：{count} 处问题").format(name=path.name, count=len(flawed.problems)))
    except Refusal as refusal:
        print(f"{refusal.what} {refusal.why} {refusal.next}")
    return None


def _install(path: Path) -> packs.Pack:
    from gezhi.foundation import people

    return packs.install(path, actor=people.system("packs"))


def _list() -> int:
    for entry in packs.registry().entries():
        print(f"{entry.pack}  {entry.kind}  {entry.name}  v{entry.version}  {entry.hash[:12]}")
    return 0
