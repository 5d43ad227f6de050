"""Packs written on the spot, and the shipped ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

PACK = """\
pack: {name}
version: 1
title: {{zh: 试验包, en: Trial}}
"""


@pytest.fixture
def write_pack(tmp_path):
    """`write_pack("hill", {"limits.yaml": "..."})` -> its folder; a pack.yaml is added unless given."""

    def write(name: str, files: dict[str, str] | None = None) -> Path:
        folder = tmp_path / name
        for path, text in {"pack.yaml": PACK.format(name=name), **(files or {})}.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def shipped() -> Path:
    """The folder of the packs in the repository."""
    return Path(settings.ROOT) / "packs"
