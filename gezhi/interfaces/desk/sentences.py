"""The timeline in sentences: what an event says, told as people tell it. Who did it stands in bold, words in Song."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from gezhi.engines.workflows.timeline import Entry
from gezhi.interfaces.site.words import CHINA, full_date

from .fields import limit_words
from .names import ANSWERS, SORTS, place_name, seat_name

Teller = Callable[[Entry, SafeString], SafeString]


@dataclass(frozen=True)
class Line:
    """One line of the timeline. `tone` hand|back|alarm|"" is the dot; `said` the speaker's words; `photos` ids."""

    at: datetime
    text: SafeString
    tone: str
    said: str
    photos: tuple[int, ...]
    more: str


def told(entries: list[Entry], more: Iterable[Line] = ()) -> list[tuple[datetime, list[Line]]]:
    """Lines newest first, grouped by local day: (a moment of the day, its lines). `more`: lines of other rooms."""
    newest = [line(entry) for entry in reversed(entries)]
    if others := list(more):
        newest = sorted([*newest, *others], key=lambda one: one.at, reverse=True)  # stable: equal moments keep order
    return [
        (lines[0].at, lines)
        for _day, group in groupby(newest, key=lambda one: one.at.astimezone(CHINA).date())
        for lines in [list(group)]
    ]


def line(entry: Entry) -> Line:
    """One event as a line."""
    who = _who(entry)
    teller = _flagged if entry.action.startswith("flag_") else _TELL.get(entry.action)
    if entry.action in _OF_THE_LOOP and entry.workflow != LOOP:
        teller = None  # another method's "pass" or "take" is what that method calls it
    text = teller(entry, who) if teller else _plain(entry, who)
    said = next((entry.said[name] for name in _SPOKEN if entry.said.get(name)), "")
    words_of = [
        *_answered(entry),
        *((entry.labels.get(name, name), words) for name, words in entry.said.items() if words and words != said),
    ]
    rest = _("；").join(f"{_HINT.sub('', title)}{_('：')}{words}" for title, words in words_of)
    return Line(entry.at, text, _tone(entry), said, entry.photos, rest)


_HINT = re.compile(r"\s*[（(][^（）()]*[）)]$")  # “（没有可不写）” is for whoever fills the form in
# These answers stand in the sentence itself.
_IN_SENTENCE = {"sort", "unit", "proposed", "more", "solved"}


def _answered(entry: Entry) -> Iterator[tuple[str, str]]:
    """What was chosen, dated, counted or said yes to in the form: (title, words). A tick left empty is no answer."""
    for name, value in entry.form.items():
        asked = entry.fields.get(name)
        if asked is None or value in (None, "") or name in entry.sealed or name in _IN_SENTENCE:
            continue
        words = ""
        if asked.type == "choice":
            words = entry.chosen.get(name, "")
        elif asked.type == "truth":
            words = _("是") if value else _("否") if asked.required else ""
        elif asked.type == "date":
            words = full_date(datetime.combine(date.fromisoformat(str(value)), time(12), CHINA), entry.at)
        elif asked.type in ("place", "places"):
            words = _("、").join(place_name(int(id), "village") for id in _listed(value))
        elif asked.type in ("seat", "seats"):
            words = _("、").join(seat_name(int(id)) for id in _listed(value))
        elif asked.type == "number":
            words = f"{value} {asked.unit}" if asked.unit else str(value)
        if words:
            yield asked.label, words


def _listed(value: object) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


_SPOKEN = ("words", "result", "progress", "answer", "why", "reason", "ground", "finding", "question", "plan", "demand",
           "note")  # fmt: skip


def _who(entry: Entry) -> SafeString:
    if entry.actor_kind == "resident":
        return SafeString(escape(_("居民")))
    if entry.actor_kind == "system":
        return SafeString(escape(_("系统")))
    if entry.seat_label and entry.who:
        return format_html("{}<b>{}</b>", entry.seat_label, entry.who)
    return format_html("<b>{}</b>", entry.who or entry.seat_label or _("工作人员"))


def _tone(entry: Entry) -> str:
    if entry.kind in ("item.breached", "item.escalated", "case.supervise", "case.urge"):
        return "alarm"
    if entry.action in ("finish", "pass", "solved", "record", "settle", "answer", "sample", "conclude"):
        return "back"
    return "hand" if entry.moved else ""


def _fill(words: str, **parts: object) -> SafeString:
    """A translated sentence with its parts escaped: {who} may already hold markup."""
    return format_html(mark_safe(escape(words).replace("&#x27;", "'")), **parts)


def _plain(entry: Entry, who: SafeString) -> SafeString:
    title = entry.title or entry.says or entry.stage_title
    return _fill(_("{who}：{title}。"), who=who, title=title)


def _opened(entry: Entry, who: SafeString) -> SafeString:
    if entry.actor_kind == "staff":
        return _fill(_("{who}登记了这件事。"), who=who)
    return _fill(_("{who}提出这件事。"), who=who)


def _dispatched(entry: Entry, who: SafeString) -> SafeString:
    sort = SORTS.get(str(entry.form.get("sort", "")), "")
    unit = entry.form.get("unit")
    if unit:
        words = _("{who}分派给{unit}，按{sort}办。") if sort else _("{who}分派给{unit}。")
        return _fill(words, who=who, unit=seat_name(int(unit)), sort=sort)
    return _fill(_("{who}定为{sort}，给居民写怎么办。"), who=who, sort=sort)


def _flagged(entry: Entry, who: SafeString) -> SafeString:
    """A resident flagged something while watching the works."""
    return _fill(_("居民在“{watch}”里提了问题，等答复。"), watch=entry.title)


def _counted(entry: Entry, who: SafeString) -> SafeString:
    """A panel was closed: its result in a sentence."""
    told = entry.panel
    words = {
        "passed": _("{who}收了票：{step}，参加 {voted}，请了 {invited}，通过了。"),
        "failed": _("{who}收了票：{step}，参加 {voted}，请了 {invited}，没有通过。"),
        "void": _("{who}收了票：{step}，参加 {voted}，请了 {invited}，人不够。"),
    }.get(str(told.get("result")))
    if words is None:
        return _plain(entry, who)
    return _fill(words, who=who, step=entry.stage_title, voted=told.get("voted", 0), invited=told.get("invited", 0))


def _ruled(entry: Entry, who: SafeString) -> SafeString:
    return _fill(_("{who}指定由{unit}办理。"), who=who, unit=seat_name(_number(entry.form.get("unit"))))


def _returned(entry: Entry, who: SafeString) -> SafeString:
    return _fill(_("{who}退单，建议由{unit}办。"), who=who, unit=seat_name(_number(entry.form.get("proposed"))))


def _asked_more(entry: Entry, who: SafeString) -> SafeString:
    return _fill(_("{who}申请延期{more}。"), who=who, more=limit_words(str(entry.form.get("more", "1 work_day"))))


def _recorded(entry: Entry, who: SafeString) -> SafeString:
    answer = ANSWERS.get(str(entry.form.get("solved", "")), _("有回话"))
    return _fill(_("{who}回访，居民说：{answer}。"), who=who, answer=answer)


def _climbed(entry: Entry, who: SafeString) -> SafeString:
    """Each rung by what it did and whom it reached; an event of old named none."""
    said = [
        _fill(_RUNGS[rung["do"]](), stage=entry.stage_title, seat=seat_name(_number(rung.get("seat"))))
        for rung in entry.rungs
        if rung.get("do") in _RUNGS
    ]
    return SafeString("".join(said)) or _fill(_("还没办，升一级督办。"), who=who)


_RUNGS: dict[str, Callable[[], str]] = {
    "remind": lambda: _("{stage}这一步还没办，提醒了{seat}。"),
    "supervise": lambda: _("{stage}这一步还没办，升级到{seat}督办。"),
    "take_over": lambda: _("{stage}这一步还没办，由{seat}接过去办。"),
}


def _words(sentence: Callable[[], str]) -> Teller:
    return lambda entry, who: _fill(sentence(), who=who, stage=entry.stage_title)


def _number(value: object) -> int | None:
    return int(str(value)) if value not in (None, "") else None


def _kept_apart(entry: Entry, who: SafeString) -> SafeString:
    """An ordinary matter became a protected one, and who had it in hand until then."""
    if not entry.who:  # told to somebody who did not receive it: not by whom
        return _fill(_("转为保密事项，换到上一级来收。"), who=who)
    told = _fill(_("{who}转为保密事项，换到上一级来收。"), who=who)
    if not entry.known_to:
        return told
    return SafeString(told + _fill(_("在这之前经手、看得到的人：{names}。"), names=_("、").join(entry.known_to)))


def _came_back(entry: Entry, who: SafeString) -> SafeString:
    """A matter kept apart midway is an ordinary one again, and who had it in between."""
    told = _fill(_("{who}看了不是保密事项，回到原来的办法接着办。"), who=who)
    if not entry.known_to:
        return told
    return SafeString(told + _fill(_("转为保密期间经手的人：{names}。"), names=_("、").join(entry.known_to)))


#: The residents' loop, and what its actions mean in it and in no other method.
LOOP = "request"
_OF_THE_LOOP = {
    "accept", "pass_up", "settle", "finish", "pass", "fail", "grant", "refuse", "resort", "answer", "ask", "take", "record",
    "sample", "sample_fail", "conclude", "rule",
}  # fmt: skip

_TELL: dict[str, Teller] = {
    "protect": _kept_apart,
    "restore": _came_back,
    "open": _opened,
    "close_panel": _counted,
    "time_over": _counted,
    "dispatch": _dispatched,
    "rule": _ruled,
    "return": _returned,
    "extend": _asked_more,
    "record": _recorded,
    "accept": _words(lambda: _("{who}签收。")),
    "pass_up": _words(lambda: _("{who}报街道来分派。")),
    "settle": _words(lambda: _("{who}当场办结。")),
    "finish": _words(lambda: _("{who}办好，请人核查。")),
    "progress": _words(lambda: _("{who}记了一笔进展。")),
    "pass": _words(lambda: _("{who}去看过，办好了。")),
    "fail": _words(lambda: _("{who}去看过，没办好，退回返工。")),
    "grant": _words(lambda: _("{who}同意延期。")),
    "refuse": _words(lambda: _("{who}不同意延期。")),
    "resort": _words(lambda: _("{who}改判分流，重新分派。")),
    "answer": _words(lambda: _("{who}给居民写了答复。")),
    "ask": _words(lambda: _("{who}问了居民一句。")),
    "add": _words(lambda: _("{who}补充了一句。")),
    "note": _words(lambda: _("{who}留了一句话。")),
    "urge": _words(lambda: _("{who}催办。")),
    "supervise": _words(lambda: _("{who}督办。")),
    "take": _words(lambda: _("{who}接过来办。")),
    "hand_over": _words(lambda: _("{who}转给同席位的人。")),
    "solved": _words(lambda: _("{who}说解决了。")),
    "unsolved": _words(lambda: _("{who}说没解决，重新办。")),
    "record_no": _words(lambda: _("{who}回访，居民说没解决，重新办。")),
    "reopen": _words(lambda: _("{who}说没解决，重新办。")),
    "sample": _words(lambda: _("{who}抽查过，办好了。")),
    "sample_fail": _words(lambda: _("{who}抽查过，没办好。")),
    "lapse": _words(lambda: _("到期没有等到居民回话。")),
    "conclude": _words(lambda: _("{who}给出终结答复。")),
    "item.warned": _words(lambda: _("到了提醒点，{stage}这一步快到时限。")),
    "item.breached": _words(lambda: _("{stage}这一步过了时限。")),
    "item.escalated": _climbed,
    "case.reclocked": _words(lambda: _("放假或上班的安排改了，时限重新算过。")),
    "case.cleared": _words(lambda: _("依法抹除个人信息，照片一并删除。")),
    "erased": _words(lambda: _("里面写的话已依法删除。")),
    "case.replaced": _words(lambda: _("网格或区划调整，这件事随地方划归新的网格和席位，时限不变。")),
    "case.migrated": _words(lambda: _("这一件换到了这种办法的新版，经过重做了一遍，都对得上。")),
    "case.undone": _words(lambda: _("{who}撤回了这次整表导入，这件不再办。")),
    "case.reseated": _words(lambda: _("经办的人离开席位，这一步交给接任的人。")),
}
