"""Refuse incomplete or broken English: every Chinese sentence of the source has a checked translation.

The source is read again with xgettext's Django front end into a scratch folder and compared with the
catalogue in git, so a sentence added without its translation is found. The compiled catalogue is in git
as well, because a fresh machine has no gettext.

    python tools/translations.py            what is wrong, in words; 1 when anything is
    python tools/translations.py --update   new sentences go into django.po, untranslated; unused ones leave it
    python tools/translations.py --compile  django.mo from django.po
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[1]
CATALOGUE = ROOT / "gezhi/interfaces/site/locale/en/LC_MESSAGES/django.po"
COMPILED = CATALOGUE.with_suffix(".mo")
HEADER = {
    "Project-Id-Version": "gezhi",
    "Language": "en",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=2; plural=(n != 1);",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+[^{}]*\}")

Key = tuple[str | None, str]


def key(entry: polib.POEntry | polib.MOEntry) -> Key:
    """What tells one sentence from another: (context, msgid)."""
    return entry.msgctxt, entry.msgid


def forms(entry: polib.POEntry | polib.MOEntry) -> tuple[str, ...]:
    """The translation, or its plural forms in order."""
    return tuple(entry.msgstr_plural[n] for n in sorted(entry.msgstr_plural)) or (entry.msgstr,)


def extracted() -> polib.POFile:
    """Every sentence of the source, read from a scratch copy so that the checkout stays as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch, "src")
        shutil.copytree(ROOT / "gezhi", copy / "gezhi", ignore=shutil.ignore_patterns("__pycache__", "locale"))
        (copy / "locale").mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        environment.pop("DJANGO_SETTINGS_MODULE", None)  # makemessages then keeps to the folder it stands in
        subprocess.run(
            [sys.executable, "-m", "django", "makemessages", "-l", "en", "--no-obsolete", "--add-location", "file"],
            cwd=copy,
            env=environment,
            check=True,
            capture_output=True,
        )
        return polib.pofile(str(copy / "locale/en/LC_MESSAGES/django.po"))


def update() -> None:
    """Bring the catalogue to the sentences of the source, keeping every translation that still has its sentence."""
    known = {key(entry): entry for entry in polib.pofile(str(CATALOGUE))} if CATALOGUE.exists() else {}
    fresh = polib.POFile(wrapwidth=120)
    fresh.metadata = HEADER
    for entry in extracted():
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        before = known.get(key(entry))
        if before is not None and bool(before.msgid_plural) == bool(entry.msgid_plural):
            entry.msgstr, entry.msgstr_plural = before.msgstr, before.msgstr_plural
        fresh.append(entry)
    fresh.save(str(CATALOGUE))


def problems() -> list[str]:
    """In words, what is wrong with the catalogue."""
    subprocess.run(
        ["msgfmt", "--check-format", "--check-domain", "--output-file=/dev/null", str(CATALOGUE)], check=True
    )
    catalogue = polib.pofile(str(CATALOGUE))
    found = [f"untranslated: {entry.msgid}" for entry in catalogue.untranslated_entries()]
    found += [f"fuzzy: {entry.msgid}" for entry in catalogue.fuzzy_entries()]
    for entry in catalogue:
        found += [f"not the same placeholders: {entry.msgid} → {text}" for text in forms(entry) if _lost(entry, text)]
    have, need = {key(entry) for entry in catalogue if not entry.obsolete}, {key(entry) for entry in extracted()}
    found += [f"not in the catalogue (--update adds it): {msgid}" for _context, msgid in sorted(need - have, key=str)]
    found += [f"no longer in the source (--update drops it): {msgid}" for _c, msgid in sorted(have - need, key=str)]
    if not COMPILED.exists() or compiled(catalogue) != compiled(polib.mofile(str(COMPILED))):
        found.append("django.mo is older than django.po: python tools/translations.py --compile")
    return found + hidden()


def hidden() -> list[str]:
    """Modules that call gettext by a name of their own, which xgettext does not know: their sentences are not found."""
    found = []
    for path in sorted((ROOT / "gezhi").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
                names = [alias.asname for alias in node.names if alias.asname not in (None, "_")]
                found += [f"{path.relative_to(ROOT)}: sentences behind “{name}” are not extracted" for name in names]
    return found


def _lost(entry: polib.POEntry, text: str) -> bool:
    """True when a translation drops a fact of its sentence or asks for one that is not given."""
    return bool(text) and set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(entry.msgid))


def compiled(catalogue: polib.POFile | polib.MOFile) -> dict[Key, tuple[str, ...]]:
    """What a program reads from a catalogue: (context, msgid) -> its translation or plural forms."""
    # polib leaves fuzzy and obsolete entries out when it compiles; only a .po file has them.
    left_out = {key(e) for e in catalogue if isinstance(e, polib.POEntry) and (e.obsolete or "fuzzy" in e.flags)}
    entries = [entry for entry in catalogue if key(entry) not in left_out]
    return {key(entry): forms(entry) for entry in entries if any(forms(entry))}


if __name__ == "__main__":
    if "--update" in sys.argv:
        update()
    if "--compile" in sys.argv:
        polib.pofile(str(CATALOGUE)).save_as_mofile(str(COMPILED))
    found = problems()
    for line in found:
        print(line, file=sys.stderr)
    sys.exit(1 if found else 0)
