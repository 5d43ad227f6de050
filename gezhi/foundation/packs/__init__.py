"""Packs: local practice as data, read with line numbers, proved when loaded, pinned by hash (docs/packs.md).

`load(path) -> Pack`, `install(path, actor=...)`, `registry()`, `reader(kind)(fn)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .reading import Context, Located, localised, plain, read_yaml

if TYPE_CHECKING:
    from .loading import Pack, load, reader
    from .installed import Registry, install, registry

# The registry needs the app's table, so it is looked up when it is first asked for.
_LATE = {"Pack": "loading", "load": "loading", "reader": "loading", "Registry": "installed", "install": "installed", "registry": "installed"}


def __getattr__(name: str) -> Any:
    if name in _LATE:
        from importlib import import_module

        value = getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Context", "Located", "Pack", "Registry", "install", "load", "localised", "plain", "read_yaml", "reader",
    "registry",
]  # fmt: skip
