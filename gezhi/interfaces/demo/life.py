"""Eight weeks of a county's work, simulated through the engine's own actions at the times they would happen.

Every case is opened and moved by `actions.open_case` and `actions.fire` as the people who hold the seats, with
the demo clock standing at the moment. Nothing is written behind the engine's back, so `gezhi verify` and every
count hold for demo data as for real data.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from random import Random

from gezhi.engines.workflows import actions, ticking
from gezhi.engines.workflows.models import CLOSED, OPEN, Case, WorkItem
from gezhi.foundation import db, packs, people, places
from gezhi.foundation.calendar import clock, is_workday
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Refusal
from gezhi.interfaces.demo import matters, staff
from gezhi.interfaces.demo.matters import Matter, name_of, phone_of

TICK = timedelta(minutes=30)
# Where a stalled case lies: with its unit, or with the county that should rule on it.
STALLS = ("handle", "arbitrate", "handle_ruled")


class Life:
    """One run: a heap of (time, what happens then). Deterministic for a seed and a span of time."""

    def __init__(self, *, until: datetime, seed: int = 7, photos: Callable[..., list[int]] | None = None) -> None:
        self.until = until
        self.random = Random(seed)
        self.photos = photos
        self.heap: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self.order = count()
        self.known = places.directory()
        self.matter_of: dict[int, Matter] = {}
        # Cases whose unit, street or county lets them lie: a county has some at any time.
        self.stalled: set[int] = set()
        # Cases that wait at a stage for whoever tries the demo: today's list of the demo's grid worker.
        self.waiting: dict[int, str] = {}
        self.refused = 0

    def at(self, moment: datetime, do: Callable[[datetime], None]) -> None:
        """Have something happen at a moment, if it comes before the end."""
        if moment < self.until:
            heapq.heappush(self.heap, (moment, next(self.order), do))

    def run(self) -> int:
        """Let everything happen in order of time; returns how many things happened."""
        done = 0
        next_tick = clock.now()
        while self.heap:
            moment, _n, do = heapq.heappop(self.heap)
            stand_at(moment)
            if moment >= next_tick:
                while ticking.tick() == ticking.BATCH:
                    pass
                next_tick = moment + TICK
            try:
                do(moment)
            except Refusal:
                # A simulated person clicked what somebody else had just done; the engine's answer is the point.
                self.refused += 1
            done += 1
        return done

    # --- what people do ---------------------------------------------------------------------------------------

    def raise_matter(self, matter: Matter, place_id: int, number: int, wait_at: str = "") -> Callable[[datetime], None]:
        def do(now: datetime) -> None:
            pick = self.random
            channel = pick.choices(("scan", "portal", "phone", "counter", "field", "hotline"), (34, 26, 12, 10, 10, 8))[
                0
            ]
            text = matter.text.format(road=pick.choice(matters.ROADS), b=pick.choice(matters.BUILDINGS))
            data = {
                "text": text,
                "category": category_code(matter) if pick.random() < 0.5 else "",
                "kind": matter.kind,
                "urgent": "井盖" in text and pick.random() < 0.6,
                "public_ok": pick.random() < 0.4,
            }
            if pick.random() < 0.75:
                data |= {"contact_name": name_of(50_000 + number), "contact_phone": phone_of(5_000_000 + number)}
            point = self.known.get(place_id).point
            if point and pick.random() < 0.7:
                data |= {
                    "lon": round(point[0] + pick.uniform(-4e-4, 4e-4), 6),
                    "lat": round(point[1] + pick.uniform(-4e-4, 4e-4), 6),
                }
            actor = people.resident()
            if channel in ("counter", "phone", "field"):
                post = "grid_worker" if channel == "field" else "village_secretary"
                actor = self._one_of(people.directory().seat_for(post, place_id), now)
                data["on_behalf"] = channel == "counter"
                if channel == "counter":
                    data["consent"] = "本人在柜台口头同意"
            case, _new = actions.open_case(
                "request", data, actor=actor, place_id=place_id, channel=channel, key=f"demo:{number}"
            )
            self.matter_of[case.id] = matter
            if wait_at:
                self.waiting[case.id] = wait_at
            elif (self.until - now) < timedelta(days=16) and pick.random() < 0.16:
                self.stalled.add(case.id)
            if pick.random() < 0.06:
                later = now + timedelta(hours=pick.uniform(3, 30))
                self.at(later, lambda _t: self._as_resident(case.id, "add", {"words": pick.choice(matters.ADDED)}))
            self._next(case.id, now)

        return do

    def _next(self, case_id: int, now: datetime) -> None:
        """Somebody gets to the case's running step after a while."""
        item = WorkItem.objects.filter(case_id=case_id, state=OPEN, side=False, branch="").first()
        if item is None or self.waiting.get(case_id) == item.stage:
            return
        if item.stage == "receive":
            # A protected matter: most are referred within a day, the newest wait at the receiving desk.
            if self.until - now > timedelta(days=2):
                soon = working(now + timedelta(hours=self.random.expovariate(1 / 6) + 0.2))
                self.at(soon, lambda _t: self._refer(case_id, item.number))
            return
        if item.stage in ("joint", "joint_sign"):
            self._together(case_id, item, now)
            return
        if item.stage == "parked":
            # Time itself brings it back; look again after that.
            self.at(item.due_at + timedelta(hours=2), lambda t: self._next(case_id, t))
            return
        pick = self.random
        if case_id in self.stalled and item.stage in STALLS:
            if item.stage == "handle" and pick.random() < 0.3:
                self.at(working(now + timedelta(hours=3)), lambda _t: self._ask_for_time(case_id, item.number))
            return
        hours = {
            "duty": pick.expovariate(1 / 0.3),
            "lift": pick.expovariate(1 / 2),
            "joint_sum": pick.expovariate(1 / 3),
            "triage": pick.expovariate(1 / 1.2),
            "triage_street": pick.expovariate(1 / 1.5),
            "sign": pick.expovariate(1 / 1.6),
            "arbitrate": pick.expovariate(1 / 5),
            "advise": pick.expovariate(1 / 4),
            "verify": pick.expovariate(1 / 7),
            "follow_up": 5 + pick.expovariate(1 / 15),
            "confirm": pick.choice((pick.expovariate(1 / 14), 400.0)),
            "spot_check": pick.expovariate(1 / 8),
            "final": 12.0,
        }
        if item.stage in ("handle", "handle_ruled"):
            span = max((item.due_at - now).total_seconds(), 7200)
            share = min(math.exp(pick.gauss(-0.75, 0.62)), 2.6)
            due = now + timedelta(seconds=span * share)
            if pick.random() < 0.3:
                self.at(working(now + (due - now) / 2), lambda _t: self._progress(case_id, item.number))
        elif item.stage not in hours:
            return  # another workflow's desk (protected matters): it waits there for whoever tries the demo
        else:
            due = now + timedelta(hours=hours[item.stage] + 0.1)
            if item.stage == "confirm" and hours["confirm"] == 400.0:
                # No word: the clock job lapses it; look again after that.
                due = item.due_at + timedelta(hours=2)
        resident = item.stage in ("confirm", "follow_up") and pick.random() < 0.7
        when = due if resident or item.stage == "duty" else working(due)
        self.at(when, lambda t: self._act(case_id, item.number, resident, t))

    def _refer(self, case_id: int, number: int) -> None:
        item = WorkItem.objects.filter(case_id=case_id, number=number, state=OPEN).first()
        if item is not None:
            self._fire(item, "refer", {"whom": "县信访局", "ground": "属于信访事项，按职责转交，来人已经告知。"})

    def _together(self, case_id: int, fork: WorkItem, now: datetime) -> None:
        """Each unit of a joint matter does its part after a while; the last one brings it on."""
        for item in WorkItem.objects.filter(case_id=case_id, fork=fork.number, state=OPEN, side=False):
            wait = timedelta(hours=self.random.expovariate(1 / (9 if fork.stage == "joint" else 1)) + 0.2)
            self.at(working(now + wait), self._part(case_id, item.number))

    def _part(self, case_id: int, number: int) -> Callable[[datetime], None]:
        def do(now: datetime) -> None:
            item = WorkItem.objects.filter(case_id=case_id, number=number, state=OPEN).first()
            if item is None:
                return
            result: dict[str, object] = {"result": self.matter_of[case_id].result}
            action = {"joint_lead": "lead_done", "joint_assist": "assist_done"}.get(item.stage, "countersign")
            self._fire(item, action, {} if action == "countersign" else result)
            trunk = WorkItem.objects.filter(case_id=case_id, state=OPEN, side=False, branch="").first()
            if trunk is not None and trunk.number != item.fork:
                self._next(case_id, now)

        return do

    def _progress(self, case_id: int, number: int) -> None:
        item = WorkItem.objects.filter(case_id=case_id, number=number, state=OPEN).first()
        if item is not None:
            words = self.random.choice(matters.PROGRESS)
            self._fire(item, "progress", {"progress": words})

    def _ask_for_time(self, case_id: int, number: int) -> None:
        """An extension is asked for, and nobody has answered yet."""
        item = WorkItem.objects.filter(case_id=case_id, number=number, state=OPEN).first()
        if item is not None:
            self._fire(item, "extend", {"more": "2 work_day", "reason": "等吊车，最早后天能到。"})

    def _act(self, case_id: int, number: int, resident: bool, now: datetime) -> None:
        case = Case.objects.get(pk=case_id)
        item = WorkItem.objects.filter(case_id=case_id, state=OPEN, side=False, branch="").first()
        if item is None or case.state == CLOSED:
            return
        if item.number != number:
            self._next(case_id, now)
            return
        if resident:
            self._answer(case, item)
        else:
            getattr(self, f"_at_{item.stage}", self._at_other)(case, item, now)
        self._next(case_id, now)

    def _answer(self, case: Case, item: WorkItem) -> None:
        pick = self.random
        if pick.random() < 0.87:
            rating = pick.choices(("very", "fairly", "so_so", "no"), (62, 26, 9, 3))[0]
            self._as_resident(case.id, "solved", {"rating": rating})
        else:
            self._as_resident(case.id, "unsolved", {"why": pick.choice(matters.UNSOLVED), "rating": "no"})

    def _at_triage(self, case: Case, item: WorkItem, now: datetime) -> None:
        matter, pick = self.matter_of[case.id], self.random
        if matter.sort == "small" and pick.random() < 0.12:
            self._fire(item, "settle", {"result": matter.result})
        elif pick.random() < 0.05:
            self._fire(item, "pass_up", {"reason": "要街道几家一起看，社区定不了。"})
        elif pick.random() < 0.04:
            self._fire(item, "ask", {"question": pick.choice(matters.QUESTIONS)})
            self._dispatch(case, item)
        else:
            self._dispatch(case, item)

    def _at_triage_street(self, case: Case, item: WorkItem, now: datetime) -> None:
        matter = self.matter_of[case.id]
        if matter.sort == "big" and self.random.random() < 0.4:
            self._dispatch_joint(case, item)
        else:
            self._dispatch(case, item)

    _at_duty = _at_triage_street

    def _at_lift(self, case: Case, item: WorkItem, now: datetime) -> None:
        self._dispatch(case, item)

    def _dispatch_joint(self, case: Case, item: WorkItem) -> None:
        matter = self.matter_of[case.id]
        lead = self.unit_for(matter, case)
        data = {"unit": lead, "units": [s for s in {self._other_unit(case)} if s != lead]}
        if data["units"]:
            self._fire(item, "dispatch_joint", data | {"category": category_code(matter), "urgent": case.urgent})
        else:
            self._dispatch(case, item)

    def _dispatch(self, case: Case, item: WorkItem) -> None:
        matter = self.matter_of[case.id]
        data = {"sort": matter.sort, "category": category_code(matter), "urgent": case.urgent}
        if matter.sort != "private":
            data["unit"] = self.unit_for(matter, case)
        self._fire(item, "dispatch", data)

    def _at_sign(self, case: Case, item: WorkItem, now: datetime) -> None:
        pick = self.random
        stubborn = case.id in self.stalled and case.id % 3 == 0
        if stubborn or (case.returns == 0 and pick.random() < 0.06):
            data = {"ground": pick.choice(matters.RETURN_GROUNDS), "proposed": self._other_unit(case)}
            self._fire(item, "return", data)
        else:
            self._fire(item, "accept", {"plan": pick.choice(("", "", "今天下午去看现场。"))})

    def _at_arbitrate(self, case: Case, item: WorkItem, now: datetime) -> None:
        self._fire(
            item, "rule", {"unit": self.unit_for(self.matter_of[case.id], case), "ground": "按职责清单，由该单位承办。"}
        )

    def _at_handle(self, case: Case, item: WorkItem, now: datetime) -> None:
        pick = self.random
        if now < item.due_at and case.extensions == 0 and pick.random() < 0.05:
            self._fire(item, "extend", {"more": "2 work_day", "reason": "配件要从外地发，后天到。"})
            side = WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)
            self._fire(side, "grant", {"note": "同意，告知居民。"})
            return
        if item.stage == "handle" and not case.counters.get("parkings") and pick.random() < 0.03:
            self._park(case, item, now)
            return
        data: dict[str, object] = {"result": self.matter_of[case.id].result}
        if self.photos is not None and pick.random() < 0.25:
            data["photos"] = self.photos(case, "after")
        self._fire(item, "finish", data)

    _at_handle_ruled = _at_handle

    def _at_joint_sum(self, case: Case, item: WorkItem, now: datetime) -> None:
        self._fire(item, "finish", {"result": self.matter_of[case.id].result})

    def _park(self, case: Case, item: WorkItem, now: datetime) -> None:
        """It cannot be done this month: the street drafts, the county's head rules, the resident is told a date."""
        day = (clock.local(now) + timedelta(days=self.random.randint(10, 60))).date().isoformat()
        self._fire(
            item, "park", {"reason": matters.PARK_REASONS[case.id % len(matters.PARK_REASONS)], "next_date": day}
        )
        side = WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)
        self._fire(side, "park_put", {"opinion": "情况属实，拟同意。"})
        side = WorkItem.objects.get(case_id=case.id, state=OPEN, side=True)
        self._fire(side, "park_approve", {"opinion": "同意，按期回头看。"})

    def _at_verify(self, case: Case, item: WorkItem, now: datetime) -> None:
        if case.reworks == 0 and self.random.random() < 0.07:
            self._fire(item, "fail", {"finding": "去看了，还差一点没弄好。"})
        else:
            self._fire(item, "pass", {"finding": self.random.choice(("", "到现场看过，确实好了。"))})

    def _at_follow_up(self, case: Case, item: WorkItem, now: datetime) -> None:
        pick = self.random
        answer = pick.choices(("yes", "partly", "unreachable", "no"), (78, 8, 7, 7))[0]
        rating = pick.choices(("very", "fairly", "so_so", "no"), (60, 27, 9, 4))[0]
        if answer == "no":
            self._fire(item, "record_no", {"words": pick.choice(matters.UNSOLVED), "rating": "no"})
        elif answer == "partly" and case.counters.get("lifts", 0) == 0 and pick.random() < 0.15:
            self._fire(item, "false_closure", {"finding": "电话里说根本没人来过。"})
        elif answer == "unreachable":
            self._fire(item, "no_answer", {"way": "phone"})
        else:
            self._fire(item, "record", {"solved": answer, "rating": rating})

    def _at_advise(self, case: Case, item: WorkItem, now: datetime) -> None:
        self._fire(item, "answer", {"answer": self.matter_of[case.id].result})

    def _at_confirm(self, case: Case, item: WorkItem, now: datetime) -> None:
        self._fire(item, "sample", {"finding": "打电话问过，说好了。"})

    _at_spot_check = _at_confirm

    def _at_final(self, case: Case, item: WorkItem, now: datetime) -> None:
        self._fire(item, "conclude", {"answer": "几次到场，能办的都办了；余下的列入明年的改造。"})

    def _at_other(self, case: Case, item: WorkItem, now: datetime) -> None:
        raise LookupError(f"the demo does not know what people do at {item.stage}")

    # --- who and where ----------------------------------------------------------------------------------------

    def _one_of(self, seat_id: int, now: datetime, unlike: frozenset[int] = frozenset()) -> people.Actor:
        persons = people.directory().effective(seat_id, now, unlike=unlike).persons
        return people.actor_for(self.random.choice(sorted(persons)))

    def _fire(self, item: WorkItem, action: str, data: dict[str, object]) -> None:
        assert item.owner_seat is not None  # the database says so of an open item
        actor = self._one_of(item.owner_seat, clock.now(), frozenset(item.barred))
        actions.fire(item.case_id, action, item=item.number, expected_seq=None, actor=actor, data=data)

    def _as_resident(self, case_id: int, action: str, data: dict[str, object]) -> None:
        case = Case.objects.get(pk=case_id)
        actions.fire(case_id, action, item=None, expected_seq=None, actor=people.resident(case.code), data=data)

    def unit_for(self, matter: Matter, case: Case) -> int:
        """The seat of the unit that handles such a matter here."""
        directory = people.directory()
        if matter.unit == "village":
            return directory.seat_for("village_secretary", case.place_id)
        if matter.unit == "grid":
            return directory.seat_for("grid_worker", case.place_id)
        return staff.unit_seat(matter.unit, case.place_id)

    def _other_unit(self, case: Case) -> int:
        directory = people.directory()
        seat = staff.unit_seat("city_management" if case.id % 2 else "power", case.place_id)
        return seat if seat != case.handler_seat else directory.seat_for("village_secretary", case.place_id)


def category_code(matter: Matter) -> str:
    """The code of a matter's category in the installed catalogue."""
    found = packs.registry().categories.find(matter.category)
    return found.code if found else ""


def stand_at(moment: datetime) -> None:
    """Put the demo clock at a moment; never back."""
    if moment > clock.now():
        with db.write():
            revisions.assign(clock.OFFSET, math.ceil((moment - (clock.now() - clock.offset())).total_seconds()))


def working(moment: datetime) -> datetime:
    """The moment itself in office hours, else a little into the next ones."""
    local = clock.local(moment)
    for _day in range(15):
        if is_workday(local.date()) and local.hour < 8:
            return local.replace(hour=8, minute=local.minute // 2 + 10)
        if is_workday(local.date()) and local.hour < 18:
            return local
        local = (local + timedelta(days=1)).replace(hour=7)
    return local


def arrivals(rng: Random, since: datetime, until: datetime, how_many: int) -> Iterator[datetime]:
    """Moments at which matters come in: more by day, a little more each week, in order."""
    span = (until - since).total_seconds()
    found: list[datetime] = []
    while len(found) < how_many:
        moment = since + timedelta(seconds=span * rng.random() ** 0.9)
        hour = clock.local(moment).hour
        if rng.random() < (1.0 if 8 <= hour < 21 else 0.12):
            found.append(moment)
    yield from sorted(found)


def where(rng: Random, number: int) -> int:
    """A place for a matter: the demo community often, the streets more than the villages."""
    known = places.directory()
    towns = known.children(staff.demo_place("county"))
    if number % 9 == 0:
        village = staff.demo_place("village")
    else:
        town = rng.choices(towns, [6 if i < 4 else 2 for i in range(len(towns))])[0]
        if number % 4 == 0:
            town = staff.demo_place("town")
        village = rng.choice(known.children(town))
    inside = [p for p in known.descendants(village) if known.get(p).kind in ("building", "grid1", "grid2")]
    return rng.choice(inside) if inside and rng.random() < 0.8 else village
