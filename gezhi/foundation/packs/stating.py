"""What a document of a pack lays down, line by line: who, how much, how often, by when, where it leads.

Pure: a body (JSON data, as its reader made it) in, lines out. Words that only show are left out (titles, hints, what a step says to
the resident), and so is whatever is absent, empty or false. A part that fits one line stays on one; a longer one is taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: Words for people, and how something looks.
WORDS = frozenset({
    "title", "title_zh", "title_en", "about", "says", "hint", "say", "note", "label", "headline", "words", "description", "why", "source",
    "key", "main", "phase", "warn", "position", "zh", "en",
})  # fmt: skip
#: Where keys are names that somebody gave, also when they read like one of the above: kept facts, actions, columns of a sheet.
NAMED = frozenset({"keep", "kept", "set", "updates", "sheet", "actions", "anytime", "stages", "counters", "posts"})
WIDTH = 130


def statements(body: Any, *, width: int = WIDTH) -> list[str]:
    """The lines of a body, in its own order: `path: value`, at most `width` characters where a part can still be taken apart."""
    return list(_lines((), _bare(body, ""), width))


def _lines(path: tuple[str, ...], value: Any, width: int) -> Iterator[str]:
    said = _compact(value)
    line = f"{'.'.join(path)}: {said}"
    if path and (len(line) <= width or not isinstance(value, Mapping | list) or _is_field(value)):
        yield line
        return
    parts = value.items() if isinstance(value, Mapping) else enumerate(value, start=1)
    for key, part in parts:
        yield from _lines((*path, str(key)), part, width)


def _bare(value: Any, under: str) -> Any:
    """The same without words and without what is absent; numbers stay, a zero too. `under`: the key that leads here."""
    if isinstance(value, Mapping):
        parts = {key: _bare(part, key) for key, part in value.items() if under in NAMED or not _shows(key, part)}
        return {key: part for key, part in parts.items() if not _absent(part) or _names(value)}
    if isinstance(value, list | tuple):
        return [_bare(part, under if isinstance(part, list | tuple) else "") for part in value]
    return value


def _shows(key: str, part: Any) -> bool:
    return key in WORDS and (not isinstance(part, Mapping) or part.keys() <= {"zh", "en"})


def _names(value: Mapping[str, Any]) -> bool:
    """Whether the keys themselves are what is laid down: grounds, choices, each with nothing but its title."""
    return bool(value) and all(
        isinstance(part, Mapping) and set(part) <= {"zh", "en", "title"} for part in value.values()
    )


def _absent(value: Any) -> bool:
    return value is None or value is False or (not isinstance(value, int) and not value)


def _is_field(value: Any) -> bool:
    return isinstance(value, Mapping) and {"id", "type"} <= value.keys()


def _field(value: Mapping[str, Any]) -> str:
    """A field of a form: `pulse* number 40..180 sensitive`; the star says that it has to be filled in."""
    said = [f"{value['id']}{'*' if value.get('required') is True else ''}", str(value["type"])]
    if "choices" in value:
        said[1] += f"({'|'.join(str(one['value'] if isinstance(one, Mapping) else one) for one in value['choices'])})"
    if "min" in value or "max" in value:
        said.append(f"{value.get('min', '')}..{value.get('max', '')}")
    for key, part in value.items():
        if key not in ("id", "type", "choices", "min", "max") and not (key == "required" and part is True):
            said.append(key if part is True else f"{key}: {_compact(part)}")
    return " ".join(said)


def _compact(value: Any) -> str:
    if isinstance(value, Mapping):
        if _is_field(value):
            return _field(value)
        if value and all(_absent(part) for part in value.values()):
            return f"{{{', '.join(map(str, value))}}}"
        return f"{{{', '.join(f'{key}: {_compact(part)}' for key, part in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_compact, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
