"""The library: methods that are installed, and those of packs that lie with this build and could be taken up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from gezhi.engines.workflows.methods import reading
from gezhi.foundation import packs
from gezhi.foundation.errors import Flawed, NotFound, Problem
from gezhi.foundation.packs.reading import Context, read_yaml

_HEAD = re.compile(r"^(workflow|title|about):[ \t]*(.*(?:\n[ ]+.*)*)", re.MULTILINE)
_BOTH = {"zh": re.compile(r"zh:\s*(?:\"([^\"]*)\"|'([^']*)'|([^,}\n]*))"), "en": re.compile(r"en:\s*(?:\"([^\"]*)\"|'([^']*)'|([^}\n]*))")}  # fmt: skip


@dataclass(frozen=True)
class Shipped:
    """A method that is not installed here. Titles {"zh", "en"}; `source`: the page it comes from, as its pack says."""

    pack: str
    name: str
    title: dict[str, str]
    about: dict[str, str]
    pack_title: dict[str, str]
    source: str
    file: Path


_seen: dict[Path, tuple[float, dict[str, Any]]] = {}


def shipped() -> list[Shipped]:
    """Methods of the packs beside this build that no installed pack has. Only the heads of the files are read."""
    installed = set(packs.registry().names("workflow"))
    found: dict[str, Shipped] = {}
    for folder in (
        f for root in settings.GEZHI_PACKS for f in sorted(Path(root).glob("*")) if (f / "pack.yaml").is_file()
    ):
        head = _head(folder / "pack.yaml")
        for file in sorted((folder / "workflows").glob("*.yaml")):
            known = _head(file)
            name = known.get("workflow", {}).get("zh", "") or file.stem
            if name not in installed and name not in found:
                found[name] = Shipped(
                    folder.name, name, known.get("title", {}), known.get("about", {}), head.get("title", {}),
                    head.get("source", {}).get("zh", ""), file,
                )  # fmt: skip
    return sorted(found.values(), key=lambda one: (one.pack, one.name))


def document(pack: str, name: str) -> dict[str, Any]:
    """The document of a shipped method as data. Raises NotFound, Flawed (it cannot even be read)."""
    one = next((s for s in shipped() if (s.pack, s.name) == (pack, name)), None)
    if one is None:
        raise NotFound("pack.not_installed", kind="workflow", name=name)
    context = Context(f"{pack}/workflows/{one.file.name}")
    node = read_yaml(one.file.read_text(encoding="utf-8-sig"), context)
    if not isinstance(node, dict):
        raise Flawed(context.problems or [Problem(context.file, 1, "pack.yaml", "?")])
    made: dict[str, Any] = reading.as_data(node)
    return {**made, "version": 1}


def source_of(pack: str) -> tuple[dict[str, str], str]:
    """(title of a pack, where it comes from: "seeds/000") as its pack.yaml beside this build says; empty when unknown."""
    for root in settings.GEZHI_PACKS:
        file = Path(root) / pack / "pack.yaml"
        if file.is_file():
            head = _head(file)
            return head.get("title", {}), head.get("source", {}).get("zh", "")
    return {}, ""


def _head(file: Path) -> dict[str, Any]:
    """workflow, title, about (and source) of a file by its first lines; a page must not wait for sixty files to be parsed."""
    stamp = file.stat().st_mtime
    known = _seen.get(file)
    if known is not None and known[0] == stamp:
        return known[1]
    text = file.read_text(encoding="utf-8-sig")[:4_000].partition("\nstages:")[0]
    found: dict[str, Any] = {key: _both(value) for key, value in _HEAD.findall(text)}
    if source := re.search(r"^source:[ \t]*(\S+)", text, re.MULTILINE):
        found["source"] = {"zh": source[1]}
    _seen[file] = (stamp, found)
    return found


def _both(value: str) -> dict[str, str]:
    if "zh:" not in value:
        return {"zh": value.strip().strip("\"'"), "en": ""}
    made = {}
    for language, pattern in _BOTH.items():
        hit = pattern.search(value)
        made[language] = next((part.strip() for part in hit.groups() if part is not None), "") if hit else ""
    return made
