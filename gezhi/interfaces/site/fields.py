"""How a field of a declared form (`foundation.forms`) is drawn: which control, with which words.

A view gets its forms from `queries.possible`; nothing here decides what may be asked.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

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
    return str(node.value), said(node.label)


MANY = ("seats", "places")


def picture(
    spec: Any, value: Any = None, error: str = "", prefix: str = "", groups: Any = (), when: str = ""
) -> dict[str, Any]:
    """What `gezhi/field.html` draws.

    `spec` is a form field, or a mapping with `id title type required max choices help`; `prefix` keeps element ids
    apart when several forms stand on one page; `groups` [(title, choices)] is a grouped drop-down list; `when` JSON
    {field: [values]} says for which answers the question is asked. Returns a dict with `kind` one of
    truth choices select many long_text photos line (many: several of the groups, sent under one name). A truth that
    `stands` says with the form that it was asked: without its tick it is "false" then, not left open. A truth that must be
    answered, be it for some answers only, is two choices, yes and no: of a tick nobody could tell a no from what was passed over.
    """
    identity, kind = str(_get(spec, "id", "")), str(_get(spec, "type", "text"))
    options = [_choice(c) for c in _get(spec, "choices", ()) or ()]
    grouped = [(str(title), [_choice(c) for c in choices]) for title, choices in groups or ()]
    shown = "" if value is None else value
    drawn = {"truth": "truth", "long_text": "long_text", "photos": "photos"}.get(kind, "line")
    drawn = "many" if kind in MANY else drawn
    sometimes = bool(_get(spec, "required_when", None))
    asked = _get(spec, "required", False) is True or sometimes
    if drawn == "truth" and asked and not _get(spec, "stands", False):
        drawn, options = "choices", [("true", _("是")), ("false", _("否"))]
        shown = str(shown).lower()
    if drawn == "line" and (options or grouped):
        drawn = "select" if grouped or len(options) > SELECT_FROM else "choices"
    control = {"number": ("text", "decimal"), "date": ("date", ""), "phone": ("tel", "tel")}.get(kind, ("text", ""))

    picked = {str(v) for v in shown} if isinstance(shown, list | tuple) else {str(shown)}

    def marked(choices: list[tuple[str, str]]) -> list[dict[str, Any]]:
        return [{"value": v, "title": t, "chosen": v in picked} for v, t in choices]

    title = _get(spec, "title", None)
    heading = said(title) if title else str(_get(spec, "label", identity))
    return {
        "kind": drawn,
        "id": f"{prefix}{identity}",
        "name": identity,
        "title": heading,
        "help": said(_get(spec, "help", "")),
        "placeholder": said(_get(spec, "example", "")),
        # A condition may make it required later; the server says so then.
        "required": _get(spec, "required", False) is True,
        "max": (_get(spec, "max", None) or _get(spec, "limit", "")) if kind in ("text", "long_text") else "",
        # Many titles say it themselves: 照片（可不传）, Photos (optional).
        "optional": not asked and not any(w in heading for w in ("可不", "optional")),
        "value": shown,
        "error": str(error or ""),
        "input": control[0],
        "mode": control[1],
        "choices": marked(options),
        "groups": [(name, marked(choices)) for name, choices in grouped],
        "when": when,
        "stands": _get(spec, "stands", False),
    }
