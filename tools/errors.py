"""Write docs/errors.md: every refusal the product can give, in both languages, from the catalogue in the code."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "errors.md"
HEAD = """# Refusals

Made by `python tools/errors.py` from the code; a test compares. A code never changes its meaning. What, why and
what next are said in the caller's language; words in braces are filled with facts of the case.

| code | HTTP | what · why · next |
|---|---|---|
"""


def page() -> str:
    """The whole page. Imports every module of the product, because each room registers its own."""
    import gezhi
    from gezhi.foundation.errors import ALL

    for module in pkgutil.walk_packages(gezhi.__path__, "gezhi."):
        if not module.name.endswith((".main", ".wsgi")) and ".migrations" not in module.name:
            importlib.import_module(module.name)
    return HEAD + "".join(_row(ALL[code]) for code in sorted(ALL))


def _row(entry) -> str:
    from django.utils import translation

    cells = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            words = " · ".join(str(part) for part in (entry.what, entry.why, entry.next) if str(part))
        cells.append(words.replace("|", "\\|").replace("\n", " "))
    return f"| `{entry.code}` | {entry.http} | {cells[0]}<br>{cells[1]} |\n"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    django.setup()
    PAGE.write_text(page(), encoding="utf-8")
