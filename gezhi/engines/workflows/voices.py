"""What residents say beside a case in public: comments on a topic, what they saw of the works, flags.

A phone that was verified stands behind every voice, as a keyed hash. Words that need a look wait until the owner has
looked; what is taken down leaves its ground in the record. A flag reaches the owner as work with a clock, at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows import access, rules
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.engines.workflows.panel_models import Voice
from gezhi.engines.workflows.schema import Stage, Workflow, definition, flag_of
from gezhi.foundation import db, events, files, packs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotFound, TooMany, register
from gezhi.foundation.packs.reading import Context
from gezhi.foundation.people import Actor

FIELDS = ["stage", "kind", "state", "at", "photos", "judged_at", "judged_by", "ground"]
KINDS = ("comment", "note", "flag")
WAITING, SHOWN, REMOVED = "waiting", "shown", "removed"
GROUNDS = ("abuse", "privacy", "untrue", "advert", "law")
MOST_WORDS = 500
A_DAY = 20  # voices of one phone in 24 hours, in all matters

register("voice.closed", 409, _("现在不收意见。"), _("这件事不在可以说的那一步。"), _("可以看看进展；新的事请另外提。"))
register(
    "voice.too_many", 429, _("今天说得太多了。"), _("一个手机号一天最多说 {most} 条。"), _("请明天再来，急事请打电话。")
)
register("voice.not_found", 404, _("没有这条意见。"), _("它不存在，或者不在您能看到的范围。"), _("请从事项页面进入。"))
register("voice.judged", 409, _("这条意见已经处理过了。"), _("刚刚有人看过它。"), _("请看一眼现在的样子。"))


@dataclass(frozen=True)
class Said:
    """A voice with its words; `words` is "" when they were lawfully erased."""

    voice: Voice
    words: str


def open_for(flow: Workflow, case: Case) -> frozenset[str]:
    """Which kinds of voices the case takes now: comments while its trunk stands at a public panel, notes and flags
    while a watch runs."""
    if case.state != OPEN or case.protected:
        return frozenset()
    found: set[str] = set()
    rule = flow.stages[case.stage].panel
    if rule is not None and rule.public:
        found.add("comment")
    for watch in running(flow, case):
        found.add("note")
        if watch.flag:
            found.add("flag")
    return frozenset(found)


def running(flow: Workflow, case: Case) -> Sequence[Stage]:
    """The watches that run now: they are not opened or closed, the trunk stands beside them or it does not."""
    return [w for w in flow.watches if case.state == OPEN and case.stage in w.beside]


def say(case_id: int, kind: str, words: str, *, phone: bytes, photos: Sequence[int] = (), actor: Actor) -> Voice:
    """A resident says something in public. `phone`: the keyed hash of a phone that was verified just now.

    Raises NotFound, Conflict voice.closed, TooMany, Invalid (words).
    """
    words = words.strip()
    if not words or len(words) > MOST_WORDS:
        raise Invalid(field_errors={"words": _("写 1 到 {most} 个字。").format(most=MOST_WORDS)})
    now = clock.now()
    with db.write():
        case = Case.objects.filter(pk=case_id).first()
        if case is None:
            raise NotFound("case.not_found")
        flow, _hash = definition(case.workflow, case.version)
        if kind not in open_for(flow, case):
            raise Conflict("voice.closed")
        recent = Voice.objects.filter(phone_hash=phone, at__gt=now - timedelta(days=1)).count()
        if recent >= A_DAY:
            raise TooMany("voice.too_many", most=A_DAY, retry_after=3600)
        voice = Voice(
            id=rules.new_id(now), case_id=case.id, stage=case.stage, kind=kind, phone_hash=phone, at=now,
            state=WAITING if kind == "flag" or needs_a_look(words) else SHOWN, photos=list(photos),
        )  # fmt: skip
        stream = f"voice:{voice.id}"
        ref = events.keep(stream, {"text": words})["text"]
        voice.text_ref = ref.id
        _record(voice, "voice.said", {"case": case.id, "text": ref.as_json()}, actor)
        db.insert(voice)
        files.attach(photos, stream=stream)
        if kind == "flag":
            _tell_owner(flow, case)
    return voice


def _tell_owner(flow: Workflow, case: Case) -> None:
    """The flag is on the owner's desk now; when one of an earlier flag is still there, it takes this one in."""
    from gezhi.engines.workflows.firing import fire

    for watch in running(flow, case):
        if not watch.flag:
            continue
        if WorkItem.objects.filter(case_id=case.id, state=OPEN, stage__in=flow.answering, branch="").exists():
            return
        trunk = WorkItem.objects.get(case_id=case.id, state=OPEN, side=False, branch="")
        fire(case.id, flag_of(watch).id, item=trunk.number, expected_seq=None, actor=people.system("watch"))
        return


def judge(voice_id: int, *, show: bool, actor: Actor, ground: str = "") -> Voice:
    """Let a voice be seen, or take it down with the ground. By whoever owns the case now or may supervise it.

    Raises NotFound, NotAllowed, Invalid (ground), Conflict voice.judged.
    """
    if not show and ground not in GROUNDS:
        raise Invalid(field_errors={"ground": _("请选为什么不公开。")})
    with db.write():
        voice = Voice.objects.select_for_update().filter(pk=voice_id).first()
        if voice is None:
            raise NotFound("voice.not_found")
        case = access.case_to_see(voice.case_id, actor=actor)
        if not may_judge(case, actor):
            actor.need("case.supervise", access.path_of(case))
        wanted = SHOWN if show else REMOVED
        if voice.state == wanted:
            raise Conflict("voice.judged")
        voice.state, voice.ground = wanted, "" if show else ground
        voice.judged_at, voice.judged_by = clock.now(), actor.person_id
        _record(voice, "voice.shown" if show else "voice.removed", {}, actor)
        voice.save()
    return voice


def may_judge(case: Case, actor: Actor) -> bool:
    """Whoever owns the matter, or supervises it."""
    if actor.kind != "staff":
        return False
    return case.owner_seat in actor.answering or actor.may("case.supervise", access.path_of(case))


def _record(voice: Voice, kind: str, more: dict[str, Any], actor: Actor) -> None:
    head = events.Head(voice.event_seq, bytes(voice.event_hash)) if voice.event_seq else events.GENESIS
    patch = {name: getattr(voice, name) for name in FIELDS} | more
    head = events.record(f"voice:{voice.id}", kind, actor=actor, head=head, patch=patch)
    voice.event_seq, voice.event_hash = head.seq, head.hash


def of_case(case_id: int, *, public: bool, limit: int = 100) -> list[Said]:
    """Voices of a case, newest first; in public only what is shown. Two queries."""
    rows = Voice.objects.filter(case_id=case_id)
    if public:
        rows = rows.filter(state=SHOWN)
    found = list(rows.order_by("-id")[:limit])
    words = events.read_private([v.text_ref for v in found])
    return [Said(v, words.get(v.text_ref) or "") for v in found]


def needs_a_look(words: str) -> bool:
    """Whether somebody looks before it is seen: phone and identity numbers, links, and the place's own list of words."""
    if re.search(r"\d{7,}|https?://|www\.|@", words):
        return True
    return any(word in words.casefold() for word in _listed())


def _listed() -> tuple[str, ...]:
    """Words of all packs' lists."""
    return _words_of(packs.registry())


@lru_cache(maxsize=4)
def _words_of(registry: Any) -> tuple[str, ...]:
    return tuple(w for name in registry.names("words") for w in registry.body("words", name)["look"])


def read_words(node: Any, context: Context) -> Mapping[str, Any] | None:
    """`words.yaml`: words at which somebody looks before a voice is shown; at most 2,000."""
    if not context.keys(node, required=("look",), optional=("version", "about")):
        return None
    found = [str(word).strip().casefold() for _at, word in context.each(node, "look")]
    if len(found) > 2_000:
        context.problem(node, "look", "words.many", _("词太多，最多 2000 个。"))
    return {"look": [word for word in found if word][:2_000]}
