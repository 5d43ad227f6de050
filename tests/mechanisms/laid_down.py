"""What each covered file of a pack lays down, as it was read by a person: `laid_down/<pack>.txt`, one section a file.

## packs/yueshi-village/duties/monthly-health.yaml  M080
over: [register, village_elder]
…
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("laid_down")


class Section(NamedTuple):
    """The mechanisms that a file carries, and its lines."""

    mechanisms: tuple[str, ...]
    lines: tuple[str, ...]


def sections() -> dict[str, Section]:
    """file -> its section, of all packs."""
    found: dict[str, Section] = {}
    for text in sorted(FOLDER.glob("*.txt")):
        for part in text.read_text(encoding="utf-8").split("## ")[1:]:
            head, *lines = part.strip().splitlines()
            file, *mechanisms = head.split()
            assert file not in found, f"two sections for {file}"
            found[file] = Section(tuple(mechanisms), tuple(lines))
    return found


def write(known: dict[str, Section]) -> None:
    """Put all sections into the files of their packs."""
    FOLDER.mkdir(exist_ok=True)
    for pack in sorted({file.split("/")[1] for file in known}):
        parts = [
            "\n".join([f"## {file}  {' '.join(known[file].mechanisms)}", *known[file].lines])
            for file in sorted(known)
            if file.split("/")[1] == pack
        ]
        (FOLDER / f"{pack}.txt").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
