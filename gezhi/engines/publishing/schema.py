"""A document template as the engine uses it. The body is JSON, pinned by hash; `Template.of` is its typed view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gezhi.foundation import packs

LEVELS = ("county", "town", "village", "unit")
LAYOUTS = ("letter", "table")


@dataclass(frozen=True)
class Field:
    """A declared field: `source` is the path it is bound to."""

    id: str
    title: Mapping[str, str]
    type: str
    source: str


@dataclass(frozen=True)
class Word:
    """Words the drafter may change, first filled from the facts."""

    id: str
    title: Mapping[str, str]
    fill: str
    max: int
    required: bool


@dataclass(frozen=True)
class Template:
    """`body`, `cells` and `rows` blocks are plain mappings: {"text"} | {"words"} | {"rows", "columns"} | {"cells"}."""

    name: str
    version: int
    hash: str
    title: Mapping[str, str]
    subject: str
    layout: str
    issuers: Mapping[str, str]
    mark: str
    draft: tuple[str, ...]
    sign: tuple[str, ...]
    unlike_drafter: bool
    when: str | None
    fields: tuple[Field, ...]
    words: tuple[Word, ...]
    heading: str
    to: str
    body: tuple[Mapping[str, Any], ...]
    attach: tuple[tuple[str, str | None], ...]  # (text, when)
    cc: str
    date: str
    seal: bool
    purpose: str
    copies: tuple[str, ...] = ()  # whose each copy is, when there are several

    @property
    def personal(self) -> tuple[Field, ...]:
        """Fields with a person's data, which the addressee needs (`purpose` says what for)."""
        return tuple(f for f in self.fields if f.type == "person")

    @classmethod
    def of(cls, name: str, version: int, hash: str, body: Mapping[str, Any]) -> Template:
        """The typed view of a pinned body."""
        return cls(
            name=name,
            version=version,
            hash=hash,
            title=body["title"],
            subject=body["subject"],
            layout=body["layout"],
            issuers=body["issuers"],
            mark=body["mark"],
            draft=tuple(body["draft"]),
            sign=tuple(body["sign"]["by"]),
            unlike_drafter=body["sign"]["unlike_drafter"],
            when=body["when"],
            fields=tuple(Field(f["id"], f["title"], f["type"], f["from"]) for f in body["fields"]),
            words=tuple(Word(w["id"], w["title"], w["fill"], w["max"], w["required"]) for w in body["words"]),
            heading=body["heading"],
            to=body["to"],
            body=tuple(body["body"]),
            attach=tuple((a, None) if isinstance(a, str) else (a["text"], a["when"]) for a in body["attach"]),
            cc=body["cc"],
            date=body["date"],
            seal=body["seal"],
            purpose=body["purpose"],
            copies=tuple(body.get("copies", ())),
        )


_TYPED = packs.Typed("document", Template.of)


def template(name: str, version: int | None = None) -> Template:
    """The newest version, or the one a document began with. Raises NotFound pack.not_installed."""
    return _TYPED.get(name, version)


def templates(subject: str) -> list[Template]:
    """The newest version of every template of a subject, in the order of their packs."""
    return [t for t in _TYPED.all() if t.subject == subject]
