"""Who may see what a notice is about: asked when it is made, and once more at the moment it is sent or shown.

The room knows no case; whoever owns a kind of stream says who sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

# (stream, person) -> may see; person None = the chat of a group, whose members nobody knows.
Asked = tuple[str, int | None]
Guard = Callable[[Collection[Asked]], set[Asked]]
_GUARDS: dict[str, Guard] = {}


def guard(prefix: str) -> Callable[[Guard], Guard]:
    """Register who may see streams that begin with `prefix:`; the function gets pairs and returns those allowed."""

    def take(function: Guard) -> Guard:
        _GUARDS[prefix] = function
        return function

    return take


def allowed(asked: Collection[Asked]) -> set[Asked]:
    """Those of the pairs that may be told. A stream nobody answers for is told to nobody."""
    found: set[Asked] = set()
    for prefix in {stream.partition(":")[0] for stream, _person in asked}:
        may = _GUARDS.get(prefix)
        if may is not None:
            found |= may([pair for pair in asked if pair[0].partition(":")[0] == prefix])
    return found


@guard("gateway")
def _no_matter(asked: Collection[Asked]) -> set[Asked]:
    """A trial message is about no matter: whoever sent it to themselves, or to a group, may read it."""
    return set(asked)
