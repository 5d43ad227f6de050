"""What the documents promise is there: rooms and their doors, settings, commands, checks, metrics, decisions, rules."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

import gezhi
from gezhi.foundation.measures import METRICS
from gezhi.interfaces import commands

ROOT = Path(settings.ROOT)
DOCS = ROOT / "docs"
SPAN = re.compile(r"`([^`]+)`")
# Set by the supervisor for its own children; nobody sets it by hand.
INTERNAL = {"GEZHI_DIE_WITH_PARENT"}


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def rooms() -> list[str]:
    """Dotted names of the rooms: every package one level below a layer."""
    layers = [gezhi.__path__[0] + "/" + name for name in ("foundation", "engines", "interfaces")]
    return [
        f"gezhi.{Path(layer).name}.{module.name}"
        for layer in layers
        for module in pkgutil.iter_modules([layer])
        if module.ispkg
    ]


def leads_somewhere(room: str, door: str) -> bool:
    """True when `a.b` is a name of the room, or a name in one of its modules."""
    at = importlib.import_module(room)
    name = room
    for step in door.split("."):
        if not hasattr(at, step):
            try:
                at = importlib.import_module(f"{name}.{step}")
            except ModuleNotFoundError:
                return False
        else:
            at = getattr(at, step)
        name = f"{name}.{step}"
    return True


@pytest.mark.parametrize("room", rooms())
def test_each_room_says_its_purpose_its_doors_and_its_tables(room):
    readme = read(room.replace(".", "/") + "/README.md")
    purpose, doors = readme.split("**Doors**")
    assert len(purpose.split("\n\n", 1)[1].strip()) > 60
    named = SPAN.findall(doors.split("**Tables**")[0].split("**Rules")[0])
    assert named
    assert [door for door in named if not leads_somewhere(room, door)] == []


def test_each_table_is_named_by_its_room():
    for model in apps.get_models():
        module = model.__module__
        if module.startswith("gezhi."):
            room = re.sub(r"\.(\w+_)?models$", "", module).replace(".", "/")
            assert f"`{model.__name__}`" in read(f"{room}/README.md"), model


@pytest.mark.parametrize("folder", ["adr", "rules"])
def test_each_decision_and_rule_stands_in_the_index_under_its_own_title(folder):
    index = read(f"docs/{folder}/README.md")
    lines = dict(re.findall(r"^- \[(.+)\]\(([^)]+\.md)\)", index, re.MULTILINE))
    listed = {path: title for title, path in lines.items()}
    found = {
        path.name: path.read_text(encoding="utf-8").split("\n", 1)[0].removeprefix("# ")
        for path in (DOCS / folder).glob("*.md")
        if path.name != "README.md"
    }
    assert listed == found


def test_decisions_have_numbers_of_their_own():
    numbers = [path.name[:4] for path in (DOCS / "adr").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers))


def settings_read() -> set[str]:
    """Every GEZHI_… name that the product reads from the environment, and PORT."""
    found = set()
    for path in (ROOT / "gezhi").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(
            re.findall(
                r"(?:environ(?:\.get\(|\[)|getenv\(|_setting\(|_number\(|_list\(|env\()\s*\"(GEZHI_\w+|PORT)\"", text
            )
        )
    return found


def test_every_setting_is_documented_and_every_documented_one_is_read():
    documented = set(re.findall(r"`(GEZHI_[A-Z_]+|PORT)`", read("docs/operate.md").split("## Before production")[0]))
    assert len(settings_read()) > 10
    assert settings_read() - INTERNAL - documented == set()
    everything = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "gezhi").rglob("*.py"))
    assert {name for name in documented if f'"{name}"' not in everything} == set()


def test_every_start_up_check_is_documented():
    everything = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "gezhi").rglob("*.py"))
    ids = set(re.findall(r"\"(gezhi\.[EW]\d{3})\"", everything))
    assert ids
    assert ids == set(re.findall(r"gezhi\.[EW]\d{3}", read("docs/operate.md")))


def subcommands() -> list[str]:
    names = [module.name for module in pkgutil.iter_modules(commands.__path__)]
    return [
        name
        for name in names
        if hasattr(importlib.import_module(f"{commands.__name__}.{name}"), "run") and name != "main"
    ]


@pytest.mark.parametrize("name", subcommands())
def test_every_command_is_documented_and_says_what_it_does(name):
    assert f"`gezhi {name}" in read("docs/operate.md").split("## Commands")[1]
    module = importlib.import_module(f"{commands.__name__}.{name}")
    assert re.match(r"[A-Z][^\u4e00-\u9fff]{15,}", module.__doc__ or "")
    assert hasattr(module, "add_arguments")


def test_every_metric_is_documented():
    page = read("docs/rules/measures.md")
    assert [id for id in METRICS if f"`{id}`" not in page] == []


def test_documents_that_are_pointed_at_exist():
    """In code, documents and READMEs: `docs/…md` and ADR numbers."""
    numbers = {path.name[:4] for path in (DOCS / "adr").glob("[0-9]*.md")}
    missing = set()
    for path in [
        *(ROOT / "gezhi").rglob("*.py"),
        *(ROOT / "gezhi").rglob("README.md"),
        *DOCS.rglob("*.md"),
        *ROOT.glob("*.md"),
    ]:
        text = path.read_text(encoding="utf-8")
        missing |= {
            f"{path.name}: {name}" for name in re.findall(r"docs/[\w/-]+\.md", text) if not (ROOT / name).exists()
        }
        missing |= {f"{path.name}: ADR {n}" for n in re.findall(r"(?:ADR |docs/adr/)(\d{4})", text) if n not in numbers}
        if path.suffix == ".md":
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
                if not (path.parent / target).exists():
                    missing.add(f"{path.name}: {target}")
    assert missing == set()
