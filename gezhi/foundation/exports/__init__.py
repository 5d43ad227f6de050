"""What left the house as a file or on paper: who took it, what it held, how many rows, when.

export = exports.log("cases.ledger", actor=actor, form="xlsx", rows=38, filter={"q": "路灯"})
exports.mark(export)       # the line that is printed across every page of it
exports.recent()           # for the auditor
"""

from importlib import import_module

# Modules that need tables are loaded on first use.
_LATE = {"Made": "taking", "log": "taking", "mark": "taking", "recent": "taking", "titled": "taking"}

__all__ = list(_LATE)


def __getattr__(name: str):
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
