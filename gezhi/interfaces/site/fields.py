"""How a field of a declared form (`foundation.forms`) is drawn: which control, with which words.

A view gets its forms from `queries.possible`; nothing here decides what may be asked.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

SELECT_FROM = 7  # more choices than this become a drop-down list


def _get(node: Any, name: str, default: Any = None) -> Any:
    found = node.get(name) if isinstance(node, dict) else getattr(node, name, None)
    return default if found is None else found


def said(title: Any) -> str:
    """A `{zh, en}` title in the reader's language; plain text is returned as it is."""
    if isinstance(title, dict):
        english = (get_language() or "").startswith("en")
        return str((title.get("en") if english else None) or title.get("zh") or next(iter(title.values()), ""))
    return str(title or "")


def _choice(node: Any) -> tuple[str, str]:
    if isinstance(node, dict):
        value = node.get("value", node.get("id", node.get("code", "")))
        return str(value), said(node.get("title", value))
    if isinstance(node, (tuple, list)) and len(node) == 2:
        return str(node[0]), said(node[1])
    if hasattr(node, "id") and hasattr(node, "title"):
        return str(node.id), said(node.title)
    return str(node), str(node)


def picture(spec: Any, value: Any = None, error: str = "", prefix: str = "") -> dict[str, Any]:
    """What `gezhi/field.html` draws.

    `spec` is a form field or its schema node (`id title type required max choices help`); `prefix` keeps element ids
    apart when several forms stand on one page. Returns a dict with `kind` one of
    hidden truth choices select long_text photos line.
    """
    identity, kind = str(_get(spec, "id", "")), str(_get(spec, "type", "text"))
    options = [_choice(c) for c in _get(spec, "choices", ()) or ()]
    shown = "" if value is None else value
    drawn = {"truth": "truth", "long_text": "long_text", "photos": "photos", "hidden": "hidden"}.get(kind, "line")
    if options and kind not in ("truth", "photos"):
        drawn = "select" if len(options) > SELECT_FROM else "choices"
    control = {"number": ("text", "decimal"), "date": ("date", ""), "phone": ("tel", "tel")}.get(kind, ("text", ""))
    return {
        "kind": drawn,
        "id": f"{prefix}{identity}",
        "name": identity,
        "title": said(_get(spec, "title", identity)),
        "help": said(_get(spec, "help", "")),
        "placeholder": said(_get(spec, "example", "")),
        "required": bool(_get(spec, "required", False)),
        "max": _get(spec, "max", "") if kind in ("text", "long_text") else "",
        "value": shown,
        "error": str(error or ""),
        "input": control[0],
        "mode": control[1],
        "choices": [{"value": v, "title": t, "chosen": str(shown) == v} for v, t in options],
    }
