"""Packs: local practice as data, read with line numbers, proved when loaded, pinned by hash (docs/packs.md).

`load(path) -> Pack`, `install(path, actor=...)`, `registry()`, `reader(kind)(fn)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .reading import Context, Located, localised, plain, read_yaml
from .stating import statements

if TYPE_CHECKING:
    from .categories import Catalogue, Category, Suggestion
    from .installed import OWN, OWN_FROM, Entry, Registry, install, on_install, own_number, publish, registry
    from .loading import Item, Pack, body_hash, load, reader, whole
    from .typed import Typed

# The registry needs the app's table, so it is looked up when it is first asked for.
_LATE = {
    "Catalogue": "categories", "Category": "categories", "Suggestion": "categories",
    "Item": "loading", "Pack": "loading", "load": "loading", "reader": "loading", "body_hash": "loading",
    "whole": "loading",
    "Entry": "installed", "Registry": "installed", "install": "installed", "on_install": "installed",
    "registry": "installed", "Typed": "typed", "publish": "installed", "own_number": "installed", "OWN": "installed",
    "OWN_FROM": "installed",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def suggest_category(text: str, *, limit: int = 3) -> list[Suggestion]:
    """[(code, score, ((word, start, end), …)), …] for a resident's text: what the installed packs' hint words say."""
    from .installed import registry as installed

    return installed().categories.suggest(text, limit=limit)


# What a {"zh", "en"} title says in the active language; short, because every face says it often.
say = localised

__all__ = [
    "OWN", "OWN_FROM", "Catalogue", "Category", "Context", "Entry", "Item", "Located", "Pack", "Registry", "Suggestion", "Typed", "body_hash",
    "install", "load", "localised", "on_install", "own_number", "plain", "publish", "read_yaml", "reader", "registry", "say",
    "statements", "suggest_category", "whole",
]  # fmt: skip
