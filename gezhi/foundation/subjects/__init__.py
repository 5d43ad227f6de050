"""The room of subjects: one row for one real thing, its lines in registers, its relations, all dated.

    who = subjects.add("person", {"name": "…", "id_number": "…"}, actor=actor, place_id=village)
    line = subjects.enter("lone_elder", who.id, {"contact": "…"}, actor=actor, since=day)
    subjects.change(line.id, {"contact": "…"}, actor=actor, expected_seq=line.event_seq)
    subjects.end_subject(who.id, "moved_out", actor=actor, on=day)

Registers, kinds and relations are pack data (`registers/`, `subjects/`, `relations/`). docs/rules/subjects.md
`from gezhi.foundation.subjects import timeline`: `timeline.source(name)(fn)`, `timeline.timeline(id, actor)`.
Names are loaded on first use, so that importing the room does not import its models.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "actions": (
        "add", "add_many", "change_facts", "end_subject", "link_colleague", "move", "restore_subject",
        "withdraw_subjects",
    ),
    "attaching": ("attach", "detach", "pictures"),
    "changing": ("Change", "on_change"),
    "definitions": ("Kind", "Register", "RelationKind", "kind", "kinds", "register", "registers", "relation_kind"),
    "lines": ("change", "confirm", "end", "enter", "enter_many", "replace", "restate", "revert", "withdraw_entries"),
    "rule_facts": ("facts", "facts_of", "types_of"),
    "merging": ("merge", "split"),
    "models": ("Entry", "EntrySpan", "Relation", "Subject"),
    "queries": ("as_of", "entries", "family", "find", "subject"),
    "relations": ("related", "relate", "relate_many", "unrelate", "unrelated"),
}  # fmt: skip
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
