"""A form: questions from a pack, cleaned answers, a schema for programs, a body that can be pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gezhi.foundation import expressions as ex
from gezhi.foundation.packs.reading import Context, plain

from .checks import CHECKS
from .cleaning import Refused
from .fields import HARD_MAX, LISTS, TYPES, Field, Option, clean_value, dump_value, is_empty, load_value

ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
MAX_FIELDS = 60
MAX_UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Bound:
    """A field with what was filled in and what is wrong with it, for a page to draw."""

    field: Field
    value: Any
    error: str
    required: bool

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "field"), name)


@dataclass(frozen=True)
class Form:
    """An ordered list of fields. `context` are further names conditions may read (facts of a case), by type."""

    fields: tuple[Field, ...] = ()
    context: Mapping[str, ex.Type] = field(default_factory=dict)
    _programs: Mapping[tuple[str, str], ex.Program] = field(default_factory=dict, init=False, repr=False, compare=False)
    _by_id: Mapping[str, Field] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        types: dict[str, ex.Type] = dict(self.context)
        aliases: dict[str, str] = {}
        programs: dict[tuple[str, str], ex.Program] = {}
        for asked in self.fields:
            for part in ("when", "required_when"):
                source = getattr(asked, part)
                if source is not None:
                    programs[asked.id, part] = ex.compile(source, types, expect=ex.Truth, aliases=aliases)
            types[asked.id] = asked.expression_type()
            aliases |= {t: asked.id for t in asked.title.values() if t}
        object.__setattr__(self, "_programs", programs)
        object.__setattr__(self, "_by_id", {f.id: f for f in reversed(self.fields)})  # of two, the first

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __bool__(self) -> bool:
        return bool(self.fields)

    def get(self, id: str) -> Field | None:
        """The field with this id, or None."""
        return self._by_id.get(id)

    def types(self) -> dict[str, ex.Type]:
        """Field ids with the types that conditions see."""
        return {f.id: f.expression_type() for f in self.fields}

    def aliases(self) -> dict[str, str]:
        """Titles in both languages → field id, so that conditions can be written in Chinese."""
        return {t: f.id for f in self.fields for t in f.title.values() if t}

    def clean(self, data: Any, *, context: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, str]]:
        """(values, field errors) of what was sent.

        `data`: mapping of field id → raw value (a QueryDict works, lists are read whole for photos, seats and places). Values hold
        every field that was asked, None when left empty. An answer to a question that was not asked (`when`) is
        dropped; a name that no field has is refused by that name. Errors are sentences in the active language.
        """
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        known: dict[str, Any] = dict(context or {})
        if not isinstance(data, Mapping) and not hasattr(data, "getlist"):
            return {}, {"": gettext("这里要填一张表，收到的不是。")}
        for name in list(data)[:200]:
            if self.get(str(name)) is None and len(errors) < MAX_UNKNOWN:
                errors[str(name)[:60]] = gettext("没有这一项。")
        for asked in self.fields:
            if asked.when is not None and not self._programs[asked.id, "when"].holds(known):
                continue
            raw = data.getlist(asked.id) if asked.type in LISTS and hasattr(data, "getlist") else data.get(asked.id)
            try:
                value = clean_value(asked, raw)
            except Refused as refused:
                errors[asked.id] = str(refused)
                values[asked.id] = known[asked.id] = None
                continue
            values[asked.id] = known[asked.id] = value
            if is_empty(value) and (asked.required or self._required_now(asked, known)):
                errors[asked.id] = gettext("这一项要填。")
        return values, errors

    def _required_now(self, asked: Field, known: Mapping[str, Any]) -> bool:
        return asked.required_when is not None and self._programs[asked.id, "required_when"].holds(known)

    def bound(self, data: Mapping[str, Any] | None = None, errors: Mapping[str, str] | None = None) -> list[Bound]:
        """The fields with what was typed and what is wrong, in order, for pages."""
        data, errors = data or {}, errors or {}
        return [
            Bound(f, data.get(f.id, f.default if f.default is not None else ""), str(errors.get(f.id, "")), f.required)
            for f in self.fields
        ]

    def dump(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Cleaned values as JSON data."""
        return {name: dump_value(value) for name, value in values.items()}

    def load(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The inverse of `dump`; names the form no longer has are left out."""
        return {f.id: load_value(f, stored[f.id]) for f in self.fields if f.id in stored}

    def split(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """(open values, private texts): sensitive answers and free text must not enter an event as they are."""
        private = {
            f.id: str(dump_value(values[f.id]))
            for f in self.fields
            if (f.sensitive or f.type == "long_text") and not is_empty(values.get(f.id))
        }
        return {k: v for k, v in values.items() if k not in private}, private

    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) in the active language; "x-type", "x-when" and "x-required" carry the rest."""
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [f.id for f in self.fields if f.required and f.when is None],
            "properties": {f.id: _property(f) for f in self.fields},
        }

    def body(self) -> list[dict[str, Any]]:
        """The form as canonical JSON data; `Form.from_body` gives the same form back."""
        return [_field_body(f) for f in self.fields]

    @classmethod
    def from_body(cls, body: list[dict[str, Any]], *, context: Mapping[str, ex.Type] | None = None) -> Form:
        """The form kept in a pinned pack version."""
        return cls(
            tuple(
                Field(**{**b, "choices": tuple(Option(o["value"], o["title"]) for o in b.get("choices", ()))})
                for b in body
            ),
            context or {},
        )

    @classmethod
    def of(cls, body: list[dict[str, Any]]) -> Form:
        """Short for `Form.from_body(body)`; an empty list is an empty form."""
        return cls.from_body(body)

    @classmethod
    def from_yaml(
        cls, node: Any, context: Context | None = None, *, types: Mapping[str, ex.Type] | None = None
    ) -> Form:
        """Read a list of fields (or a mapping with `fields:`) from a pack.

        `types` are further names conditions may read. With a `context`, problems are noted there and the
        fields that could be read are returned; without one, Flawed is raised.
        """
        reading = context or Context("form")
        fields = _read_fields(node, reading, dict(types or {}))
        if context is None:
            reading.finish()
        try:
            return cls(fields, types or {})
        except ex.ExpressionError as fault:
            # Only when a field above was already refused; its problem is noted, the rest must still be read.
            if not reading.problems:
                reading.problem(node, None, fault.code, fault.words)
            return cls()


def _property(asked: Field) -> dict[str, Any]:
    shape: dict[str, Any] = {"title": asked.label, "x-type": asked.type, **_SHAPES[asked.type]}
    if asked.help:
        shape["description"] = asked.help
    if asked.type == "choice":
        shape["enum"] = [o.value for o in asked.choices]
        shape["x-labels"] = {o.value: o.label for o in asked.choices}
    if asked.type in ("text", "long_text"):
        shape["maxLength"] = asked.limit
    elif asked.type in LISTS:
        shape["maxItems"] = asked.limit
    elif asked.type == "number":
        shape |= {k: v for k, v in (("maximum", asked.max), ("minimum", asked.min)) if v is not None}
    if asked.when:
        shape["x-when"] = asked.when
    if asked.required_when:
        shape["x-required"] = asked.required_when
    if asked.default is not None:
        shape["default"] = asked.default
    shape |= {f"x-{mark}": True for mark in ("sensitive", "public") if getattr(asked, mark)}
    return shape


_SHAPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"}, "long_text": {"type": "string"},
    "number": {"type": ["number", "string"]}, "truth": {"type": "boolean"},
    "date": {"type": "string", "format": "date"}, "choice": {"type": "string"},
    "seat": {"type": "integer"}, "place": {"type": "integer"}, "category": {"type": "string"},
    "photos": {"type": "array", "items": {"type": "integer"}},
    "seats": {"type": "array", "items": {"type": "integer"}}, "places": {"type": "array", "items": {"type": "integer"}}, "entry": {"type": "integer"},
    "limit": {"type": "string", "examples": ["4 work_hour", "3 work_day"]},
}  # fmt: skip


def _field_body(asked: Field) -> dict[str, Any]:
    body: dict[str, Any] = {"id": asked.id, "type": asked.type, "title": dict(asked.title)}
    keys = (
        "required", "required_when", "max", "min", "sensitive", "public", "when", "default", "unit", "check", "register",
    )  # fmt: skip
    for key in keys:
        value = getattr(asked, key)
        if value is not None and (value is not False or key == "default"):
            body[key] = value
    if asked.choices:
        body["choices"] = [{"value": o.value, "title": dict(o.title)} for o in asked.choices]
    if any(asked.hint.values()):
        body["hint"] = dict(asked.hint)
    return body


def _read_fields(node: Any, context: Context, types: dict[str, ex.Type]) -> tuple[Field, ...]:
    if isinstance(node, Mapping):
        if not context.keys(node, required=("fields",)):
            return ()
        items = context.each(node, "fields")
        holder: Any = node.get("fields")
    else:
        items = list(enumerate(node)) if isinstance(node, list | tuple) else []
        holder = node
        if node is not None and not isinstance(node, list | tuple):
            context.problem(node, None, "pack.type", _("表单要写成一个字段的列表。"))
    if len(items) > MAX_FIELDS:
        context.problem(holder, None, "form.fields", _("一张表最多 {max} 项。"), max=MAX_FIELDS)
        return ()
    fields: list[Field] = []
    aliases: dict[str, str] = {}
    for index, item in items:
        asked = _read_field(item, holder, index, context, types, aliases)
        if asked is None:
            continue
        if any(f.id == asked.id for f in fields):
            context.problem(item, "id", "form.twice", _("“{id}”写了两次。"), id=asked.id)
            continue
        fields.append(asked)
        types[asked.id] = asked.expression_type()
        aliases |= {t: asked.id for t in asked.title.values() if t}
    return tuple(fields)


def _read_field(
    item: Any, holder: Any, index: int, context: Context, types: Mapping[str, ex.Type], aliases: Mapping[str, str]
) -> Field | None:
    if not isinstance(item, Mapping):
        context.problem(holder, index, "pack.shape", _("这里要写成“名: 值”的形式。"))
        return None
    optional = (
        "required", "max", "min", "choices", "sensitive", "public", "when", "default", "hint", "unit", "check", "register",
    )  # fmt: skip
    context.keys(item, required=("id", "type", "title"), optional=optional)
    id_ = context.text(item, "id", "", max=40)
    kind = context.one_of(item, "type", TYPES)
    if id_ and not ID.fullmatch(id_):
        context.problem(item, "id", "form.id", _("“{id}”要用小写字母开头，只含小写字母、数字和下划线。"), id=id_)
        return None
    if not id_ or kind is None:
        return None
    choices = _read_choices(item, kind, context)
    high = context.whole(
        item, "max", low=-1_000_000_000 if kind == "number" else 1, high=HARD_MAX.get(kind, 1_000_000_000)
    )
    written = item.get("required", False)
    return Field(
        id=id_,
        type=kind,
        title=context.title(item),
        required=written is True,
        required_when=_read_condition(item, "required", context, types, aliases),
        max=high,
        min=context.whole(item, "min", low=-1_000_000_000),
        choices=choices,
        sensitive=context.truth(item, "sensitive"),
        public=context.truth(item, "public"),
        when=_read_condition(item, "when", context, types, aliases),
        default=_read_default(item, kind, choices, context),
        hint=context.title(item, "hint", required=False) if "hint" in item else {},
        unit=context.text(item, "unit", None, max=10),
        check=_read_check(item, kind, context),
        register=_read_register(item, kind, context),
    )


def _read_register(item: Any, kind: str, context: Context) -> str | None:
    register: str | None = context.text(item, "register", None, max=40)
    if (kind == "entry") != (register is not None):
        context.problem(
            item, "register", "form.register", _("台账里的一条（entry）写明是哪本台账（register），别的不写。")
        )
    elif register is not None and register not in context.shared.get("registers", {}):
        context.problem(item, "register", "form.register", _("没有“{name}”这本台账。"), name=register)
    return register


def _read_check(item: Any, kind: str, context: Context) -> str | None:
    if "check" in item and kind != "text":
        context.problem(item, "check", "form.check", _("只有 text 才写 check。"))
        return None
    return context.one_of(item, "check", CHECKS)


def _read_condition(
    item: Any, key: str, context: Context, types: Mapping[str, ex.Type], aliases: Mapping[str, str]
) -> str | None:
    source = item.get(key)
    if source is None or (isinstance(source, bool) and key == "required"):
        return None
    if not isinstance(source, str) or not source.strip():
        context.problem(item, key, "pack.type", _("“{name}”要写一个条件。"), name=key)
        return None
    try:
        ex.compile(str(source), types, expect=ex.Truth, aliases=aliases)
    except ex.ExpressionError as fault:
        context.problem(
            item, key, fault.code, _("条件“{source}”：{detail}"), source=str(source)[:80], detail=fault.words
        )
        return None
    return str(source)


def _read_default(item: Any, kind: str, choices: tuple[Option, ...], context: Context) -> str | int | bool | None:
    value = plain(item.get("default"))
    fits = {"truth": bool, "number": int, "choice": str, "text": str, "limit": str}.get(kind)
    if value is None:
        return None
    if (
        isinstance(value, str | int | bool)
        and type(value) is fits
        and (not choices or value in [o.value for o in choices])
    ):
        return value
    context.problem(item, "default", "form.default", _("默认值和这一项的类型不符。"))
    return None


def _read_choices(item: Any, kind: str, context: Context) -> tuple[Option, ...]:
    if kind != "choice":
        if "choices" in item:
            context.problem(item, "choices", "form.choices", _("只有 choice 才写 choices。"))
        return ()
    options: list[Option] = []
    given = item.get("choices")
    pairs = (
        list(given.items()) if isinstance(given, Mapping) else [(None, v) for _i, v in context.each(item, "choices")]
    )
    for value, title in pairs:
        if isinstance(title, Mapping) and value is None:
            context.keys(title, required=("value", "title"))
            options.append(Option(context.text(title, "value", "", max=40), context.title(title)))
        elif isinstance(title, Mapping):
            options.append(Option(str(value), {"zh": str(title.get("zh", "")), "en": str(title.get("en", ""))}))
        else:
            written = str(title).strip()
            options.append(Option(str(value) if value is not None else written, {"zh": written, "en": ""}))
    values = [o.value for o in options]
    if not options or len(set(values)) != len(values) or not all(values):
        context.problem(item, "choices", "form.choices", _("选项不能为空，也不能重复。"))
    return tuple(options)
