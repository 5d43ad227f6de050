"""Planning who is on when at a place, switching the level, and standing in: the only writers of turns.

A roster is worked out at reading and kept nowhere; what is adopted is one `Rota` with its turns and one event. Turns of
one roster at one place never lie over each other, nobody is on twice at once, and everybody has the rest their rule says.
docs/rules/rosters.md
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.matching import lanes, people_of, tiling, writing
from gezhi.engines.matching.models import Hold
from gezhi.engines.matching.rosters import Roster, Rule, roster
from gezhi.engines.matching.tiling import Stretch
from gezhi.engines.matching.turn_models import Alert, Rota, Turn
from gezhi.foundation import db, places
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.forms.cleaning import clean_text
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import seat_here
from gezhi.foundation.places.placed import above
from gezhi.foundation.subjects.models import Subject

LONGEST = timedelta(days=190)  # a term
LOOK = timedelta(days=4)  # the longest rest, either side
ON, RELIEVED, DROPPED = "on", "relieved", "dropped"
FIELDS = (
    "roster", "version", "body_hash", "place_id", "county_id", "town_id", "village_id", "grid_id", "level", "starts", "ends",
    "short", "seat_id", "person_id", "planned_at",
)  # fmt: skip
TURN = ("subject_id", "starts", "ends", "state")
ALERT = ("roster", "place_id", "level", "since", "until", "seat_id", "person_id")


@dataclass(frozen=True)
class Plan:
    """What the rule would give: `turns` are new, `short` the slots that too few could be found for."""

    kind: Roster
    place_id: int
    rule: Rule
    slots: list[Stretch]
    turns: list[tuple[Stretch, int]]
    short: list[tuple[Stretch, int]]
    who: Mapping[int, Subject]

    @property
    def seen(self) -> str:
        """A fingerprint of what was shown: adopting says which one was seen."""
        body = [[a.isoformat(), b.isoformat(), who] for (a, b), who in self.turns]
        return hashlib.sha256(json.dumps([body, len(self.slots), self.rule.id]).encode()).hexdigest()[:16]


def may_plan(kind: Roster, place_id: int, actor: Actor) -> bool:
    """Whether one of the actor's seats plans this here."""
    return seat_here(actor, kind.planners, place_id) is not None


def level(name: str, place_id: int) -> Alert | None:
    """The level in force at a place; None: the roster's own rule. One query."""
    return Alert.objects.filter(roster=name, place_id=place_id, until=None).first()


def propose(name: str, place_id: int, first: date, last: date, *, actor: Actor) -> Plan:
    """Turns for the days `first` to `last`, ends counted, by the level in force. Six queries.

    Raises NotAllowed roster.not_yours, Invalid roster.invalid.
    """
    kind = _mine(name, place_id, actor)
    return _proposed(kind, place_id, first, last)


def _proposed(kind: Roster, place_id: int, first: date, last: date, *, hold: bool = False) -> Plan:
    if not clock.today() - timedelta(days=31) <= first <= last or last - first > LONGEST:
        raise Invalid("roster.invalid", field_errors={"last": _("从哪天到哪天写对，最长半年。")})
    rule = _rule(kind, place_id)
    slots = tiling.slots(kind.days(first, last), rule.hours, clock.midnight)
    return _plan(kind, place_id, rule, slots, hold=hold)


def _plan(kind: Roster, place_id: int, rule: Rule, slots: list[Stretch], *, hold: bool = False) -> Plan:
    """`hold`: inside a write, and nobody else gives these people turns until it ends (another roster may have them too)."""
    who = {row.pk: row for row, _line in people_of.lines(kind.register, kind.states, place_id)}
    if not slots:
        return Plan(kind, place_id, rule, [], [], [], who)
    if hold:
        lanes.lock([f"subject:{id}" for id in who])
    since, until = slots[0][0], max(end for _start, end in slots)
    made = tiling.assign(
        slots, list(who), crew=rule.crew, rest=rule.rest, taken=_taken(who, since, until), busy=_busy(who, since, until)
    )
    return Plan(kind, place_id, rule, slots, list(made.given), list(made.short), who)


def adopt(name: str, place_id: int, first: date, last: date, *, actor: Actor, seen: str, gaps: bool = False) -> Rota:
    """Put the roster that was seen in force. `gaps`: also where too few could be found (they are shown as such).

    Raises as `propose`, Conflict roster.stale, roster.overlap, roster.gap, roster.nothing.
    """
    with db.write():
        _lock(name, place_id)
        found = _proposed(_mine(name, place_id, actor), place_id, first, last, hold=True)
        if found.seen != seen:
            raise Conflict("roster.stale")
        if not found.turns:
            raise Conflict("roster.nothing")
        starts, ends = found.slots[0][0], max(end for _start, end in found.slots)
        if _there(name, place_id, starts, ends):
            raise Conflict("roster.overlap")
        if found.short and not gaps:
            (since, until), n = found.short[0]
            raise Conflict("roster.gap", since=_said(since), until=_said(until), n=n)
        return _store(found, starts, ends, actor)


def set_level(name: str, place_id: int, to: str, *, actor: Actor, reason: str) -> tuple[Alert | None, list[Rota]]:
    """Another level from now on ("" for none): what is planned ahead is laid out anew by its rule. (level, new rotas)

    The slot that runs is finished; the turns after it are dropped and the same stretch is tiled by the new rule, with the
    rest everybody needs. Where too few are left the level changes all the same, and the slots that lack somebody stand in
    the rota. Raises NotAllowed roster.not_yours, Invalid roster.invalid, Conflict roster.level.
    """
    kind = _mine(name, place_id, actor)
    words = clean_text(reason, max=300, lines=False)
    if len(words) < 2:
        raise Invalid("roster.invalid", field_errors={"reason": _("请写明根据什么改。")})
    try:
        rule = kind.rule(to)
    except KeyError:
        raise Invalid("roster.invalid", field_errors={"level": _("请选一级。")}) from None
    now = clock.now()
    with db.write():
        _lock(name, place_id)
        was = Alert.objects.select_for_update().filter(roster=name, place_id=place_id, until=None).first()
        if (was.level if was else "") == to:
            raise Conflict("roster.level")
        seat = seat_here(actor, kind.planners, place_id)
        if was is not None:
            was.until = now
            writing.put(was, "alert.ended", {"until": now}, actor=actor, seat=seat)
        row: Alert | None = None
        if to:
            (id,) = db.new_ids(Alert, 1)
            row = Alert(
                id=id, roster=name, place_id=place_id, level=to, since=now, seat_id=seat, person_id=actor.person_id
            )
            kept = log.keep(f"alert:{id}", {"reason": words})
            row.reason_ref = kept["reason"].id
            told = {f: getattr(row, f) for f in ALERT} | kept
            writing.put(row, "alert.raised", told, actor=actor, seat=seat, new=True)
        ahead = list(Rota.objects.filter(roster=name, place_id=place_id, ends__gt=now).order_by("starts"))
        made = [new for rota in ahead if (new := _again(kind, rule, rota, now, actor)) is not None]
    return row, made


def _again(kind: Roster, rule: Rule, rota: Rota, now: datetime, actor: Actor) -> Rota | None:
    """Cut a rota where its running slot ends, and tile the rest of its stretch by another rule."""
    turns = list(rota.turns.filter(state=ON).order_by("number"))
    running = [turn.ends for turn in turns if turn.starts <= now < turn.ends]
    cut, end = max(running, default=max(now, rota.starts)), rota.ends
    gone = [turn for turn in turns if turn.starts >= cut]
    for turn in gone:
        turn.state = DROPPED
    Turn.objects.bulk_update(gone, ["state"])
    rota.ends = cut
    rota.short = [one for one in rota.short if datetime.fromisoformat(one[0]) < cut]
    patch = {"ends": cut, "short": rota.short} | {f"turn:{turn.number}": _told(turn) for turn in gone}
    writing.put(rota, "rota.cut", patch, actor=actor, seat=rota.seat_id)
    days = kind.days(clock.local(cut).date() - timedelta(days=1), clock.local(end).date())
    slots = tiling.clipped(tiling.slots(days, rule.hours, clock.midnight), cut, end)
    if not slots:
        return None
    return _store(_plan(kind, rota.place_id, rule, slots, hold=True), cut, end, actor)


def relieve(turn_id: int, subject_id: int, *, actor: Actor) -> Turn:
    """Somebody else takes a turn that has not ended: all of it, or what is left of it from now on. Rest and time hold.

    Raises NotFound roster.none, NotAllowed, Conflict roster.over, roster.rest, Invalid roster.invalid.
    """
    with db.write():
        of = Rota.objects.filter(turns=turn_id).first()
        if of is None:
            raise NotFound("roster.none")
        kind = _mine(of.roster, of.place_id, actor)
        _lock(kind.name, of.place_id)  # before any row: whoever switches the level takes them in this order
        rota = Rota.objects.select_for_update().get(pk=of.pk)
        turn = Turn.objects.select_for_update().get(pk=turn_id)
        now, rule = clock.now(), kind.rule(rota.level)
        if turn.state != ON or turn.ends <= now:
            raise Conflict("roster.over")
        who = {row.pk for row, _line in people_of.lines(kind.register, kind.states, rota.place_id)}
        if subject_id not in who:
            raise Invalid("roster.invalid", field_errors={"who": _("请从名单里选一位。")})
        slot = (max(now, turn.starts), turn.ends)
        lanes.lock([f"subject:{subject_id}"])
        taken, busy = _taken([subject_id], *slot), _busy([subject_id], *slot)
        if not tiling.assign([slot], [subject_id], crew=1, rest=rule.rest, taken=taken, busy=busy).given:
            raise Conflict("roster.rest", hours=int(rule.rest.total_seconds() // 3600))
        last = Turn.objects.filter(rota=rota).order_by("-number").values_list("number", flat=True)[0]
        if turn.starts < now:  # what they did stays theirs
            turn.ends = now
        else:
            turn.state = RELIEVED
        turn.save(update_fields=["ends", "state"])
        (id,) = db.new_ids(Turn, 1)
        new = Turn(id=id, rota=rota, number=last + 1, subject_id=subject_id, starts=slot[0], ends=slot[1])
        new.save(force_insert=True)
        told = {f"turn:{one.number}": _told(one) for one in (turn, new)}
        seat = seat_here(actor, kind.planners, rota.place_id)
        writing.put(rota, "rota.relieved", told, actor=actor, seat=seat)
    return new


def turns(name: str, place_id: int, since: datetime, until: datetime) -> list[Turn]:
    """The turns of a place that meet [since, until), in order. One query."""
    rows = Turn.objects.filter(rota__roster=name, rota__place_id=place_id, state=ON, starts__lt=until, ends__gt=since)
    return list(rows.select_related("rota").order_by("starts", "number"))


def holes(name: str, place_id: int, since: datetime, until: datetime) -> list[tuple[Stretch, int]]:
    """What of the rotas there lacks somebody in [since, until), by the turns and the level each was planned by. Two queries."""
    kind = roster(name)
    found: list[tuple[Stretch, int]] = []
    there = turns(name, place_id, since, until)
    for rota in Rota.objects.filter(roster=name, place_id=place_id, starts__lt=until, ends__gt=since).order_by(
        "starts"
    ):
        rule = roster(name, rota.version).rule(rota.level)
        days = kind.days(clock.local(rota.starts).date() - timedelta(days=1), clock.local(rota.ends).date())
        first, last = max(rota.starts, since), min(rota.ends, until)
        wanted = tiling.clipped(tiling.slots(days, rule.hours, clock.midnight), first, last)
        edges = sorted({edge for turn in there for edge in (turn.starts, turn.ends)})
        parts = [part for slot in wanted for part in _parted(slot, edges)]
        found += tiling.lacking(parts, [(turn.starts, turn.ends) for turn in there], rule.crew)
    return found


def _parted(slot: Stretch, edges: Iterable[datetime]) -> list[Stretch]:
    """A slot cut where a turn inside it changes hands."""
    at = [slot[0], *(edge for edge in edges if slot[0] < edge < slot[1]), slot[1]]
    return list(zip(at, at[1:], strict=False))


def mine(person_id: int, since: datetime, until: datetime) -> list[Turn]:
    """The turns of a colleague who is on a roster's register under their own name. Two queries."""
    who = list(Subject.objects.filter(person_id=person_id).values_list("pk", flat=True))
    rows = Turn.objects.filter(subject_id__in=who, state=ON, starts__lt=until, ends__gt=since)
    return list(rows.select_related("rota").order_by("starts")) if who else []


def _store(found: Plan, starts: datetime, ends: datetime, actor: Actor) -> Rota:
    kind, place_id = found.kind, found.place_id
    (id,) = db.new_ids(Rota, 1)
    row = Rota(
        id=id, roster=kind.name, version=kind.version, body_hash=kind.hash, place_id=place_id,
        **above(places.directory().path(place_id)), level=found.rule.id, starts=starts, ends=ends,
        short=[[a.isoformat(), b.isoformat(), n] for (a, b), n in found.short],
        seat_id=seat_here(actor, kind.planners, place_id), person_id=actor.person_id, planned_at=clock.now(),
    )  # fmt: skip
    made = [
        Turn(id=pk, rota=row, number=n, subject_id=who, starts=a, ends=b)
        for n, (pk, ((a, b), who)) in enumerate(
            zip(db.new_ids(Turn, len(found.turns)), found.turns, strict=True), start=1
        )
    ]
    patch = {f: getattr(row, f) for f in FIELDS} | {f"turn:{turn.number}": _told(turn) for turn in made}
    writing.put(row, "rota.planned", patch, actor=actor, seat=row.seat_id, new=True)
    db.insert_many(made)
    return row


def _there(name: str, place_id: int, since: datetime, until: datetime) -> bool:
    return Rota.objects.filter(roster=name, place_id=place_id, starts__lt=until, ends__gt=since).exists()


def _taken(who: Iterable[int], since: datetime, until: datetime) -> dict[int, list[Stretch]]:
    """Turns that stand around a stretch, of any roster. One query."""
    found: dict[int, list[Stretch]] = defaultdict(list)
    rows = Turn.objects.filter(subject_id__in=list(who), state=ON, starts__lt=until + LOOK, ends__gt=since - LOOK)
    for subject, starts, ends in rows.values_list("subject_id", "starts", "ends"):
        found[subject].append((starts, ends))
    return found


def _busy(who: Iterable[int], since: datetime, until: datetime) -> dict[int, list[Stretch]]:
    """When those of them who are colleagues are bound by a meeting or an order. Two queries."""
    persons = dict(Subject.objects.filter(pk__in=list(who)).exclude(person_id=None).values_list("person_id", "pk"))
    if not persons:
        return {}
    keys = {lanes.person(f"p:{person}"): subject for person, subject in persons.items()}
    found: dict[int, list[Stretch]] = defaultdict(list)
    rows = Hold.objects.filter(lane__in=list(keys), starts__lt=until, ends__gt=since)
    for lane, starts, ends in rows.values_list("lane", "starts", "ends"):
        found[keys[lane]].append((starts, ends))
    return found


def _mine(name: str, place_id: int, actor: Actor) -> Roster:
    kind = roster(name)
    if place_id not in places.directory() or not may_plan(kind, place_id, actor):
        raise NotAllowed("roster.not_yours")
    return kind


def _rule(kind: Roster, place_id: int) -> Rule:
    held = level(kind.name, place_id)
    return kind.rule(held.level if held else "")


def _lock(name: str, place_id: int) -> None:
    lanes.lock([f"roster:{name}:{place_id}"])


def _said(moment: datetime) -> str:
    return f"{clock.local(moment):%m-%d %H:%M}"


def _told(turn: Turn) -> dict[str, Any]:
    return {
        "subject_id": turn.subject_id, "starts": turn.starts.isoformat(), "ends": turn.ends.isoformat(), "state": turn.state
    }  # fmt: skip


__all__: Sequence[str] = (
    "Plan", "adopt", "holes", "level", "may_plan", "mine", "propose", "relieve", "set_level", "turns",
)  # fmt: skip
