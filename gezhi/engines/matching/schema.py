"""What packs say of activities, courses and competences; typed views of pinned bodies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gezhi.foundation import packs
from gezhi.foundation.forms import Form
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.packs.typed import Declared

KINDS = ("meeting", "party", "lecture", "class", "tour", "fair", "rehearsal", "service")
SIGN_UP = ("residents", "staff", "organiser")
OVER = ("places", "seats", "organisations")
ROLES = ("host", "speaker", "teacher", "partner", "guest", "recorder", "lead")


@dataclass(frozen=True)
class Activity(Declared):
    """One kind of meeting or activity. The body's keys are described in docs/packs.md."""

    @property
    def kind(self) -> str:
        return str(self.body["kind"])

    @property
    def inside(self) -> bool:
        return bool(self.body["inside"])

    @property
    def organisers(self) -> tuple[str, ...]:
        return tuple(self.body["organisers"])

    @property
    def see(self) -> tuple[str, ...]:
        return tuple(self.body["see"])

    @property
    def sign_up(self) -> Mapping[str, Any]:
        """{"by", "seats", "most", "closes", "waiting"}: seats offered when none are said, the most a host takes."""
        return self.body["sign_up"]

    @property
    def public(self) -> bool:
        """Residents see it and may sign up themselves."""
        return self.sign_up["by"] == "residents"

    @property
    def required(self) -> tuple[Mapping[str, Any], ...]:
        """Items every session must have done before it can be closed: {"id", "title"}."""
        return tuple(self.body["required"])

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(self.body["roles"])

    @property
    def rhythm(self) -> Mapping[str, Any] | None:
        """{"every", "times", "weekday", "over": {"places"|"seats"|"organisations": …}}."""
        return self.body["rhythm"]

    @property
    def themes(self) -> Mapping[str, Any]:
        """{"each": "month"|"" , "of": [{"id", "title"}]}: one theme a period, or a list to choose from."""
        return self.body["themes"]

    @property
    def partners(self) -> Mapping[str, Any] | None:
        """{"register", "states", "least"}: whom it is held with, out of a register's live lines of these states (all when empty)."""
        return self.body.get("partners")

    @property
    def ratio(self) -> int | None:
        """Children to one helper at most, where children are in our care; the helpers are the partners."""
        return (self.body.get("care") or {}).get("ratio")

    @property
    def invited(self) -> tuple[str, ...]:
        """Posts whose holders are expected; the first is the head, whom a deputy does not replace, when `head`."""
        return tuple(self.body["invited"])

    @property
    def head(self) -> bool:
        return bool(self.body["head"])

    @property
    def assign(self) -> str:
        """The workflow by which assignments become cases; empty when none do."""
        return str(self.body["assign"])

    @property
    def topics(self) -> bool:
        """Whether questions are collected; each is answered in a named session or carried over."""
        return bool(self.body["topics"])

    @cached_property
    def record(self) -> Form:
        """What is written down when it is closed."""
        return Form.from_body(self.body["record"])

    @cached_property
    def takeaway(self) -> Form:
        """What each who was there files afterwards."""
        return Form.from_body(self.body["takeaway"])

    def theme_title(self, code: str) -> str:
        """A declared theme in the reader's language; a free one as it was written."""
        found = next((t for t in self.themes["of"] if t["id"] == code), None)
        return localised(found["title"]) if found else code


@dataclass(frozen=True)
class Course(Declared):
    """Required and elective lessons, and the certificate that completing them gives."""

    @property
    def lessons(self) -> tuple[Mapping[str, Any], ...]:
        """{"id", "title", "required", "credits"}."""
        return tuple(self.body["lessons"])

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(lesson["id"] for lesson in self.lessons if lesson["required"])

    @property
    def elective(self) -> tuple[str, ...]:
        return tuple(lesson["id"] for lesson in self.lessons if not lesson["required"])

    @property
    def credits(self) -> dict[str, int]:
        return {lesson["id"]: lesson["credits"] for lesson in self.lessons}

    def lesson_title(self, id: str) -> str:
        """A lesson in the reader's language."""
        return next((localised(lesson["title"]) for lesson in self.lessons if lesson["id"] == id), id)


def _activity(name: str, version: int, hash: str, body: Mapping[str, Any]) -> Activity:
    return Activity(name, version, hash, body)


def _course(name: str, version: int, hash: str, body: Mapping[str, Any]) -> Course:
    return Course(name, version, hash, body)


_ACTIVITIES = packs.Typed("activity", _activity)
_COURSES = packs.Typed("course", _course)


def activity(name: str, version: int | None = None) -> Activity:
    """The newest version, or the one a session began with. Raises NotFound pack.not_installed."""
    return _ACTIVITIES.get(name, version)


def activities() -> list[Activity]:
    """The newest version of every activity, in the order of their packs."""
    return _ACTIVITIES.all()


def course(name: str, version: int | None = None) -> Course:
    """The newest version of a course. Raises NotFound pack.not_installed."""
    return _COURSES.get(name, version)


def courses() -> list[Course]:
    """The newest version of every course."""
    return _COURSES.all()


def competences() -> dict[str, str]:
    """Competence code -> title, of all installed packs."""
    known = packs.registry()
    return {
        c["code"]: localised(c["title"])
        for name in known.names("competences")
        for c in known.body("competences", name)["competences"]
    }


def needed_by(post: str) -> list[str]:
    """Competences a post requires, as the packs say, in their order."""
    known = packs.registry()
    found = [
        code for name in known.names("competences") for code in known.body("competences", name)["posts"].get(post, ())
    ]
    return list(dict.fromkeys(found))
