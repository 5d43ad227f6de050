"""What a panel is made of: who is asked, how they answer, what makes a result. Plain values, nothing decides here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

FORMS = ("comment", "consent", "vote", "gradient", "score")
#: What may be answered, by form; a score is a number of its own.
CHOICES: dict[str, tuple[str, ...]] = {
    "comment": ("heard",),
    "consent": ("yes", "abstain", "object"),
    "vote": ("yes", "no", "abstain"),
    "gradient": ("support", "agree", "live_with", "reserve", "block"),
    "score": (),
}
IN_FAVOUR = {
    "comment": ("heard",),
    "consent": ("yes",),
    "vote": ("yes",),
    "gradient": ("support", "agree", "live_with"),
}
STOPPING = {"consent": "object", "gradient": "block"}  # one of these and there is no result in favour
RESULTS = ("passed", "failed", "void")
BASES = ("voted", "invited")
WEIGHTS = ("lot", "rotation", "load")  # how a draw prefers; what is equal is settled by lot
MOST_VOTERS = 20_000


@dataclass(frozen=True)
class Share:
    """A part of a whole: at least so much, or (`strict`) more than that. `count`: so many, whatever the whole."""

    part: Fraction = Fraction(0)
    strict: bool = False
    count: int = 0

    def met(self, have: Decimal | int, whole: Decimal | int) -> bool:
        """Whether `have` of `whole` is enough; of nothing, nothing is enough."""
        if self.count:
            return have >= self.count
        if whole <= 0:
            return False
        share = Fraction(have) / Fraction(whole)
        return share > self.part if self.strict else share >= self.part


@dataclass(frozen=True)
class Draw:
    """So many seats of a post by lot; `by` says who comes first (WEIGHTS)."""

    post: str
    count: int
    by: str = "lot"


@dataclass(frozen=True)
class Voters:
    """Who is asked; exactly one is set. `roll`: a list the owner brings, of households or persons. `posts`: the seats
    of these posts at the case's place. `kept`: a kept list of seats. `draw`: some of a post's seats. `same`: whoever
    the panel of that stage asked."""

    roll: str | None = None  # households | persons
    posts: tuple[str, ...] = ()
    kept: str | None = None
    draw: Draw | None = None
    same: str | None = None


@dataclass(frozen=True)
class PanelRule:
    """How the voices of a panel become one result.

    `quorum`: who has to take part; with `area` both persons and area count. `passing`: how much has to be in favour,
    of those who took part or of all invited (`base`). `mark`: the mean a score has to reach, the `trim` highest and lowest left out.
    `rounds`: how often it is convened at most. `minutes`: closing needs the minutes of a meeting, and only then
    is it a decision. `ways`: result -> stage.
    """

    form: str
    voters: Voters
    ways: Mapping[str, str]
    quorum: Share | None = None
    passing: Share | None = None
    base: str = "voted"
    area: bool = False
    secret: bool = False
    minutes: bool = False
    rounds: int = 1
    groups: tuple[tuple[str, Mapping[str, str]], ...] = ()
    top: int = 5
    mark: Decimal = Decimal(0)
    trim: int = 0
    public: bool = False  # residents read it, and those on the roll answer with the code of their household

    @property
    def choices(self) -> tuple[str, ...]:
        """Everything that may be answered."""
        if self.form == "score":
            return tuple(str(n) for n in range(1, self.top + 1))
        return CHOICES[self.form]


def share(raw: Mapping[str, Any] | None) -> Share | None:
    """A share as the body keeps it: {"at_least": "2/3"}, {"more_than": "1/2"} or {"count": 7}."""
    if not raw:
        return None
    if "count" in raw:
        return Share(count=raw["count"])
    strict = "more_than" in raw
    return Share(Fraction(raw["more_than" if strict else "at_least"]), strict)


def draw(raw: Mapping[str, Any]) -> Draw:
    """A draw as the body keeps it."""
    return Draw(raw["post"], raw["count"], raw.get("by", "lot"))


def panel(raw: Mapping[str, Any]) -> PanelRule:
    """The typed rule of a body that the reader accepted."""
    who = raw["voters"]
    return PanelRule(
        form=raw["form"],
        voters=Voters(
            roll=who.get("roll"),
            posts=tuple(who.get("posts", ())),
            kept=who.get("kept"),
            draw=draw(who["draw"]) if "draw" in who else None,
            same=who.get("same"),
        ),
        ways=raw["ways"],
        quorum=share(raw.get("quorum")),
        passing=share(raw.get("passing")),
        base=raw.get("base", "voted"),
        area=raw.get("area", False),
        secret=raw.get("secret", False),
        minutes=raw.get("minutes", False),
        rounds=raw.get("rounds", 1),
        groups=tuple((g["id"], g["title"]) for g in raw.get("groups", ())),
        top=raw.get("top", 5),
        mark=Decimal(raw.get("mark", "0")),
        trim=raw.get("trim", 0),
        public=raw.get("public", False),
    )
