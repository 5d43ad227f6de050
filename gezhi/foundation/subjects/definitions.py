"""What packs declare: kinds of subjects, kinds of relations, registers. Bodies are read in `reading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import expressions as ex
from gezhi.foundation import packs
from gezhi.foundation.forms import Form
from gezhi.foundation.packs import localised

from . import refusals
from .adding_up import AddsUp


@dataclass(frozen=True)
class Kind:
    """A kind of subject. `personal`: its name is sealed and shown masked; `code`: what its own number is called."""

    name: str
    title: Mapping[str, str]
    personal: bool = False
    code: str = ""

    @property
    def said(self) -> str:
        """The title in the active language."""
        return localised(self.title)


BUILT_IN = {
    kind.name: kind
    for kind in (
        Kind("person", {"zh": "人", "en": "Person"}, personal=True),
        Kind("registered_household", {"zh": "户籍户", "en": "Registered household"}, personal=True),
        Kind("living_household", {"zh": "居住户", "en": "Living household"}, personal=True),
        Kind("dwelling", {"zh": "房屋", "en": "Dwelling"}),
        Kind("address", {"zh": "地址", "en": "Address"}),
        Kind("membership", {"zh": "集体成员", "en": "Member of the collective"}, personal=True),
        Kind("asset", {"zh": "资产", "en": "Asset"}),
        Kind("organisation", {"zh": "单位", "en": "Organisation"}),
        Kind("matter", {"zh": "事项", "en": "Matter"}),
    )
}


@dataclass(frozen=True)
class RelationKind:
    """`one` is related to `other` (kinds of subjects). `single`: the sides that may have only one at a time."""

    name: str
    title: Mapping[str, str]
    one: str
    other: str
    single: frozenset[str] = frozenset()
    one_title: Mapping[str, str] = field(default_factory=dict)
    other_title: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The title in the active language."""
        return localised(self.title)


@dataclass(frozen=True)
class State:
    """A derived state of an entry; the first whose condition holds, the one without a condition last."""

    name: str
    title: Mapping[str, str]
    when: str | None

    @property
    def said(self) -> str:
        """The title in the active language."""
        return localised(self.title)


# What rules may read of the subject, besides the register's own fields. Titles are Chinese names for conditions.
SUBJECT_TYPES: dict[str, ex.Type] = {
    "age": ex.Number,
    "sex": ex.Choice(["f", "m"], {"女": "f", "男": "m"}),
    "born": ex.Date,
    "entered_on": ex.Date,
    "confirmed_on": ex.Date,
}
SUBJECT_ALIASES = {
    "年龄": "age",
    "性别": "sex",
    "出生日期": "born",
    "登记日期": "entered_on",
    "核实日期": "confirmed_on",
}


def rule_types(form: Form) -> dict[str, ex.Type]:
    """What a rule over a register may read: its open fields, then the subject's."""
    private = {f.id for f in form if f.sensitive or f.type == "long_text"}
    return {**SUBJECT_TYPES, **{name: kind for name, kind in form.types().items() if name not in private}}


def rule_aliases(form: Form) -> dict[str, str]:
    """Chinese and English titles for the names of `rule_types`."""
    return SUBJECT_ALIASES | {title: name for title, name in form.aliases().items() if name in rule_types(form)}


@dataclass(frozen=True)
class Whom:
    """Whom a register is for: the subjects with a live line in another one, where a condition holds (None: all).

    `only`: nobody else can be entered. Who is meant and has no line is the gap of the register. With `field` not the
    subjects are meant but what they said: one line for each value of that field, whoever and however many said it.
    """

    register: str
    when: str | None
    only: bool
    field: str = ""

    @property
    def program(self) -> ex.Program | None:
        """The condition over that other register's lines."""
        if self.when is None:
            return None
        form = register(self.register).form
        return ex.compile(self.when, rule_types(form), expect=ex.Truth, aliases=rule_aliases(form))


@dataclass(frozen=True)
class Register:
    """A declared register. `one`: "" or what may have one live line ("subject", "place", a field's id, or several
    of these joined by "+"). `end_when`: a line that does not meet it cannot be ended."""

    name: str
    version: int
    title: Mapping[str, str]
    about: Mapping[str, str]
    of: str
    form: Form
    one: str
    states: tuple[State, ...]
    see: tuple[str, ...]
    edit: tuple[str, ...]
    inside: bool
    signed: bool
    columns: tuple[str, ...]
    sheet: Mapping[str, tuple[str, ...]]
    relation: str
    options: Mapping[str, Any]
    whom: Whom | None = None
    end_when: str | None = None
    public: tuple[str, ...] = ()  # columns that everybody may read; only of things and organisations
    adds_up: AddsUp = AddsUp()

    @property
    def said(self) -> str:
        """The title in the active language."""
        return localised(self.title)

    @property
    def served(self) -> bool:
        """Whether it exists in this process at all: what is for the inside only is absent where the desk is not served."""
        return not self.inside or "desk" in settings.GEZHI_ZONES

    @cached_property
    def sensitive(self) -> frozenset[str]:
        """Ids of the fields that are sealed."""
        return frozenset(f.id for f in self.form if f.sensitive or f.type == "long_text")

    def state_of(self, facts: Mapping[str, Any], today: Any) -> str:
        """The name of the first state whose condition holds; "" when none does."""
        for state, program in self._programs:
            if program is None or program.holds(facts, today=today):
                return state
        return ""

    def may_end(self, facts: Mapping[str, Any], today: Any) -> bool:
        """Whether a line with these values may be ended."""
        if self.end_when is None:
            return True
        types, aliases = rule_types(self.form), rule_aliases(self.form)
        return ex.compile(self.end_when, types, expect=ex.Truth, aliases=aliases).holds(facts, today=today)

    def state(self, name: str) -> State | None:
        """The state of that name."""
        return next((state for state in self.states if state.name == name), None)

    @property
    def flips(self) -> bool:
        """Whether a state may change by itself as days pass."""
        return any(p is not None and (p.needs_today or "age" in p.reads) for _state, p in self._programs)

    @cached_property
    def _programs(self) -> list[tuple[str, ex.Program | None]]:
        types, aliases = rule_types(self.form), rule_aliases(self.form)
        return [
            (s.name, None if s.when is None else ex.compile(s.when, types, expect=ex.Truth, aliases=aliases))
            for s in self.states
        ]


def kind(name: str) -> Kind:
    """A kind of subject, built in or from a pack. Raises NotFound subject.no_kind."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    registry = packs.registry()
    if name not in registry.names("subject"):
        raise refusals.NO_KIND(name=name)
    body = registry.body("subject", name)
    return Kind(name, body["title"], body["personal"], body.get("code", ""))


def kinds() -> list[Kind]:
    """Every kind of subject: the built-in ones, then those of packs."""
    return [*BUILT_IN.values(), *(kind(name) for name in packs.registry().names("subject"))]


def relation_kind(name: str) -> RelationKind:
    """A kind of relation. Raises NotFound subject.no_kind."""
    registry = packs.registry()
    if name not in registry.names("relation"):
        raise refusals.NO_KIND(name=name)
    body = registry.body("relation", name)
    return RelationKind(
        name, body["title"], body["one"], body["other"], frozenset(body["single"]), body["one_title"],
        body["other_title"],
    )  # fmt: skip


def relation_kinds() -> list[RelationKind]:
    """Every kind of relation that packs declare."""
    return [relation_kind(name) for name in packs.registry().names("relation")]


def register(name: str, version: int | None = None) -> Register:
    """A register by name, the newest version unless told. Raises NotFound subject.no_register.

    One that is for the inside only is given to rules and writers everywhere; pages ask `served`.
    """
    registry = packs.registry()
    if name not in registry.names("register"):
        raise refusals.NO_REGISTER(name=name)
    entry = registry.get("register", name, version)
    return _made(name, entry.version, entry.hash, _Body(registry.body("register", name, entry.version)))


def registers() -> list[Register]:
    """The newest version of every register, in the order packs were installed."""
    return [register(name) for name in packs.registry().names("register")]


class _Body:
    """A pinned body as an argument that the cache does not look into: the hash beside it says what it is."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Body)


@lru_cache(maxsize=512)
def _made(name: str, version: int, hash: str, pinned: _Body) -> Register:
    body = pinned.body
    return Register(
        name=name,
        version=version,
        title=body["title"],
        about=body.get("about", {}),
        of=body["of"],
        form=Form.from_body(body["form"]),
        one=body["one"],
        states=tuple(State(s["is"], s["title"], s["when"]) for s in body["states"]),
        see=tuple(body["see"]),
        edit=tuple(body["edit"]),
        inside=body["inside"],
        signed=body["signed"],
        columns=tuple(body["columns"]),
        sheet={f: tuple(words) for f, words in body["sheet"].items()},
        relation=body["relation"],
        options=body.get("options", {}),
        whom=Whom(**body["whom"]) if body.get("whom") else None,
        end_when=body.get("end_when"),
        public=tuple(body.get("public", ())),
        adds_up=AddsUp.of(body),
    )


STANDARD_COLUMNS = ("label", "place", "state", "since", "confirmed_on")
COLUMN_TITLES = {
    "label": _("名称"),
    "place": _("所在地"),
    "state": _("状态"),
    "since": _("登记日期"),
    "confirmed_on": _("最近核实"),
    "age": _("年龄"),
    "sex": _("性别"),
    "code": _("编号"),
    "source": _("来源"),
}
