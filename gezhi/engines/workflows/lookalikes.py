"""References written with letters that only look like others: the role a reader sees must be the role that is meant.

What is named here is looked at where it is named (proof_names); this looks at what points to it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from gezhi.engines.workflows.proof_parts import _
from gezhi.foundation.packs.reading import Context

#: Keys whose value names something else: a post, a stage, a field, another workflow.
NAMING = frozenset(
    {"post", "case", "above", "to", "open", "exhausted", "start", "then", "join", "of", "workflow", "assign", "counter",
     "moves_to", "id", "type", "kind", "phase", "outcome", "effect", "use", "key"}
)  # fmt: skip
LISTED = frozenset({"by", "unlike", "from", "stamp", "public", "counts", "kinds"})
MOST = 20


def check(node: Any, context: Context) -> None:
    """Note every reference that holds a letter of another script than it seems to."""
    found = 0
    for holder, key, text in _references(node):
        odd = next((char for char in text if suspicious(char)), None)
        if odd is not None and found < MOST:
            found += 1
            context.problem(
                holder, key, "flow.lookalike",
                _("“{name}”里的“{char}”看着像别的字母，其实是 {what}，请重新写这个名字"),
                name=text[:60], char=odd, what=f"U+{ord(odd):04X} {unicodedata.name(odd, '')}".strip(),
            )  # fmt: skip


def suspicious(char: str) -> bool:
    """A letter or mark that is neither plain Latin nor Chinese: Cyrillic, Greek, full-width, invisible ..."""
    if char.isascii() or "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char in "〇·（）《》、":
        return False
    return unicodedata.category(char)[0] in "LMCNSZ"


def _references(node: Any) -> Iterator[tuple[Any, Any, str]]:
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            for key, value in here.items():
                if key in NAMING and isinstance(value, str):
                    yield here, key, value
                if key in LISTED and isinstance(value, list | tuple):
                    yield from ((value, n, v) for n, v in enumerate(value) if isinstance(v, str))
                waiting.append(value)
        elif isinstance(here, list | tuple):
            waiting.extend(here)
