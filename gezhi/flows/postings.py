"""Posting rules of ledgers at work: what holds in a record is posted once, what holds no more is reversed.

A follower reads sealed events and enqueues one job for each record that a rule looks at. The job does not replay what
happened: it looks at what holds now, and at what was posted for the record, and makes them agree. So a job that runs
twice, late or out of order changes nothing. docs/rules/ledger.md, ADR 0376
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db.models import Q

from gezhi.engines.ledger import accounts, posting
from gezhi.engines.ledger.accounts import Ref
from gezhi.engines.ledger.models import Transfer
from gezhi.engines.ledger.posting import Move
from gezhi.engines.ledger.schema import Ledger, Rule, ledgers
from gezhi.engines.ledger.sources import SOURCES, Fact, Source
from gezhi.engines.ledger.terms import Terms
from gezhi.foundation import db, events, jobs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict, Refusal
from gezhi.foundation.jobs.claims import Claimed, complete_all
from gezhi.foundation.jobs.registry import batch_handler
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.definitions import rule_aliases, rule_types
from gezhi.foundation.subjects.models import Subject

from . import following
from .models import Position

NAME = "postings"
JOB = "flows.post"
AGAIN = timedelta(hours=1)
TAKEN_BACK = "依据的记录已撤回或改动"
ACTOR = people.system("ledger")


@dataclass(frozen=True)
class Wanted:
    """One posting that a fact asks for."""

    key: str
    move: Move

    @property
    def rank(self) -> int:
        """Of several records that say the same, the one that says most counts (of equal ones the first)."""
        return max(abs(amount) for _ref, amount in self.move.legs)


def follow() -> bool:
    """Take the next run of sealed events; True when there may be more. Harmless beside another follower."""
    with revisions.kept():
        place = Position.objects.filter(name=NAME).first() or Position(name=NAME)
        start, end = place.until, following.end_of(place.until)
        if end is None:
            return False
        prefixes = {SOURCES[_when(rule)[0]].prefix for _book, rule in _rules()}
        streams: list[str] = []
        if prefixes:
            about = Q()
            for prefix in sorted(prefixes):
                about |= Q(stream__startswith=f"{prefix}:")
            found = events.sealed_between(start, end).filter(about).order_by()
            streams = sorted(found.values_list("stream", flat=True).distinct())
        with db.write():
            place = Position.objects.select_for_update().filter(name=NAME).first() or Position(name=NAME)
            if place.until == start:
                jobs.enqueue_many([(JOB, f"{stream}:{end}", {"stream": stream}) for stream in streams])
                place.until = end
                place.save()
    return True


@batch_handler(JOB)
def perform(claimed: list[Claimed]) -> None:
    """Make the books agree with many records together; effects and completion commit as one."""
    with complete_all(claimed) as mine:
        refused = agree({job.payload["stream"] for job in mine})
        if refused:  # an empty fund, say: looked at again when there may be more
            at = clock.now() + AGAIN
            jobs.enqueue_many([(JOB, f"{stream}:again:{at:%Y%m%d%H}", {"stream": stream}) for stream in refused], at)


def agree(streams: Collection[str]) -> set[str]:
    """Post what these records ask for and reverse what they ask for no more; returns those that were refused something.

    Inside a write, or makes one. What was taken back and is spent already stays and is marked `unbacked`.
    """
    refused: set[str] = set()
    again: set[str] = set()
    with db.write():
        for book, rule in _rules():
            name, register = _when(rule)
            source = SOURCES[name]
            mine = {stream for stream in streams if stream.partition(":")[0] == source.prefix}
            if mine:
                one, other = _agree(book, rule, source, register, mine)
                refused |= one
                again |= other
        if again - set(streams):
            refused |= agree(again - set(streams))
    return refused


def _rules() -> list[tuple[Ledger, Rule]]:
    return [(book, rule) for book in ledgers() for rule in book.rules.values() if _when(rule)[0] in SOURCES]


def _when(rule: Rule) -> tuple[str, str]:
    name, _colon, register = rule.when.partition(":")
    return name, register


def _agree(book: Ledger, rule: Rule, source: Source, register: str, streams: set[str]) -> tuple[set[str], set[str]]:
    """(refused streams, other streams that may state what was taken back here)."""
    facts = source.facts(sorted(streams), register)
    others = set(source.claims([fact.key for fact in facts])) - streams
    if others:  # who else says the same: whatever comes first, the same one is posted
        streams = streams | others
        facts = source.facts(sorted(streams), register)
    wanted: dict[str, Wanted] = {}
    for one in _wanted(book, rule, source, register, facts):
        if one.key not in wanted or one.rank > wanted[one.key].rank:
            wanted[one.key] = one
    live = _live(wanted)
    mine = (
        Transfer.objects.filter(
            ledger=book.name, entry=rule.id, about__in=streams, state="posted", reverses=None, reversal__isnull=True
        )
        .prefetch_related("legs__account")
        .order_by("pk")
    )
    gone: list[str] = []
    for row in mine:
        base = row.key.partition("#")[0]
        there = wanted.get(base)
        if there is not None and _same(row, there.move):
            continue
        try:
            with db.attempt():
                posting.reverse(row.pk, actor=ACTOR, reason=TAKEN_BACK)
        except Conflict:
            posting.unbacked(row.pk, actor=ACTOR)
            wanted.pop(base, None)
            continue
        gone.append(base)
        if there is not None:
            live[base] = (None, row.key)
    moves = []
    for base, one in wanted.items():
        stands, last = live.get(base, (None, ""))
        if stands is None:
            moves.append(one.move if not last else replace(one.move, key=_next(base, last)))
    refused = _post(moves)
    start = len(f"{book.name}.{rule.id}:")
    again = set(source.claims([base[start:] for base in gone if base not in wanted])) if gone else set()
    return refused, again


def _post(moves: Sequence[Move]) -> set[str]:
    """Make them; what falls into closed books is dated today. Returns the records of what was refused."""
    refused: set[str] = set()
    late: list[Move] = []
    for move, made in zip(moves, posting.post_many(moves, actor=ACTOR, lenient=True) if moves else (), strict=True):
        if isinstance(made, Refusal) and made.code == "ledger.closed":
            late.append(replace(move, day=None))
        elif isinstance(made, Refusal):
            refused.add(move.about)
    for move, made in zip(late, posting.post_many(late, actor=ACTOR, lenient=True) if late else (), strict=True):
        if isinstance(made, Refusal):
            refused.add(move.about)
    return refused


def _wanted(book: Ledger, rule: Rule, source: Source, register: str, facts: Iterable[Fact]) -> Iterable[Wanted]:
    types, aliases = dict(source.types), {}
    if source.by_register:
        form = definitions.register(register).form
        types, aliases = {**rule_types(form), **types}, rule_aliases(form)
    theirs = rule.source if book.kinds[rule.target].of_place else rule.target
    kind, other = book.kinds[theirs], book.kinds[rule.source if theirs == rule.target else rule.target]
    fit = [
        fact
        for fact in facts
        if fact.holder.partition(":")[0] in kind.holders and Terms(types, aliases, fact.values).holds(rule.condition)
    ]
    whos = Subject.objects.in_bulk({int(fact.holder[8:]) for fact in fit if fact.holder.startswith("subject:")})
    for fact in fit:
        amount = Terms(types, aliases, fact.values).amount(rule.amount)
        if not amount or amount < 0:
            continue
        who = whos.get(int(fact.holder[8:])) if fact.holder.startswith("subject:") else None
        label = who.label if who else fact.label or _name(fact.holder)
        ref = Ref(book.name, kind.id, fact.holder, who.place_id if who else fact.place_id, label)
        try:
            place = accounts.ref_at(book, other, fact.place_id)
        except Conflict:  # a place without the level that the account stands at
            continue
        given, taken = (place, ref) if theirs == rule.target else (ref, place)
        key = f"{book.name}.{rule.id}:{fact.key}"
        legs = ((given, -amount), (taken, amount))
        yield Wanted(
            key, Move(book.name, rule.id, key, legs, fact.place_id, day=min(fact.day, clock.today()), about=fact.about)
        )


def _name(holder: str) -> str:
    what, _colon, id = holder.partition(":")
    return people.directory().person(int(id)).name_public if what == "person" else ""


def _live(wanted: Collection[str]) -> dict[str, tuple[Transfer | None, str]]:
    """Key without its generation -> (the posting that stands, or None, and the last key used for it)."""
    found: dict[str, tuple[Transfer | None, str]] = {}
    looked = {key: key for key in wanted}
    while looked:
        rows = Transfer.objects.filter(key__in=list(looked)).select_related("reversal")
        after: dict[str, str] = {}
        for row in rows:
            base = looked[row.key]
            stands = not hasattr(row, "reversal")
            found[base] = (row if stands else None, row.key)
            if not stands:
                after[_next(base, row.key)] = base
        looked = after
    return found


def _next(base: str, last: str) -> str:
    _base, _mark, n = last.partition("#")
    return f"{base}#{int(n or 0) + 1}"


def _same(row: Transfer, move: Move) -> bool:
    """Whether what stands is what is wanted: the same sides and amounts, whatever the day."""
    stands = sorted((leg.account.kind, leg.account.holder, leg.amount) for leg in row.legs.all())
    return stands == sorted((ref.kind, ref.holder, amount) for ref, amount in move.legs)
