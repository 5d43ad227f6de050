"""What left the house as a file or on paper: who took it, what it held, how many rows, when.

export = exports.log("cases.ledger", actor=actor, form="xlsx", rows=38, filter={"q": "路灯"})
exports.mark(export)       # the line that is printed across every page of it
exports.recent()           # for the auditor
"""

from gezhi.foundation.late import late

# Modules that need tables are loaded on first use.
_LATE = {"Made": "taking", "log": "taking", "mark": "taking", "recent": "taking", "titled": "taking"}

__all__ = list(_LATE)

_find = late(__name__, _LATE)


def __getattr__(name: str):
    return _find(name)
