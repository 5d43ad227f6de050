"""Refuse incomplete or broken English: every Chinese sentence of the source has a checked translation.

The source is read again with xgettext's Django front end into a scratch folder and compared with the
catalogue in git, so a sentence added without its translation is found. The compiled catalogue is in git
as well, because a fresh machine has no gettext; `python tools/translations.py --compile` makes it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = Path("gezhi/interfaces/site/locale/en/LC_MESSAGES/django.po")


def extracted() -> set[str]:
    """Every msgid in the source, read from a scratch copy so that the checkout stays as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "src")
        shutil.copytree(ROOT / "gezhi", copy / "gezhi", ignore=shutil.ignore_patterns("__pycache__", "locale"))
        (copy / "locale").mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("DJANGO_SETTINGS_MODULE", None)  # makemessages then keeps to the folder it stands in
        subprocess.run(
            [sys.executable, "-m", "django", "makemessages", "-l", "en", "--no-obsolete", "--no-location"],
            cwd=copy,
            env=environment,
            check=True,
            capture_output=True,
        )
        return {entry.msgid for entry in polib.pofile(str(copy / "locale/en/LC_MESSAGES/django.po"))}


def problems() -> list[str]:
    """In words, what is wrong with the catalogue."""
    subprocess.run(["msgfmt", "--check", "--output-file=/dev/null", str(ROOT / CATALOGUE)], check=True)
    catalogue = polib.pofile(str(ROOT / CATALOGUE))
    found = [f"untranslated: {entry.msgid}" for entry in catalogue.untranslated_entries()]
    found += [f"fuzzy: {entry.msgid}" for entry in catalogue.fuzzy_entries()]
    translated = {entry.msgid for entry in catalogue if not entry.obsolete}
    found += [f"not in the catalogue: {msgid}" for msgid in sorted(extracted() - translated)]
    if compiled(catalogue) != compiled(polib.mofile(str(ROOT / CATALOGUE.with_suffix(".mo")))):
        found.append("django.mo is older than django.po: python tools/translations.py --compile")
    return found


def compiled(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], tuple[str, ...]]:
    """What a program reads from a catalogue: (context, msgid) -> its translation or plural forms."""
    return {
        (entry.msgctxt, entry.msgid): tuple(entry.msgstr_plural.values()) or (entry.msgstr,)
        for entry in catalogue
        if not entry.obsolete and not entry.fuzzy and (entry.msgstr or entry.msgstr_plural)
    }


if __name__ == "__main__":
    if "--compile" in sys.argv:
        polib.pofile(str(ROOT / CATALOGUE)).save_as_mofile(str(ROOT / CATALOGUE.with_suffix(".mo")))
    found = problems()
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)
