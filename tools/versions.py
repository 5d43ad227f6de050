"""Whether a version of a shipped document still says what it said: a home that has it keeps what it has, and stops at another.

    python -m tools.versions            exit code 1, in words, for every document that changed under its version or is not written down
    python -m tools.versions --write    write new versions down in packs/versions.txt; what stands there is never replaced

A line is `pack kind.name version digest`. A version that no release has carried yet may be struck out by hand and written again.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "packs" / "versions.txt"

#: (pack, kind.name, version) -> the first twelve digits of the body's digest
Versions = dict[tuple[str, str, int], str]


def shipped(root: Path = ROOT / "packs") -> Versions:
    """Every document of the packs in `root`, as its reader accepts it. Raises Flawed when one has a flaw."""
    from gezhi.foundation import packs

    found: Versions = {}
    for head in sorted(root.glob("*/pack.yaml")):
        pack = packs.load(head.parent)
        for item in pack.items:
            found[pack.name, f"{item.kind}.{item.name}", item.version] = item.hash[:12]
    return found


def kept(file: Path = KEPT) -> Versions:
    """What is written down."""
    lines = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
    parts = [line.split() for line in lines if line.strip()]
    return {(pack, name, int(version)): digest for pack, name, version, digest in parts}


def differences(now: Versions, before: Versions) -> tuple[list[str], list[str]]:
    """(what says something else under the same version, what is not written down), each in words."""
    changed = [
        f"packs/{pack}: {name} version {version} says something else than it did. A home that has version {version} keeps "
        f"the old words and refuses the new: raise the version in its file, then python -m tools.versions --write"
        for (pack, name, version), digest in sorted(now.items())
        if before.get((pack, name, version), digest) != digest
    ]
    new = [f"packs/{pack}: {name} version {version} is not written down: python -m tools.versions --write"
           for pack, name, version in sorted(now.keys() - before.keys())]  # fmt: skip
    return changed, new


def main(arguments: Sequence[str]) -> int:
    """1 when something is to be done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    import django

    django.setup()
    now, before = shipped(), kept()
    changed, new = differences(now, before)
    if "--write" in arguments:
        lines = [
            f"{pack} {name} {version} {digest}" for (pack, name, version), digest in sorted((now | before).items())
        ]
        KEPT.write_text("\n".join(lines) + "\n", encoding="utf-8")
        new = []
    for words in (*changed, *new):
        print(words, file=sys.stderr)
    return 1 if changed or new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
