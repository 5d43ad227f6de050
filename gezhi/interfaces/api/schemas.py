"""The shapes of the API, as OpenAPI documents them and tests check them.

Ids are strings: a case id is longer than a JavaScript number can hold exactly. Times are RFC 3339 with the
offset of China.
"""

from __future__ import annotations

from typing import Any, Literal

from ninja import Field, Schema

Phase = Literal["received", "owned", "working", "checked", "your_word", "closed"]


class ErrorBody(Schema):
    """Why a request was not done, in the caller's language (Accept-Language: zh-Hans or en)."""

    code: str = Field(description="Stable; listed in docs/errors.md", examples=["case.stale"])
    what: str = Field(description="What happened", examples=["这件事刚刚变了。"])
    why: str = Field(description="Why")
    next: str = Field(description="What to do next")
    fields: dict[str, str] = Field(description="Field name to what is wrong with it; often empty")


class ErrorOut(Schema):
    error: ErrorBody
    request_id: str = Field(default="", description="Say this to the administrator")


class RequestIn(Schema):
    """A matter raised by a resident. Only `text` is needed."""

    text: str = Field(description="1 to 5,000 characters", examples=["迎秀社区 3 号楼前的路灯三天不亮了"])
    place: str | None = Field(
        default=None,
        description="Place id, official code, door-plate token, or exact name; without it the county triages",
        examples=["410883001001"],
    )
    lat: float | None = Field(default=None, description="Degrees, WGS84; with lon", examples=[34.91])
    lon: float | None = Field(default=None, description="Degrees, WGS84; with lat", examples=[112.79])
    category: str | None = Field(default=None, description="Code or name, see /categories")
    urgent: bool | None = Field(
        default=None,
        description="It must not wait: people are in danger, or it will soon be grave. Outside office hours whoever is "
        "on duty has it first",
    )
    about: str | None = Field(
        default=None,
        description="When the matter complains about an official or a unit: village, town or county (whose), or report, "
        "petition, legal. It is then kept from whoever it names and goes to the level above them",
    )
    contact_name: str | None = Field(default=None, description="Kept encrypted, masked everywhere")
    contact_phone: str | None = Field(default=None, description="Kept encrypted, masked everywhere")


class RequestForm(RequestIn):
    """The same as multipart/form-data, with photos."""

    photos: list[bytes] = Field(
        default=[], description="Up to 6 of JPEG, PNG or WebP, each up to 12 MB; kept without metadata"
    )


class RequestMade(Schema):
    id: str = Field(examples=["228462931034636288"])
    number: str = Field(examples=["2026-1186"])
    code: str = Field(description="The resident's short code: the only key to this matter", examples=["7K2MPQX4HC"])
    status: Phase
    due_at: str = Field(description="The promised date", examples=["2026-11-26T18:00:00+08:00"])
    url: str = Field(description="The resident's page of this matter")


class Step(Schema):
    """One of the five plain steps."""

    at: str | None = Field(description="When it was done; null before")
    state: Literal["done", "now", "later"]
    title: str
    words: str = Field(description="What was said publicly at this step; may be empty")
    who: str = Field(description="Post, place and masked name; may be empty")


class Answer(Schema):
    """What was said to the resident."""

    at: str
    words: str
    who: str
    said: dict[str, str]


class RequestOut(RequestMade):
    state: Literal["open", "closed"]
    outcome: str = Field(description='"" while open')
    words: str = Field(description="Where the matter stands, in a sentence")
    now_with: str = Field(description="The seat that has it now; empty when closed")
    place: str
    category: str
    opened_at: str
    closed_at: str | None
    may: list[Literal["rating", "reopen"]] = Field(description="What the resident can do now")
    steps: list[Step]
    answers: list[Answer]


class RatingIn(Schema):
    """The resident's word at the end. `solved` decides: "no" starts the work again and needs `why`."""

    solved: Literal["yes", "no"]
    rating: Literal["very", "fairly", "so_so", "no"] | None = Field(
        default=None, description='Satisfied? After solved "no" only so_so or no'
    )
    why: str | None = Field(default=None, description='What is missing; needed when solved is "no"')


class ReopenIn(Schema):
    why: str = Field(description="What is still missing, 1 to 500 characters")


class PlaceOut(Schema):
    id: str
    kind: str
    name: str
    label: str = Field(description="Full name from the township down")
    code: str = Field(description='Official or grid code; "" when it has none')


class PlaceList(Schema):
    items: list[PlaceOut]


class CategoryOut(Schema):
    code: str
    name: str


class CategoryList(Schema):
    items: list[CategoryOut]


class SessionIn(Schema):
    username: str = Field(examples=["secretary"])
    password: str = Field(examples=["gezhi-demo"])
    otp: str = Field("", description="The app's code or a recovery code, for accounts with a second factor")


class SeatOut(Schema):
    id: str
    label: str


class SessionOut(Schema):
    token: str = Field(description="Send it as Authorization: Bearer …")
    expires_at: str
    name: str = Field(description="Masked")
    seats: list[SeatOut]


class CaseRow(Schema):
    id: str
    number: str
    title: str = Field(description="The first sentence of the resident's words")
    state: Literal["open", "closed"]
    outcome: str
    phase: Phase
    stage: str
    category: str
    place: str = Field(description="Full name of the place")
    owner: SeatOut | None = Field(description="The accountable seat; null when closed")
    urgent: bool
    overdue: bool
    opened_at: str
    due_at: str
    closed_at: str | None


class CasePage(Schema):
    items: list[CaseRow]
    next: str | None = Field(description="Cursor of the next page; null on the last")


class ItemOut(Schema):
    number: int
    stage: str
    title: str
    branch: str = Field(
        description="Empty on the trunk, else the branch of a fork",
        examples=["joint:assist#1"],
        default="",
    )
    side: bool = Field(description="A side item asks another seat for a decision; the main clock runs on")
    state: Literal["open", "done", "cancelled"]
    owner: SeatOut | None
    taken_by: str = Field(description="Masked name of who took it; may be empty")
    clock: Literal["waiting", "running", "soon", "overdue", "done", "parked"]
    opened_at: str
    due_at: str
    done_at: str | None
    action: str = Field(description="What ended it; may be empty")


class PossibleOut(Schema):
    action: str = Field(description="The last part of /cases/{id}/actions/{action}")
    title: str
    main: bool
    item: int | None = Field(description="Send it back as `item`")
    allowed: bool
    why_not: str = Field(description="Why not, when not allowed")
    form: list[dict[str, Any]] | dict[str, Any] = Field(description="The fields of `data`")


class CaseOut(CaseRow):
    text: str | None = Field(description="The resident's words; null when lawfully erased")
    contact: dict[str, str] = Field(description="Masked")
    seq: int = Field(description="Send it back as `expected_seq`")
    items: list[ItemOut]
    actions: list[PossibleOut]
    timeline: list[dict[str, Any]]


class ActionIn(Schema):
    """Do one of the case's possible actions."""

    item: int | None = Field(default=None, description="Number of the work item seen")
    expected_seq: int | None = Field(default=None, description="`seq` of the case seen: a stale click gets 409")
    data: dict[str, Any] = Field(default={}, description="The action's form")


class ProtectIn(Schema):
    """Keep an ordinary matter apart as a protected one."""

    about: str = Field(
        description="Whom it is about: village, town, county (whose officials), report, petition, legal, or exactly: "
        "seat:<id>, unit:<id>, person:<id>"
    )
    ground: str = Field(description="How one sees it; read by those who receive it")
    expected_seq: int | None = Field(default=None, description="`seq` of the case seen: a stale click gets 409")


class RestoreIn(Schema):
    """A matter kept apart midway is an ordinary one after all."""

    reason: str = Field(description="Why; read by everybody who handles it")
    expected_seq: int | None = Field(default=None, description="`seq` of the case seen: a stale click gets 409")


class KeptApartOut(Schema):
    number: str
    sees: bool = Field(description="Whether the caller still sees the case; if not, GET answers 404 from now on")


class PhotoForm(Schema):
    photos: bytes = Field(description="One JPEG, PNG or WebP of up to 12 MB")


class PhotoOut(Schema):
    id: int
    width: int = Field(description="px")
    height: int = Field(description="px")


class StaleOut(ErrorOut):
    """409 case.stale: somebody was quicker; `case` is how it stands now."""

    case: CaseOut | None = None


class DemoStaff(Schema):
    id: str
    username: str = Field(description="For signing in with a password; mostly empty")
    name: str
    posts: list[str]
    seats: list[SeatOut]
    answers_for: list[str] = Field(description="Ids of every seat whose work is theirs now")


class DemoStaffList(Schema):
    items: list[DemoStaff]


class DemoSessionIn(Schema):
    person: str = Field(description="`id` of GET /demo/staff", examples=["17"])


class ClockIn(Schema):
    to: str = Field(description="RFC 3339, later than now", examples=["2026-11-23T09:00:00+08:00"])


class ClockOut(Schema):
    now: str


class PaperOut(Schema):
    """A document about a case. Its words are in the file, not here."""

    id: str
    number: str = Field(description="发文字号", examples=["东街督〔2026〕3号"])
    kind: str = Field(description="Name of the template", examples=["supervision"])
    title: str = Field(examples=["督办单"])
    state: Literal["draft", "issued", "void"]
    drafted_at: str
    issued_at: str | None
    corrects: str | None = Field(description="Id of the document this one corrects")
    corrected_by: str | None
    fingerprint: str = Field(description="Of the frozen words, as printed on the paper; empty before it is issued")
    url: str | None = Field(description="The file, once it is issued")


class PaperList(Schema):
    items: list[PaperOut]
