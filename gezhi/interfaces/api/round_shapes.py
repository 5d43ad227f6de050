"""The shapes of duties and sessions, as OpenAPI documents them and tests check them. Times and ids as in `schemas`."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Field, Schema


class DutyOut(Schema):
    """One period of one duty that the caller answers for, or supervises."""

    rule: str = Field(examples=["elder-visit"])
    subject_id: str
    period: str = Field(description="Names it for ever", examples=["2026-W47"])
    title: str
    about: str = Field(description="Whom or what it is about; names of people masked")
    place: str
    seat: str
    opens: str
    closes: str = Field(description="The first instant that is too late")
    state: Literal["open", "done", "missed", "waived", "void"]
    record: dict[str, Any] = Field(description="JSON Schema of `data`")
    grounds: dict[str, str] = Field(description="Code and words of what it may be waived for")


class DutyPage(Schema):
    items: list[DutyOut] = Field(description="Overdue first, then by when the window closes")


class RecordIn(Schema):
    """What was found. An empty object says: done, all in order."""

    data: dict[str, Any] = Field(default={}, description="The rule's own fields")
    note: str | None = Field(default=None, description="Up to 1,000 characters, kept sealed")
    trouble: bool | None = Field(default=None, description="Something is wrong: a case is opened")


class RecordOut(Schema):
    state: str
    late: bool = Field(description="Done after its window had closed")
    new: bool = Field(description="False when the same key was sent before")
    case: str | None = Field(description="Number of the case that was opened")


class WaiveIn(Schema):
    ground: str = Field(description="One of the duty's `grounds`")
    note: str | None = None


class WaivedOut(Schema):
    state: str
    ground: str


class MeetingOut(Schema):
    """A meeting or activity that the caller may see."""

    id: str
    activity: str
    title: str
    place: str
    starts: str
    ends: str
    state: str
    seats: int | None = Field(description="Empty: no bound")
    booked: int
    waiting: int


class MeetingPage(Schema):
    items: list[MeetingOut] = Field(description="In order of time")


class BookingOut(Schema):
    """The caller's own place."""

    session: str
    number: int
    state: str = Field(description="booked, waiting, withdrawn, attended, absent")


BODIES = (RecordIn, WaiveIn)
