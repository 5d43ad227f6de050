"""Proposing who gets whom at a place, and adopting it: earlier commitments stay, people decide and may differ with a reason.

A proposal is worked out at reading and kept nowhere; what is adopted is one row, one event, and the relations that the
match names. docs/rules/allocation.md
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from gezhi.engines.matching import access, allocation, drawing, lanes, siting, wishing, writing
from gezhi.engines.matching.matches import Match, match, number
from gezhi.engines.matching.models import Allotment
from gezhi.foundation import db, people, places, subjects
from gezhi.foundation import events as log
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.forms.cleaning import Refused, clean_text
from gezhi.foundation.people import Actor
from gezhi.foundation.people.answering import seat_here, seats_of
from gezhi.foundation.places.placed import above
from gezhi.foundation.subjects.models import Entry, Relation, Subject

MOST_ROWS, MOST_PAIRS = 2_000, 200_000
FIELDS = (
    "match", "version", "body_hash", "place_id", "county_id", "town_id", "village_id", "grid_id", "state", "pairs", "left", "draw",
    "seat_id", "person_id", "adopted_at",
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """One line of either register: whom it is about, what conditions read of it, how much; the line and the head of its chain."""

    id: int
    label: str
    place_id: int
    facts: Mapping[str, Any]
    amount: int
    line: int = 0
    head: str = ""


@dataclass(frozen=True)
class Proposal:
    """`pairs`: (need, offer) -> amount that is new; `kept`: what stood before; `left`: need -> why it got nothing, or not all."""

    match: Match
    place_id: int
    needs: Mapping[int, Side]
    offers: Mapping[int, Side]
    pairs: Mapping[tuple[int, int], int]
    kept: Mapping[tuple[int, int], int]
    left: Mapping[int, Mapping[str, Any]]
    chosen: tuple[int, ...] = ()
    fits: frozenset[tuple[int, int]] = field(default=frozenset(), compare=False)
    sited: siting.Sited | None = None
    drawn: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def seen(self) -> str:
        """A fingerprint of what was proposed: adopting says which one was seen."""
        body = [sorted((*pair, n) for pair, n in self.pairs.items()), sorted((k, sorted(v.items())) for k, v in self.left.items()), self.chosen]  # fmt: skip
        return hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16]

    def why(self, need: int) -> str:
        """Why a need got nothing, or not all, in words."""
        return words(self.match, self.left[need])

    def idle(self) -> list[Side]:
        """Offers that nobody has."""
        busy = {offer for _need, offer in (*self.pairs, *self.kept)}
        return [side for id, side in self.offers.items() if id not in busy]


def words(kind: Match, reason: Mapping[str, Any]) -> str:
    """A reason in the active language."""
    code = reason["code"]
    if code == "must":
        return kind.says(reason["n"])
    said = {
        "none": _("没有可配的"),
        "full": _("合适的都给了更急的"),
        "rather": _("合适的选了更合适的"),
        "part": _("合适的不够，配到 {got}"),
        "below": _("名额满了，排在第 {rank}"),
        "hand": _("由人决定，不按建议"),
        "unticked": _("没有人勾选"),
        "unreached": _("这次选的点够不到"),
        "empty": _("箱里没有卡了"),
    }
    return said[code].format(**{k: v for k, v in reason.items() if k != "code"})


def may_adopt(kind: Match, place_id: int, actor: Actor) -> bool:
    """Whether one of the actor's seats decides this here."""
    return seat_here(actor, kind.adopters, place_id) is not None


def propose(name: str, place_id: int, *, actor: Actor) -> Proposal:
    """What the rules would give now at a place and inside it; the same rows give the same answer. Five queries.

    Raises NotFound pack.not_installed, NotAllowed match.not_yours, Conflict match.too_many.
    """
    kind = match(name)
    if not may_adopt(kind, place_id, actor):
        raise NotAllowed("match.not_yours")
    return _propose(kind, place_id)


def standing(kind: Match, place_id: int) -> Proposal:
    """Needs, offers and what stands already, without working out what is new: for whoever ticks. Five queries."""
    needs, offers = _sides(kind.needs, place_id, "amount"), _sides(kind.offers, place_id, "most")
    return Proposal(kind, place_id, needs, offers, {}, _kept(kind, place_id, needs, offers), {})


def _propose(kind: Match, place_id: int) -> Proposal:
    needs = _sides(kind.needs, place_id, "amount")
    offers = _sides(kind.offers, place_id, "most") if kind.offers else {}
    if len(needs) * max(1, len(offers)) > MOST_PAIRS:
        raise Conflict("match.too_many")
    weights = {id: number(kind.weight(_read(side, None))) if kind.weight else Decimal(0) for id, side in needs.items()}
    if kind.by == "choose":
        return _chosen(kind, place_id, needs, weights)
    if kind.by == "site":
        return _sited(kind, place_id, needs, offers)
    kept = _kept(kind, place_id, needs, offers)
    drawn: dict[str, Any] = {}
    got: dict[int, int] = defaultdict(int)
    used: dict[int, int] = defaultdict(int)
    for (n, o), amount in kept.items():
        got[n] += amount
        used[o] += amount
    fits, first_left = _fitting(kind, needs, offers)
    wanted = [allocation.Need(id, s.amount - got[id], weights[id]) for id, s in needs.items() if s.amount > got[id]]
    least = int(kind.offers.get("least") or 0)
    there = [
        allocation.Offer(id, max(0, s.amount - used[id]), max(0, least - used[id])) for id, s in offers.items()
    ]  # fmt: skip
    if kind.by == "cover":
        pairs = allocation.cover(wanted, there, lambda n, o: (n, o) in fits)
    elif kind.by == "rotate":
        ticked = wishing.ticked(kind, list(needs))
        picked = allocation.rotate(
            wanted, there, lambda n, o: (n, o) in fits and (n, o) in ticked, wishing.last_had(kind, list(offers))
        )
        pairs = dict.fromkeys(picked.items(), 1)
    elif kind.by == "draw":
        drawn = drawing.draw(kind, place_id, [needs[n.id] for n in wanted], there, fits)
        pairs = {(line["need"], line["got"]): 1 for line in drawn["lines"]}
    else:
        mine, theirs = ({pair: number(program(_read(needs[pair[0]], offers[pair[1]]))) for pair in fits} for program in kind.likes)  # fmt: skip
        found = allocation.stable(
            [n.id for n in wanted],
            there,
            lambda n, o: (n, o) in fits,
            lambda n, o: mine[n, o],
            lambda n, o: theirs[n, o],
        )
        pairs = dict.fromkeys(found.items(), 1)
    for (n, _o), amount in pairs.items():
        got[n] += amount
    left: dict[int, Mapping[str, Any]] = {}
    for id, side in needs.items():
        if got[id] >= side.amount:
            continue
        if got[id]:
            left[id] = {"code": "part", "got": got[id]}
        elif id in first_left:
            left[id] = first_left[id]
        else:
            left[id] = {"code": {"stable": "rather", "rotate": "unticked", "draw": "empty"}.get(kind.by, "full")}
    return Proposal(
        kind, place_id, needs, offers, dict(sorted(pairs.items())), kept, left, fits=frozenset(fits), drawn=drawn
    )


def _chosen(kind: Match, place_id: int, needs: Mapping[int, Side], weights: Mapping[int, Decimal]) -> Proposal:
    left: dict[int, Mapping[str, Any]] = {}
    able = []
    for id, side in needs.items():
        lacking = next((n for n, must in enumerate(kind.must) if not must.holds(_read(side, None))), None)
        if lacking is None:
            able.append(allocation.Need(id, 1, weights[id]))
        else:
            left[id] = {"code": "must", "n": lacking}
    ranked = allocation.choose(able, len(able))
    quota = int(kind.body["quota"])
    left |= {id: {"code": "below", "rank": rank} for rank, id in enumerate(ranked, 1) if rank > quota}
    return Proposal(kind, place_id, needs, {}, {}, {}, left, tuple(ranked[:quota]))


def _sited(kind: Match, place_id: int, needs: Mapping[int, Side], offers: Mapping[int, Side]) -> Proposal:
    """Which offers to open so that most of the needs is within reach; each need goes with the chosen one of smallest id."""
    fits, left = _fitting(kind, needs, offers)
    reach = {o: frozenset(n for n, other in fits if other == o) for o in offers}
    found = siting.site({id: side.amount for id, side in needs.items()}, reach, int(kind.body["quota"]))
    pairs = {}
    for id, side in needs.items():
        by = [o for o in found.chosen if (id, o) in fits]
        if by:
            pairs[id, by[0]] = side.amount
        else:
            left.setdefault(id, {"code": "unreached"})
    return Proposal(kind, place_id, needs, offers, pairs, {}, left, found.chosen, frozenset(fits), found)


def _sides(side: Mapping[str, Any], place_id: int, amount: str) -> dict[int, Side]:
    """The live lines of a register at a place and inside it. Two queries."""
    declared = subjects.register(side["register"])
    lines = list(
        Entry.objects.filter(access.inside(place_id), register=declared.name, until=None).order_by("subject_id", "pk")[
            : MOST_ROWS + 1
        ]
    )
    if len(lines) > MOST_ROWS:
        raise Conflict("match.too_many")
    whos = Subject.objects.in_bulk({line.subject_id for line in lines})
    found: dict[int, Side] = {}
    for line in lines:
        who = whos[line.subject_id]
        if who.ended or who.pk in found:
            continue
        how = side[amount]
        many = number(line.values.get(how)) if isinstance(how, str) else how
        found[who.pk] = Side(
            who.pk, who.label, line.place_id, subjects.facts(line, clock.today(), subject=who), max(0, int(many)), line.pk,
            bytes(line.event_hash).hex(),
        )  # fmt: skip
    return found


def _read(need: Side, offer: Side | None) -> dict[str, Any]:
    """What conditions read of a pair."""
    facts = {f"need_{name}": value for name, value in need.facts.items()}
    if offer is not None:
        directory = places.directory()
        one, other = directory.path(need.place_id), directory.path(offer.place_id)
        facts |= {f"offer_{name}": value for name, value in offer.facts.items()}
        facts["same_village"] = one.village_id is not None and one.village_id == other.village_id
        facts["same_town"] = one.town_id is not None and one.town_id == other.town_id
    else:
        facts |= {"same_village": None, "same_town": None}
    return facts


def _fitting(
    kind: Match, needs: Mapping[int, Side], offers: Mapping[int, Side]
) -> tuple[set[tuple[int, int]], dict[int, Mapping[str, Any]]]:
    """(pairs for which every condition holds, why a need fits no offer: the condition at which the last one fell away)."""
    fits: set[tuple[int, int]] = set()
    why: dict[int, Mapping[str, Any]] = {}
    for id, need in needs.items():
        able = {o: _read(need, offer) for o, offer in offers.items() if offer.amount > 0}
        if not able:
            why[id] = {"code": "none"}
        for n, must in enumerate(kind.must):
            able = {o: facts for o, facts in able.items() if must.holds(facts, today=clock.today())}
            if not able:
                why.setdefault(id, {"code": "must", "n": n})
        fits |= {(id, o) for o in able}
    return fits, why


def _kept(
    kind: Match, place_id: int, needs: Mapping[int, Side], offers: Mapping[int, Side]
) -> dict[tuple[int, int], int]:
    """What stands already: live relations, else what was adopted here and not withdrawn. One query."""
    if kind.relation:
        held = Q(one_id__in=list(needs))
        if kind.by == "draw":  # whoever holds a card has no ticket any more: it is out of the box all the same
            held |= Q(other_id__in=list(offers))
        ties = Relation.objects.filter(held, kind=kind.relation, until=None)
        return dict.fromkeys(ties.order_by("pk").values_list("one_id", "other_id"), 1)
    kept: dict[tuple[int, int], int] = defaultdict(int)
    for pairs in Allotment.objects.filter(match=kind.name, place_id=place_id, state="adopted").order_by("pk").values_list("pairs", flat=True):  # fmt: skip
        for pair in pairs:
            if pair["need"] in needs and pair["offer"] in offers:
                kept[pair["need"], pair["offer"]] += pair["amount"]
    return dict(kept)


def adopt(
    name: str,
    place_id: int,
    *,
    actor: Actor,
    seen: str,
    changes: Mapping[int, int | None] | None = None,
    reason: str = "",
) -> tuple[Allotment, Proposal]:
    """Adopt what was proposed. `changes`: {need: another offer, or None} of single needs, with a reason in words.

    Hard conditions and capacities hold for changes too. Raises NotAllowed match.not_yours, Conflict match.stale (the rows
    have changed since), match.nothing, Invalid match.change with field errors.
    """
    kind = match(name)
    if not may_adopt(kind, place_id, actor):
        raise NotAllowed("match.not_yours")
    with db.write():
        lanes.lock([f"match:{kind.name}"])
        found = _propose(kind, place_id)
        if found.seen != seen:
            raise Conflict("match.stale")
        pairs, left, by_hand = _changed(found, dict(changes or {}), reason)
        if not pairs and not found.chosen:
            raise Conflict("match.nothing")
        (id,) = db.new_ids(Allotment, 1)
        seat = next(iter(seats_of(actor, kind.adopters)), None)
        row = Allotment(
            id=id, match=name, version=kind.version, body_hash=kind.hash, place_id=place_id,
            **above(places.directory().path(place_id)), state="adopted", left={str(k): v for k, v in left.items()},
            pairs=[{"need": n, "offer": o, "amount": a, "by_hand": n in by_hand} for (n, o), a in sorted(pairs.items())]
            or [{"need": n, "offer": None, "amount": 1, "by_hand": False} for n in found.chosen],
            draw=dict(found.drawn), seat_id=seat, person_id=actor.person_id, adopted_at=clock.now(),
        )  # fmt: skip
        kept = log.keep(f"allotment:{id}", {"reason": reason.strip()}) if reason.strip() else {}
        row.reason_ref = kept["reason"].id if kept else None
        told = {f: getattr(row, f) for f in FIELDS} | kept
        writing.put(row, "allotment.adopted", told, actor=actor, seat=row.seat_id, new=True)
        if kind.relation:
            rows = [(n, o, None) for n, o in sorted(pairs)]
            subjects.relate_many(kind.relation, rows, actor=people.system("matching"), register=kind.needs["register"])
        if kind.by == "draw":
            drawing.used_up(found.needs[n].line for n, _o in sorted(pairs))
    return row, found


def _changed(
    found: Proposal, changes: Mapping[int, int | None], reason: str
) -> tuple[dict[tuple[int, int], int], dict[int, Mapping[str, Any]], set[int]]:
    """(pairs, left, needs changed by hand), every bound looked at again. Raises Invalid match.change."""
    pairs, left = dict(found.pairs), dict(found.left)
    wanted = {need: offer for need, offer in changes.items() if pairs.get((need, offer or 0)) is None}
    wanted = {n: o for n, o in wanted.items() if o is not None or any(pair[0] == n for pair in pairs)}
    if not wanted:
        return pairs, left, set()
    if found.match.by == "draw":
        raise Invalid("match.change", field_errors={f"need{min(wanted)}": _("抽到哪张是哪张，不能改。")})
    if found.sited is not None:
        raise Invalid("match.change", field_errors={f"need{min(wanted)}": _("选点是整体算的，不能单独改。")})
    wrong: dict[str, str] = {}
    try:
        if len(clean_text(reason, max=300, lines=False)) < 2:
            wrong["reason"] = _("和建议不一样的，请写明理由。")
    except Refused as refused:
        wrong["reason"] = str(refused)
    for need, offer in wanted.items():
        if need not in found.needs or any(pair[0] == need for pair in found.kept):
            wrong[f"need{need}"] = _("这一位已经配好，不能在这里改。")
        elif offer is not None and (need, offer) not in found.fits:
            wrong[f"need{need}"] = _("不符合条件，不能这样配。")
        pairs = {pair: amount for pair, amount in pairs.items() if pair[0] != need}
        left[need] = {"code": "hand"}
        if offer is not None and offer in found.offers:
            pairs[need, offer] = found.needs[need].amount
            left.pop(need)
    for offer, side in found.offers.items():
        total = sum(a for (_n, o), a in (*pairs.items(), *found.kept.items()) if o == offer)
        if total > side.amount:
            for need in (n for n, o in wanted.items() if o == offer):
                wrong[f"need{need}"] = _("这一方最多 {most}，放不下了。").format(most=side.amount)
    if wrong:
        raise Invalid("match.change", field_errors=wrong)
    return pairs, left, set(wanted)


def opened(row: Allotment, cases: Sequence[int], *, actor: Actor) -> Allotment:
    """Inside a write: the pairs became cases (their ids, in the order of the pairs), which flows opened."""
    row.pairs = [{**pair, "case": case} for pair, case in zip(row.pairs, cases, strict=True)]
    writing.put(row, "allotment.opened", {"pairs": row.pairs}, actor=actor, seat=row.seat_id)
    return row


def withdraw(allotment_id: int, *, actor: Actor, reason: str) -> Allotment:
    """Take an allocation back, with what it wrote: its relations end today. Raises NotFound match.none, NotAllowed."""
    with db.write():
        row = Allotment.objects.select_for_update().filter(pk=allotment_id).first()
        if row is None or row.state != "adopted" or not may_adopt(match(row.match), row.place_id, actor):
            raise NotFound("match.none")
        kind = match(row.match)
        said = log.keep(f"allotment:{row.pk}", {"why": clean_text(reason, max=300, lines=False)})
        row.state = "withdrawn"
        writing.put(row, "allotment.withdrawn", {"state": row.state, "why": said["why"]}, actor=actor, seat=row.seat_id)
        if kind.relation:
            made = {(pair["need"], pair["offer"]) for pair in row.pairs}
            ties = Relation.objects.filter(kind=kind.relation, until=None, one_id__in=[n for n, _o in made])
            for tie in ties.order_by("pk"):
                if (tie.one_id, tie.other_id) in made:
                    subjects.unrelate(tie.pk, "withdrawn", actor=people.system("matching"))
    return row


def adopted(name: str, place_id: int, *, limit: int = 20) -> list[Allotment]:
    """What was adopted here, newest first. One query."""
    return list(Allotment.objects.filter(match=name, place_id=place_id).order_by("-pk")[:limit])
