"""The shapes of books and appraisals, as OpenAPI documents them and tests check them. Times and ids as in `schemas`."""

from __future__ import annotations

from ninja import Field, Schema

NEXT = Field(description="Send it as `cursor` for the following page; empty on the last")


class AmountOut(Schema):
    """So much of something. `said` is what people read; sums are made of `amount`."""

    amount: int = Field(description="In the smallest unit of the asset: fen, minutes, pieces")
    said: str = Field(examples=["3,250.00 元"])


class LedgerOut(Schema):
    """A book of account that the caller reads."""

    ledger: str = Field(examples=["love_points"])
    title: str
    version: int
    place_id: str = Field(description="From where the caller reads it")
    place: str


class LedgerPage(Schema):
    items: list[LedgerOut]


class KindOut(Schema):
    """All accounts of one kind at the place and inside it."""

    kind: str
    title: str
    asset: str
    accounts: int
    balance: AmountOut
    held: AmountOut = Field(description="What pending entries would take")


class BalancesOut(Schema):
    ledger: str
    place_id: str
    kinds: list[KindOut]


class AccountOut(Schema):
    """One account. `label` is masked; whoever must know the person opens them by `holder`, where that is theirs to see."""

    id: str
    kind: str
    holder: str = Field(examples=["subject:12", "place:5"])
    label: str
    place: str
    balance: AmountOut
    held: AmountOut
    closed_until: str | None = Field(description="Nothing is dated on or before this day any more")


class AccountPage(Schema):
    items: list[AccountOut]
    next: str | None = NEXT


class EntryOut(Schema):
    """A posted line of a statement, never changed: a mistake is reversed by another line."""

    transfer: str
    entry: str
    title: str
    day: str
    at: str
    change: AmountOut
    after: AmountOut = Field(description="What stood in the account then")
    about: str = Field(description="The record it came from; empty when it was entered by hand", examples=["session:4"])
    reverses: str | None


class EntryPage(Schema):
    account: AccountOut
    items: list[EntryOut] = Field(description="The newest first")
    next: str | None = NEXT


class PayoutOut(Schema):
    """A payout list: frozen it says the same for ever, and is paid once."""

    id: str
    list: str
    title: str
    period: str
    place: str
    state: str = Field(description="frozen, approved, paid, voided")
    count: int
    total: AmountOut
    digest: str


class PayoutPage(Schema):
    items: list[PayoutOut] = Field(description="The newest first")
    next: str | None = NEXT


class PayoutLineOut(Schema):
    number: int
    holder: str
    label: str
    pays: AmountOut
    transfer: str | None = Field(description="What paid it; empty until then")


class PayoutLines(Schema):
    payout: PayoutOut
    items: list[PayoutLineOut]
    next: str | None = NEXT


class RoundOut(Schema):
    """One appraisal of one period at one place."""

    id: str
    rubric: str
    version: int
    title: str
    period: str
    place: str
    state: str = Field(description="open, sealed, published, final")
    cut: str = Field(description="The first instant that no longer counts")
    object_until: str | None
    subjects: int
    digest: str = Field(description="Of the sealed results; empty before")


class RoundPage(Schema):
    items: list[RoundOut] = Field(description="Opened last first; may be shorter than `limit` though more follow")
    next: str | None = NEXT


class ScoreOut(Schema):
    """What came out for one subject. No list of subjects is ever in the order of scores."""

    subject_id: str
    label: str
    place: str
    score: str | None = Field(description="Exact, as text; empty: not scored", examples=["78.45"])
    band: str
    eligible: bool
    awarded: bool
    corrected: bool = Field(description="An objection was upheld")


class ScorePage(Schema):
    appraisal: RoundOut
    items: list[ScoreOut] = Field(description="By place and name; none before sealing")
    next: str | None = NEXT


class LineOut(Schema):
    """One line of an explanation: the parts add up to the score."""

    item: str
    title: str
    points: str | None
    weight: str
    gives: str = Field(description="weight × points")
    missing: bool
    records: list[str] = Field(description="What it was computed from", examples=[["case:12"]])


class ExplainedOut(Schema):
    appraisal: RoundOut
    score: ScoreOut
    lines: list[LineOut]
    lost: list[str] = Field(description="Gates that were not held")
