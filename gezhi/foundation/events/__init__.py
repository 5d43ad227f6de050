"""The events room: what happened, who did it, and the proof that nobody changed it since.

    refs = events.keep(f"case:{n}", {"text": "..."})      # personal text, encrypted aside
    patch = {"stage": "triage", "text": refs["text"]}
    head = events.record(f"case:{n}", "case.opened", actor=actor, head=GENESIS, patch=patch)

The rules (what is hashed, how blocks are made, what erasure leaves) are in docs/rules/events.md.
Names are loaded on first use, so that importing the room does not import its models.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chain import GENESIS, Head, PrivateRef, canonical
    from .checking import verify
    from .erasures import flush_erased, replay_erasures
    from .export import accept_restore, export_roots
    from .findings import Finding, Report
    from .folding import fold, register_check, register_parts, register_state, upcast, upcaster
    from .log import Draft, histories, history, record, record_many
    from .models import Block, Event, Private
    from .private import SealedText, ask_to_keep, erase, held, keep, on_erase, read_private, seal_texts
    from .sealing import seal_now, sealed, sealed_between, sealed_until

_HOME = {
    "chain": ("GENESIS", "Head", "PrivateRef", "canonical"),
    "checking": ("verify",),
    "erasures": ("flush_erased", "replay_erasures"),
    "export": ("accept_restore", "export_roots"),
    "findings": ("Finding", "Report"),
    "folding": ("fold", "register_check", "register_parts", "register_state", "upcast", "upcaster"),
    "log": ("Draft", "histories", "history", "record", "record_many"),
    "models": ("Block", "Event", "Private"),
    "private": ("ask_to_keep", "erase", "held", "keep", "on_erase", "read_private", "seal_texts", "SealedText"),
    "sealing": ("seal_now", "sealed", "sealed_between", "sealed_until"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "GENESIS",
    "Block",
    "Draft",
    "Event",
    "Finding",
    "Head",
    "Private",
    "PrivateRef",
    "Report",
    "SealedText",
    "accept_restore",
    "ask_to_keep",
    "canonical",
    "erase",
    "export_roots",
    "flush_erased",
    "fold",
    "held",
    "histories",
    "history",
    "keep",
    "on_erase",
    "read_private",
    "seal_texts",
    "record",
    "record_many",
    "register_check",
    "register_parts",
    "register_state",
    "replay_erasures",
    "seal_now",
    "sealed",
    "sealed_between",
    "sealed_until",
    "upcast",
    "upcaster",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
