"""Write what pack files lay down now into tests/mechanisms/laid_down/, so that `git diff` shows what was changed on purpose.

    python -m tools.laid_down packs/songxi/duties/screening.yaml …           files that have a section there
    python -m tools.laid_down --mechanism M058 packs/songxi/registers/x.yaml a new section, for a file that carries a mechanism
    python -m tools.laid_down --all                                         every section; exit code 1 when any had to be changed
    python -m tools.laid_down --missing                                     a section for each file that a marked test names and that has none

Read the diff before it is committed: the lines are what the newspaper page asks for, not what a file happens to say.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tools.mechanisms import Collected
from tools.mutating import marked

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the sections; 1 when one of them changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--missing", action="store_true")
    parser.add_argument("--mechanism", action="append", default=[])
    given = parser.parse_args(arguments)

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    import django

    django.setup()
    from gezhi.foundation import packs
    from tests.mechanisms.laid_down import Section, sections, write

    known = sections()
    changed = []
    carry = _carried() if given.missing else {}
    for file in [*given.files, *(sorted(known) if given.all else ()), *sorted(carry.keys() - known)]:
        before = known.get(file)
        mechanisms = tuple(given.mechanism) or carry.get(file) or (before.mechanisms if before else ())
        if not mechanisms:
            parser.error(f"which mechanism does {file} carry? --mechanism M…")
        pack = packs.load(ROOT / "packs" / file.split("/")[1])
        item = next((one for one in pack.items if f"packs/{one.file}" == file), None)
        if item is None:
            parser.error(f"no such document: {file}")
        known[file] = Section(mechanisms, tuple(packs.statements(item.body)))
        if known[file] != before:
            changed.append(file)
    write(known)
    print("\n".join(changed) or "nothing changed")
    return 1 if changed else 0


def _carried() -> dict[str, tuple[str, ...]]:
    """file -> the mechanisms whose tests name it; collected and not run."""
    collected = Collected()
    with redirect_stdout(io.StringIO()):
        pytest.main(
            [*marked(ROOT), "-m", "mechanism", "-p", "no:cacheprovider", "--collect-only", "-q"], plugins=[collected]
        )
    found: dict[str, set[str]] = defaultdict(set)
    for id, tests in collected.claims.items():
        for _test, file in tests:
            if file.startswith("packs/") and file.endswith(".yaml"):
                found[file].add(id)
    return {file: tuple(sorted(ids)) for file, ids in found.items()}


if __name__ == "__main__":
    sys.exit(main())
