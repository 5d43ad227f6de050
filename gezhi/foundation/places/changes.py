"""Doing a planned change of divisions or grids: places by event, then seats and open cases in their own rooms.

`apply(plan)` thinks the plan through again under the lock, writes the places with their date of effect and records the
change itself (stream placechange:<id>). What follows from it (seats, open cases) is done by the hooks: in the same
transaction when the day has come, else by a job on that day. Nothing is deleted; `undoing` plans the way back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import shapely
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gezhi.foundation import db, errors, events, jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.db.inserting import new_ids

from . import plans
from .actions import _changing, _must_be_free, _need, _wkb
from .kinds import UNIT
from .models import Place, PlaceChange, PlaceCode, PlaceEdge, PlaceName, PlaceShape, PlaceSuccession
from .plans import Part, Plan
from .shapes import read_shape, shape_hash
from .snapshot import directory
from .writing import BATCH, NewPlace, create_many, new_token

# Longer than any request lives: who began with the old picture has committed or given up by then.
AGAIN = timedelta(seconds=60)
MOST_AHEAD = timedelta(days=366)

errors.register(
    "place.plan", 422, gettext_lazy("这样调整不行。"), gettext_lazy("{reason}。"), gettext_lazy("请按提示改好再试，原来的没有动。")
)  # fmt: skip
errors.register(
    "place.plan_stale", 409, gettext_lazy("情况变了，没有执行。"),
    gettext_lazy("您看预览以后，这些地方又有了变动：{reason}。"), gettext_lazy("请重新看一遍预览再确认。"),
)  # fmt: skip


@dataclass(frozen=True)
class Effect:
    """A change whose day has come, as the hooks are told. `heirs` old -> new places, the main one first; `moved`:
    every place whose parents changed."""

    id: int
    kind: str
    on: date
    olds: tuple[int, ...]
    news: tuple[int, ...]
    heirs: Mapping[int, tuple[int, ...]]
    moved: tuple[int, ...]


Hook = Callable[[Effect, Any], object]
_hooks: list[tuple[int, Hook]] = []


def on_effect(hook: Hook, *, order: int) -> Hook:
    """Call `hook(effect, actor)` when a change takes effect, in ascending order; hooks may be called again."""
    if (order, hook) not in _hooks:
        _hooks.append((order, hook))
        _hooks.sort(key=lambda pair: pair[0])
    return hook


def apply(plan: Plan, *, actor: Any, reason: str = "", undoes: int | None = None) -> PlaceChange:
    """Do it: all in one write. Raises Invalid `place.plan` `place.date`, Conflict `place.plan_stale`, NotAllowed."""
    _may_begin(plan)
    with _changing():
        assert plan.again is not None
        fresh = plan.again()
        if not fresh.fine:
            code = "place.plan_stale" if plan.fine else "place.plan"
            kind = errors.Conflict if plan.fine else errors.Invalid
            raise kind(code, reason="；".join(fresh.problems[:4]))
        for id in (*fresh.olds, *([fresh.parent] if fresh.parent is not None else [])):
            _need(actor, id)
        write = _Writing(fresh, actor, reason)
        news, moved, before = write.places()
        change = _record(fresh, news, moved, before, undoes, actor, reason)
        db.revisions.bump("places")
        if fresh.on <= clock.today():
            take_effect(change.pk)
        else:
            jobs.enqueue("places.effect", str(change.pk), {"change": change.pk}, run_at=clock.midnight(fresh.on))
    change.refresh_from_db()
    return change


def take_effect(change_id: int) -> bool:
    """Have seats and open cases follow a change whose day has come; False when it has not. May be called again."""
    from gezhi.foundation import people

    actor = people.system("places")
    with db.write():
        change = PlaceChange.objects.select_for_update().get(pk=change_id)
        if change.on > clock.today():
            return False
        effect = effect_of(change)
        for _order, hook in _hooks:
            hook(effect, actor)
        if change.state != "done":
            change.state = "done"
            _tell(change, "placechange.done", {"state": "done"}, actor)
            # Once more for cases and seats that were being written with the old picture at this moment.
            jobs.enqueue("places.effect", f"{change.pk}:again", {"change": change.pk}, run_at=clock.now() + AGAIN)
    return True


def effect_of(change: PlaceChange) -> Effect:
    """The change as the hooks see it."""
    plan = change.plan
    heirs = {int(old): tuple(new) for old, new in plan["heirs"].items()}
    return Effect(
        change.pk, change.kind, change.on, tuple(plan["olds"]), tuple(plan["news"]), heirs, tuple(plan["moved"])
    )


def successor(place_id: int, *, point: tuple[float, float] | None = None, on: date | None = None) -> int:
    """Where what lay in a place lies now: the place itself while it is open, else along the successions.

    Of several successors the one whose outline holds `point` (lon, lat), without one the main successor. A
    closed place without a successor gives itself.
    """
    known = directory(on)
    heirs = _successions(known.on)
    seen: set[int] = set()
    while not known.open(place_id) and place_id in heirs and place_id not in seen:
        seen.add(place_id)
        chosen = heirs[place_id]
        place_id = chosen[0]
        if len(chosen) > 1 and point is not None:
            found = known.locate(*point)
            around = {found, *known.ancestors(found)} if found is not None else set()
            place_id = next((id for id in chosen if id in around), chosen[0])
    return place_id


_kept_successions: tuple[int, date, dict[int, tuple[int, ...]]] | None = None


def _successions(on: date) -> dict[int, tuple[int, ...]]:
    """old -> its successors in force, the main one first; kept in memory by revision."""
    global _kept_successions
    revision = db.revisions.current().get("places", 0)
    kept = _kept_successions
    if kept is not None and kept[:2] == (revision, on):
        return kept[2]
    found: dict[int, list[int]] = {}
    rows = PlaceSuccession.objects.filter(since__lte=on).order_by("-main", "id")
    for old, new in rows.values_list("old_id", "new_id"):
        found.setdefault(old, []).append(new)
    heirs = {old: tuple(new) for old, new in found.items()}
    _kept_successions = (revision, on, heirs)
    return heirs


def undoing(change_id: int, *, on: date | None = None) -> Plan:
    """The plan that takes a change back from a day on: a new change, the old one stays in the record.

    Places that closed are not woken: new ones with their names, codes and outlines take their ground again.
    """
    change = PlaceChange.objects.get(pk=change_id)
    plan, day = change.plan, on or clock.today()
    if change.kind == "rename":
        return plans.rename(plan["olds"][0], plan["before"]["name"], on=day)
    if change.kind == "recode":
        return plans.recode({int(id): old for id, old in plan["before"]["codes"].items()}, on=day, inside=False)
    if change.kind == "move":
        return plans.move(plan["olds"], plan["before"]["parent"], on=day, layer=plan["layer"])
    rows = {p.pk: p for p in Place.objects.filter(pk__in=plan["olds"])}
    children = {int(child): old for child, old in plan["before"]["children"].items()}
    known = directory(day)
    parts = [
        Part(
            rows[old].name,
            plan["before"]["codes"].get(str(old), {}),
            _outline(rows[old]),
            frozenset(c for c, was in children.items() if was == old and known.open(c)),
        )
        for old in plan["olds"]
    ]
    if change.kind == "close" or any(id in plan["before"]["standing"] for id in plan["news"]):
        words = _("并入或撤销以后不能直接恢复，请重新设立或拆分")
        return Plan("split", day, tuple(plan["news"]), problems=(words,))
    kind = "merge" if len(parts) == 1 else "split" if len(plan["news"]) == 1 else "redraw"
    return plans.regroup(kind, plan["news"], parts, on=day)


def _outline(place: Place) -> shapely.Geometry | None:
    return None if place.geometry is None else read_shape(place.geometry)


# --- writing ------------------------------------------------------------------------
def _may_begin(plan: Plan) -> None:
    """No change begins in the past: what was counted and published then stays as it was (docs/adr/0121)."""
    today = clock.today()
    if plan.on < today:
        raise errors.Invalid("place.date", reason=_("不能早于今天（{day}）").format(day=today))
    if plan.on > today + MOST_AHEAD:
        raise errors.Invalid("place.date", reason=_("最多提前一年"))
    if plan.again is None:
        raise errors.Invalid("place.plan", reason="；".join(plan.problems) or "?")


class _Writing:
    """One change on its way into the tables, within a write."""

    def __init__(self, plan: Plan, actor: Any, reason: str) -> None:
        self.plan, self.actor, self.reason = plan, actor, reason[: events.log.REASON_LIMIT] or None
        self.drafts: list[events.Draft] = []
        self.rows: dict[int, Place] = {}
        self.touched: dict[int, dict[str, Any]] = {}
        self.kinds: dict[int, str] = {}

    def places(self) -> tuple[list[int], list[int], dict[str, Any]]:
        """Write; returns the new (or receiving) places in the order of parts, what moved, and how it was before."""
        plan = self.plan
        standing = {id for id in (plan.parent, *(p.existing for p in plan.parts)) if id is not None}
        wanted = {*plan.olds, *plan.children, *plan.shapes, *plan.codes, *standing}
        self.rows = {p.pk: p for p in Place.objects.select_for_update().filter(pk__in=wanted).order_by("pk")}
        for id in standing:
            # What closes later takes in nothing that would outlive it.
            if (ends := self.rows[id].closed_on) is not None:
                raise errors.Conflict("place.closed", place=self.rows[id].name, date=ends)
        before: dict[str, Any] = {"standing": [p.existing for p in plan.parts if p.existing is not None]}
        news: list[int] = []
        moved: list[int] = []
        match plan.kind:
            case "rename":
                before["name"] = self._rename()
            case "recode":
                before["codes"] = self._recode()
            case "move":
                before["parent"] = self._move()
                moved = list(plan.olds)
            case _:
                before["codes"] = self._codes_of(plan.olds)
                news, before["children"] = self._regroup()
                moved = list(plan.children)
        for id, shape in plan.shapes.items():
            self._redraw(id, shape)
        self._tell()
        return news, moved, before

    def _patch(self, id: int, kind: str, **facts: Any) -> None:
        self.touched.setdefault(id, {}).update(facts)
        self.kinds.setdefault(id, kind)

    def _tell(self) -> None:
        """One event for each place that changed, one statement for all."""
        ids = list(self.touched)
        drafts = [
            events.Draft(
                f"place:{id}",
                self.kinds[id],
                {**self.touched[id], "@on": str(self.plan.on)},
                events.Head(self.rows[id].event_seq, bytes(self.rows[id].event_hash)),
                reason=self.reason,
            )
            for id in ids
        ]
        for id, head in zip(ids, events.record_many(drafts, actor=self.actor) if drafts else (), strict=True):
            self.rows[id].event_seq, self.rows[id].event_hash = head
        fields = ["name", "closed_on", "lon", "lat", "geometry", "shape_hash", "sketch", "event_seq", "event_hash"]
        Place.objects.bulk_update([self.rows[id] for id in ids], fields, batch_size=100)

    def _refuse_after(self, place: Place, latest: Iterable[date]) -> None:
        """A fact that begins or ends later than this change would be cut off by it."""
        late = [day for day in latest if day > self.plan.on]
        if late:
            words = _("“{name}”从 {day} 起已有别的安排，请先取消或改到那天以后")
            raise errors.Invalid("place.date", reason=words.format(name=place.name, day=min(late)))

    def _later(self, place: Place) -> list[date]:
        """Days on which the place is to be redrawn or to take others in."""
        redrawn = PlaceShape.objects.filter(place=place).values_list("until", flat=True)
        return [*redrawn, *PlaceSuccession.objects.filter(new=place).values_list("since", flat=True)]

    def _rename(self) -> str:
        (id,) = self.plan.olds
        return rename_row(self.rows[id], self.plan.name, self.plan.on, self._patch)

    def _codes_of(self, ids: Iterable[int]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        rows = PlaceCode.objects.filter(place_id__in=list(ids), until__isnull=True)
        for place, scheme, code in rows.values_list("place_id", "scheme", "code"):
            found.setdefault(str(place), {})[scheme] = code
        return found

    def _recode(self) -> dict[str, dict[str, str]]:
        plan = self.plan
        held = {
            (c.place_id, c.scheme): c
            for c in PlaceCode.objects.filter(place_id__in=list(plan.codes), until__isnull=True)
        }
        before: dict[str, dict[str, str]] = {}
        ending = []
        for id, new in plan.codes.items():
            for scheme, code in new.items():
                old = held.get((id, scheme))
                if old is not None and old.code != code:
                    self._refuse_after(self.rows[id], [old.since])
                    before.setdefault(str(id), {})[scheme] = old.code
                    old.until = plan.on
                    ending.append(old)
        PlaceCode.objects.bulk_update(ending, ["until"], batch_size=BATCH)
        fresh = []
        for id, new in plan.codes.items():
            for scheme, code in new.items():
                if (id, scheme) in held and held[id, scheme].code == code:
                    continue
                _must_be_free(scheme, code)
                fresh.append(PlaceCode(place_id=id, scheme=scheme, code=code, since=plan.on))
                self._patch(id, "place.coded", codes=dict(new))
        PlaceCode.objects.bulk_create(fresh, batch_size=BATCH)
        return before

    def _move(self) -> int | None:
        plan = self.plan
        was = directory(plan.on).parent(plan.olds[0], plan.layer)
        assert plan.parent is not None
        for id in plan.olds:
            if (ends := self.rows[id].closed_on) is not None:
                raise errors.Conflict("place.closed", place=self.rows[id].name, date=ends)
            self._refuse_after(self.rows[id], self._later(self.rows[id]))
        self._reparent(dict.fromkeys(plan.olds, plan.parent), plan.layer)
        return was

    def _reparent(self, parents: Mapping[int, int], *layers: str) -> None:
        """Put places under other parents from the day on; an edge that began the same day is simply replaced."""
        edges = list(PlaceEdge.objects.filter(child_id__in=list(parents), layer__in=layers, until__isnull=True))
        for edge in edges:
            self._refuse_after(self.rows[edge.child_id], [edge.since])
            edge.until = self.plan.on
            self._patch(edge.child_id, "place.moved", parents={edge.layer: parents[edge.child_id]})
        PlaceEdge.objects.bulk_update(edges, ["until"], batch_size=BATCH)
        PlaceEdge.objects.bulk_create(
            [
                PlaceEdge(child_id=e.child_id, parent_id=parents[e.child_id], layer=e.layer, since=self.plan.on)
                for e in edges
            ],
            batch_size=BATCH,
        )

    def _regroup(self) -> tuple[list[int], dict[str, int]]:
        plan = self.plan
        known = directory(plan.on)
        was = {
            str(c): next(
                up for up in (known.parent(c, plan.layer), known.parent(c), known.parent(c, UNIT)) if up in plan.olds
            )
            for c in plan.children
        }
        for old in plan.olds:
            self._end(self.rows[old])
        new_places = [(n, self._new(part)) for n, part in enumerate(plan.parts) if part.existing is None]
        create_many([place for _n, place in new_places], actor=self.actor)
        ids = {n: place.number for n, place in new_places}
        ids |= {n: part.existing for n, part in enumerate(plan.parts) if part.existing is not None}
        news = [ids[n] for n in range(len(plan.parts))]
        PlaceSuccession.objects.bulk_create(
            PlaceSuccession(old_id=old, new_id=ids[n], since=plan.on, main=position == 0)
            for old, heirs in plan.heirs.items()
            for position, n in enumerate(heirs)
        )
        for old, heirs in plan.heirs.items():
            self._patch(old, "place.closed", closed_on=plan.on, into=[ids[n] for n in heirs])
        if plan.children:
            self._reparent({child: ids[n] for child, n in plan.children.items()}, *{plan.layer, "governance", UNIT})
        return news, was

    def _end(self, place: Place) -> None:
        """A place closes: its codes and its edge end with it."""
        on = self.plan.on
        if place.closed_on is not None:
            raise errors.Conflict("place.closed", place=place.name, date=place.closed_on)
        edges = PlaceEdge.objects.filter(child=place, until__isnull=True)
        codes = PlaceCode.objects.filter(place=place, until__isnull=True)
        late = [place.opened_on, *edges.values_list("since", flat=True), *codes.values_list("since", flat=True)]
        # Whatever comes into it after that day would have no parent.
        late += PlaceEdge.objects.filter(parent=place, since__gt=on).values_list("since", flat=True)
        # What leaves it on a later day would stay behind.
        leaving = PlaceEdge.objects.filter(parent=place, until__gt=on).values_list("until", flat=True)
        late += [day for day in leaving if day is not None]
        late += self._later(place)
        self._refuse_after(place, late)
        edges.update(until=on)
        codes.update(until=on)
        place.closed_on = on

    def _new(self, part: Part) -> NewPlace:
        for scheme, code in part.codes.items():
            _must_be_free(scheme, code)
        wkb = _wkb(part.geometry)
        point = None if part.geometry is None else part.geometry.representative_point()
        first = self.rows[self.plan.olds[0]]
        return NewPlace(
            kind=first.kind,
            name=part.name,
            opened_on=self.plan.on,
            parent=self.plan.parent,
            layer=self.plan.layer,
            codes=dict(part.codes),
            lon=None if point is None else round(point.x, 6),
            lat=None if point is None else round(point.y, 6),
            geometry=wkb,
            sketch=wkb is not None and any(self.rows[old].sketch for old in self.plan.olds),
            qr=new_token() if first.kind == "building" else None,
        )

    def _redraw(self, id: int, shape: shapely.Geometry) -> None:
        place = self.rows[id]
        self._refuse_after(place, PlaceShape.objects.filter(place=place).values_list("until", flat=True))
        redraw_row(place, _wkb(shape), place.sketch, self.plan.on)
        self._patch(id, "place.drawn", shape_hash=place.shape_hash, sketch=place.sketch)


def rename_row(place: Place, name: str, on: date, patch: Callable[..., None]) -> str:
    """Give a locked row another name from a day on (the caller saves it); returns the old one."""
    was = place.name
    current = PlaceName.objects.filter(place=place, until__isnull=True).first()
    if current is None:
        if place.opened_on < on:
            PlaceName.objects.create(place=place, name=was, since=place.opened_on, until=on)
    elif current.since > on:
        raise errors.Invalid("place.date", reason=_("不能早于 {day}").format(day=current.since))
    else:
        current.until = on
        current.save(update_fields=["until"])
    PlaceName.objects.create(place=place, name=name, since=on)
    place.name = name
    patch(place.pk, "place.renamed", name=name)
    return was


def redraw_row(place: Place, wkb: bytes | None, sketch: bool, on: date) -> None:
    """Give a locked row another outline from a day on, keeping the former one for its time (the caller saves it)."""
    last = PlaceShape.objects.filter(place=place).order_by("-until").first()
    PlaceShape.objects.create(
        place=place,
        geometry=None if place.geometry is None else bytes(place.geometry),
        shape_hash=place.shape_hash,
        sketch=place.sketch,
        since=place.opened_on if last is None else last.until,
        until=on,
    )
    place.geometry, place.shape_hash, place.sketch = wkb, shape_hash(wkb), sketch


def _record(
    plan: Plan,
    news: Sequence[int],
    moved: Sequence[int],
    before: Mapping[str, Any],
    undoes: int | None,
    actor: Any,
    reason: str,
) -> PlaceChange:
    heirs = {str(old): [news[n] for n in parts] for old, parts in plan.heirs.items()}
    body = {
        "olds": list(plan.olds),
        "news": list(news),
        "heirs": heirs,
        "moved": list(moved),
        "layer": plan.layer,
        "parent": plan.parent,
        "before": dict(before),
    }
    change = PlaceChange(
        pk=new_ids(PlaceChange, 1)[0], kind=plan.kind, on=plan.on, place_id=plan.olds[0], plan=body,
        undoes=undoes, made_at=clock.now(),
    )  # fmt: skip
    facts = {
        "kind": plan.kind, "on": plan.on, "state": "planned", "place_id": plan.olds[0], "plan": body,
        "undoes": undoes,
    }  # fmt: skip
    head = events.record(
        f"placechange:{change.pk}", "placechange.decided", actor=actor, patch=facts, head=events.GENESIS,
        reason=reason[: events.log.REASON_LIMIT] or None,
    )  # fmt: skip
    change.event_seq, change.event_hash = head
    change.save(force_insert=True)
    return change


def _tell(change: PlaceChange, kind: str, patch: Mapping[str, Any], actor: Any) -> None:
    head = events.record(
        f"placechange:{change.pk}",
        kind,
        actor=actor,
        patch=patch,
        head=events.Head(change.event_seq, bytes(change.event_hash)),
    )
    change.event_seq, change.event_hash = head
    change.save(update_fields=["state", "event_seq", "event_hash"])
