"""Rebuild the icon sprite from a folder of Tabler Icons (outline, MIT).

    python tools/sprite.py PATH/TO/icons/outline

Only the icons named here are taken, each as one <symbol>. Pages show them with
`{% icon "camera" %}`; a test checks that every name used in a template is in the sprite.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).resolve().parents[1] / "gezhi/interfaces/site/static/gezhi/icons.svg"
NAMES = (
    "alert-triangle", "antenna-bars-off", "arrow-back-up", "arrow-left", "arrow-right", "arrows-exchange",
    "bell", "building", "calendar", "camera", "chart-bar", "check", "checks", "chevron-down",
    "chevron-left", "chevron-right", "chevron-up", "circle-check", "circle-plus", "clock", "copy",
    "corner-up-left", "current-location", "device-mobile", "dots", "download", "external-link", "eye",
    "eye-off", "file-text", "filter", "flag", "gavel", "hand-stop", "history", "home", "inbox",
    "info-circle", "key", "language", "list", "lock", "login", "logout", "map", "map-pin", "menu-2",
    "message-2", "message-circle", "message-report", "pencil", "phone", "photo", "player-pause", "plus",
    "printer", "qrcode", "refresh", "route", "search", "send", "settings", "shield-check", "star",
    "thumb-down", "thumb-up", "trash", "upload", "user", "user-check", "users", "wifi-off", "x",
)  # fmt: skip


def symbol(name: str, source: str) -> str:
    """One <symbol>: the drawing of an icon file without its frame and its invisible background."""
    inner = re.search(r"<svg[^>]*>(.*)</svg>", source, re.S)
    if inner is None:
        raise SystemExit(f"{name}: not an SVG file")
    drawn = re.sub(r'<path stroke="none"[^>]*/>', "", inner.group(1))
    drawn = re.sub(r"\s+", " ", drawn).strip().replace("> <", "><").replace(" />", "/>")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{drawn}</symbol>'


def main(folder: str) -> None:
    symbols = [symbol(n, (Path(folder) / f"{n}.svg").read_text("utf-8")) for n in sorted(NAMES)]
    SPRITE.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Tabler Icons, MIT: vendor/tabler/LICENSE -->\n'
        + "\n".join(symbols)
        + "\n</svg>\n",
        "utf-8",
    )
    print(f"{len(symbols)} icons -> {SPRITE.name}")


if __name__ == "__main__":
    main(sys.argv[1])
