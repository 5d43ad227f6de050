"""What a notice says: pack data `notices/*.yaml`, read and checked; filled in the reader's language.

Body: {"for": "staff"|"resident", "templates": {name: {"title", "text", "urgent", "channels", "group"}}}.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.packs import Context, localised
from gezhi.foundation.packs.loading import ITEM_NAME

# What a text may say: no personal data beyond the number and the headline of the category.
FIELDS = ("number", "category", "stage", "seat", "due")
WAYS = ("group", "sms", "email")
READERS = ("staff", "resident")
MAX_TEXT = 120  # a text message of two parts, with its link
SHARED = "notices"
_FIELD = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Template:
    """`channels`: ways out beside the app's own list, among group, sms, email. `urgent`: passes quiet hours."""

    name: str
    reader: str
    title: Mapping[str, str]
    text: Mapping[str, str]
    urgent: bool
    channels: tuple[str, ...]

    def said(self, words: Mapping[str, Any], lang: str) -> str:
        """The text in "zh" or "en", filled from what `post` was given ({"zh": {...}, "en": {...}, "due": iso})."""
        text = self.text.get(lang) or self.text["zh"]
        facts = dict.fromkeys(FIELDS, "") | dict(words.get(lang) or words.get("zh") or {})
        if words.get("due"):
            facts["due"] = moment(datetime.fromisoformat(words["due"]), lang)
        return text.format(**facts)

    def headline(self, lang: str) -> str:
        return self.title.get(lang) or self.title["zh"]


def moment(at: datetime, lang: str) -> str:
    """By when, as a message says it, where "today" would be wrong when it is read: 11月21日18:00, 18:00 on 21 Nov."""
    day, hour = clock.ending(at)
    if lang == "en":
        return f"{hour} on {day.day} {day:%b}"
    return f"{day.month}月{day.day}日{hour}"


# Not of a pack: what tries out a gateway must say itself even where no pack tells anybody anything.
TRIED = Template(
    "tried", "staff",
    {"zh": "试发", "en": "Trial message"},
    {"zh": "格治试发：收到这一条，说明这个通道通着。", "en": "A trial from Gezhi: whoever reads this, the way here is open."},
    urgent=True, channels=("group", "sms", "email"),
)  # fmt: skip


def template(name: str) -> Template | None:
    """The template of that name; of several packs' the one installed last. None when there is none any more."""
    if name == TRIED.name:
        return TRIED
    registry = packs.registry()
    for document in reversed(registry.names("notices")):
        body = registry.body("notices", document)
        if name in body["templates"]:
            raw = body["templates"][name]
            channels = tuple(raw["channels"])
            return Template(name, body["for"], raw["title"], raw["text"], raw["urgent"], channels)
    return None


def read_notices(node: Any, context: Context) -> Any:
    """One `notices/*.yaml`: every unknown key, channel and placeholder is noted with its line."""
    if not context.keys(node, required=("notices", "for", "templates"), optional=("version", "title", "about")):
        return None
    reader = context.one_of(node, "for", READERS, "staff")
    holder = node["templates"]
    if not isinstance(holder, Mapping):
        context.problem(node, "templates", "pack.shape", _("这里要写成“名: 值”的形式。"))
        return None
    templates: dict[str, Any] = {}
    for name, raw in holder.items():
        if not ITEM_NAME.fullmatch(str(name)):
            context.problem(
                holder, name, "pack.item_name", _("“{name}”只能用小写字母、数字、下划线和连字符。"), name=name
            )
        elif context.keys(raw, required=("title", "text"), optional=("urgent", "channels")):
            templates[str(name)] = {
                "title": context.title(raw),
                "text": _text(raw, context),
                "urgent": context.truth(raw, "urgent"),
                "channels": _channels(raw, reader, context),
            }
    context.shared[SHARED] = {**context.shared.get(SHARED, {}), **dict.fromkeys(templates, reader)}
    return {"for": reader, "title": context.title(node, required=False), "templates": templates}


def _text(raw: Any, context: Context) -> dict[str, str]:
    text = context.title(raw, "text")
    inside = raw["text"] if isinstance(raw.get("text"), Mapping) else None
    for lang, words in text.items():
        node, key = (inside, lang) if inside is not None and lang in inside else (raw, "text")
        if len(words) > MAX_TEXT * (3 if lang == "en" else 1):
            context.problem(node, key, "pack.long", _("“{key}”超过 {max} 个字。"), key=lang, max=MAX_TEXT)
        for name in _FIELD.findall(words):
            if name not in FIELDS:
                context.problem(
                    node, key, "notice.field", _("提醒里不能写“{field}”，可以是：{known}。"),
                    field="{" + name + "}", known="、".join("{" + f + "}" for f in FIELDS),
                )  # fmt: skip
        if set(_FIELD.sub("", words)) & set("{}"):
            context.problem(node, key, "notice.brace", _("花括号要成对，里面写一个字段名。"))
    return text


def _channels(raw: Any, reader: str, context: Context) -> list[str]:
    found: list[str] = []
    for index, way in context.each(raw, "channels"):
        if way not in WAYS:
            context.problem(
                raw["channels"], index, "notice.channel", _("没有“{way}”这个通道，可以是：{known}。"),
                way=way, known="、".join(WAYS),
            )  # fmt: skip
        elif reader == "resident" and way != "sms":
            context.problem(raw["channels"], index, "notice.resident", _("给居民的只走短信。"))
        elif way not in found:
            found.append(str(way))
    return found


def label(name: str) -> str:
    """The title of a template in the active language, its name when no pack has it any more."""
    known = template(name)
    return localised(known.title) if known else name
