"""Write docs/adr/README.md and docs/rules/README.md: every page under its own title. A test compares."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEADS = {
    "adr": """# Decisions

One page for each surprising choice: context, decision, consequence. A decision is not rewritten; a later one names it.
Numbers come in tens by room: 00 database and processes, 01 events, 02 calendar and places, 03 people, 04 language,
05 search, photos and the API, 06 portal, 07 desk and figures. Made by `python tools/indexes.py`.
""",
    "rules": """# Rules

One page for each algorithm, with worked examples. Made by `python tools/indexes.py`.
""",
}


def index(folder: str) -> str:
    """The index page of `docs/<folder>`."""
    pages = sorted(path for path in (DOCS / folder).glob("*.md") if path.name != "README.md")
    titles = [(path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# "), path.name) for path in pages]
    return HEADS[folder] + "\n" + "".join(f"- [{title}]({name})\n" for title, name in titles)


if __name__ == "__main__":
    for folder in HEADS:
        (DOCS / folder / "README.md").write_text(index(folder), encoding="utf-8")
