"""The small values the directory hands out. All frozen; none touches the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import get_language


def _here(zh: str, en: str) -> str:
    return en if (get_language() or "zh").startswith("en") and en else zh


class Effective(NamedTuple):
    """Who does a seat's work: the seat where persons were found, and the persons."""

    seat_id: int
    persons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PostInfo:
    """A kind of seat. `level` is a place kind; `falls_to` a post code or None."""

    code: str
    title_zh: str
    title_en: str
    level: str
    powers: frozenset[str]
    falls_to: str | None
    root: bool
    duty: bool = False

    @property
    def titles(self) -> tuple[str, str]:
        return self.title_zh, self.title_en

    @property
    def title(self) -> str:
        """In the language of the current request."""
        return _here(*self.titles)


@dataclass(frozen=True, slots=True)
class OrganisationInfo:
    """A department or unit; `place_id` is the place it serves."""

    id: int
    code: str
    name: str
    kind: str
    place_id: int
    short: str


@dataclass(frozen=True, slots=True)
class SeatInfo:
    """A post at a place. `mark` tells twins apart ("1", "2"); `where` is the place in words."""

    id: int
    post: str
    place_id: int
    organisation_id: int | None
    mark: str
    opened_at: datetime
    closed_at: datetime | None
    titles: tuple[str, str]
    where: str
    organisation_name: str
    # Its organisation stands in a tree and has seats of several posts, so that a label says both.
    in_tree: bool = False

    def open_at(self, at: datetime) -> bool:
        return self.opened_at <= at and (self.closed_at is None or at < self.closed_at)

    @property
    def closed(self) -> bool:
        return self.closed_at is not None

    @property
    def title(self) -> str:
        """The post's title in the language of the current request."""
        return _here(*self.titles)

    @property
    def label(self) -> str:
        """As people say it: the organisation's name, or place and post (会昌社区第 3 网格网格员)."""
        if self.organisation_name and self.in_tree:
            name = _here(f"{self.organisation_name}{self.titles[0]}", f"{self.organisation_name} {self.titles[1]}")
        elif self.organisation_name:
            name = self.organisation_name
        else:
            name = _here(f"{self.where}{self.titles[0]}", f"{self.where} {self.titles[1]}")
        return f"{name} {self.mark}" if self.mark else name


@dataclass(frozen=True, slots=True)
class PersonInfo:
    """A person without personal data: `name_public` is masked (秦○)."""

    id: int
    name_public: str
    username: str | None
    language: str
    active: bool
    synthetic: bool
    session_epoch: int
    must_change: bool = False
    second_factor: bool = False


@dataclass(frozen=True, slots=True)
class TermInfo:
    """Somebody in a seat from `since` up to, not including, `until`; `shift`: by the duty roster."""

    person_id: int
    since: datetime
    until: datetime | None
    substitute: bool
    shift: bool = False

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)

    def order(self) -> tuple[bool, datetime, int]:
        """Holders before substitutes, then the longest-serving first."""
        return self.substitute, self.since, self.person_id


class EdgeInfo(NamedTuple):
    """An organisation in a tree of a pack: below `parent` (None = the tree's root) from `since` up to `until`."""

    tree: str
    child: int
    parent: int | None
    since: datetime
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class HandOverSeat:
    """A seat somebody left: its label, and the seat and persons that answer for it now."""

    seat_id: int
    label: str
    to_seat_id: int
    to_persons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HandOver:
    """What a person left behind; `items` are what the leave hooks reassigned, in words or records of theirs."""

    person_id: int
    seats: tuple[HandOverSeat, ...]
    items: tuple[object, ...]
