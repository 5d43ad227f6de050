"""What a village promises and keeps: rooms, turns, supplies in somebody's hands, contracts, jobs, certificates. Made-up throughout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from gezhi.engines.matching import learning, lending, planning, rostering
from gezhi.engines.matching.signing import Guest
from gezhi.foundation import db, packs, people, places, subjects
from gezhi.foundation.calendar import clock, is_workday
from gezhi.foundation.people import Actor
from gezhi.interfaces.demo import staff
from gezhi.interfaces.demo.life import Life
from gezhi.interfaces.demo.matters import name_of, phone_of

DAYS = 6  # before the demo's present
SETUP = people.system("setup")
ROOMS = (("党群服务中心二楼", "活动室", 40, time(8), time(21)), ("文化广场舞台", "室外", 200, time(6), time(22)))
SUPPLIES = (("编织袋", 3000, "村委会东屋"), ("铁锹", 40, "村委会东屋"), ("抽水泵", 2, "东闸泵房"))
CONTRACTS = (
    ("老井边角地", "corner", "边-01", 24_000),
    ("南坡果园", "contract", "合-07", 60_000),
    ("玉米收割机", "machine", "机-02", 18_000),
)
SEEKERS = (("sewing", 6, "day", 3), ("cooking", 4, "half", 1), ("guard", 8, "night", 4), ("cleaning", 2, "day", 0))
OPENINGS = (("服装厂缝纫工", "sewing", 5, "day", 2), ("食堂帮厨", "cooking", 9, "half", 1), ("仓库夜班", "guard", 7, "night", 1))  # fmt: skip


def schedule(run: Life) -> None:
    """Six days ago all is entered and planned; things are lent, some come back, one does not."""
    begins = clock.midnight(clock.local(run.until).date() - timedelta(days=DAYS)) + timedelta(hours=9)
    run.at(begins, lambda now: _begin(run, now))


def _begin(run: Life, now: datetime) -> None:
    village, today = staff.demo_place("village"), clock.local(now).date()
    known, actor = set(packs.registry().names("register")), _secretary(village)
    with db.write():
        rooms = [planning.open_venue(name, village, actor=actor, kind=kind, capacity=most, opens=opens, closes=closes) for name, kind, most, opens, closes in ROOMS]  # fmt: skip
        _rehearsals(rooms[1].pk, village, today, actor)
        if "student_volunteer" in known:
            students = [(name_of(80_000 + n), {"school": "师范学院", "subject": "语文数学"}) for n in range(4)]
            _enter("student_volunteer", "person", village, students)
            _adopt("after_school", village, today, today + timedelta(days=27), actor)
        if "patroller" in known:
            _enter("patroller", "person", village, [(name_of(80_010 + n), {"swims": n % 2 == 0, "fit": True}) for n in range(6)])  # fmt: skip
            _adopt("dyke_patrol", village, today, today + timedelta(days=13), actor)
        if "flood_goods" in known:
            _supplies(run, village, now, actor)
        if "income_contract" in known:
            _contracts(village, today)
        if "job_seeker" in known:
            _jobs(village, today)
    if "social_work" in learning.competences():
        _certificates(village, today)


def _supplies(run: Life, village: int, now: datetime, actor: Actor) -> None:
    rows = [(name, {"amount": many, "kept_at": where}) for name, many, where in SUPPLIES]
    sacks, spades, pump = _enter("flood_goods", "asset", village, rows)

    def lend(thing: int, amount: int, n: int, until: timedelta, at_once: bool = True) -> int:
        who = Guest(name_of(80_020 + n), phone_of(8_000_020 + n))
        since = now if at_once else now + timedelta(days=DAYS + 2)
        return lending.reserve("flood_store", village, thing, who, since, since + until, actor=actor, amount=amount, at_once=at_once).pk  # fmt: skip

    used = lend(sacks, 600, 0, timedelta(days=20))
    back = lend(spades, 12, 1, timedelta(days=4))
    lend(pump, 1, 2, timedelta(days=3))  # has not come back
    lend(spades, 6, 3, timedelta(days=25))
    lend(pump, 1, 4, timedelta(days=2), at_once=False)

    def back_with(loan: int, many: int | None) -> Callable[[datetime], None]:
        def do(_now: datetime) -> None:
            lending.bring_back(loan, many, actor=actor)

        return do

    run.at(now + timedelta(days=3), back_with(back, None))
    run.at(now + timedelta(days=4), back_with(used, 420))


def _contracts(village: int, today: date) -> None:
    starts = today - timedelta(days=400)
    rows = [
        (name, {"kind": kind, "contract": no, "party": name_of(80_030 + n), "price": price,
                "starts": starts.isoformat(), "ends": (starts + timedelta(days=1095)).isoformat()})
        for n, (name, kind, no, price) in enumerate(CONTRACTS)
    ]  # fmt: skip
    _enter("income_contract", "matter", village, rows)
    halves = [(no, price / 6, days) for _n, _k, no, price in CONTRACTS for days in (395, 210)][
        :-1
    ]  # the last is behind
    _enter(
        "collective_income", "matter", village,
        [(f"{no} 收款", {"contract": no, "amount": int(sum_), "received_on": (today - timedelta(days=days)).isoformat(), "voucher": f"收{n + 1:03d}"})
         for n, (no, sum_, days) in enumerate(halves)],
    )  # fmt: skip


def _jobs(village: int, today: date) -> None:
    seekers = [
        (name_of(80_040 + n), {"skill": s, "reach": km, "hours": h, "hardship": hard})
        for n, (s, km, h, hard) in enumerate(SEEKERS)
    ]
    _enter("job_seeker", "person", village, seekers)
    until = (today + timedelta(days=60)).isoformat()
    openings = [
        (name, {"company": name[:2] + "公司", "skill": s, "km": km, "hours": h, "places": many, "ends_on": until})
        for name, s, km, h, many in OPENINGS
    ]
    _enter("job_opening", "matter", village, openings)


def _rehearsals(room: int, village: int, today: date, actor: Actor) -> None:
    for n, days in enumerate((DAYS + 1, DAYS + 3)):
        starts = clock.midnight(today + timedelta(days=days)) + timedelta(hours=9)
        planning.plan(
            "rehearsal", village, starts, starts + timedelta(hours=2), actor=actor, title="合唱队排练", venue_id=room,
            key=f"demo-room-{n}",
        )  # fmt: skip


def _certificates(village: int, today: date) -> None:
    """Of the secretaries around: one for long, one that runs out within weeks, one that has run out."""
    directory, known = people.directory(), places.directory()
    beside = [village, *(id for id in known.children(known.parent(village) or village) if id != village)]
    for n, (place, issued, days) in enumerate(zip(beside, (300, 1070, 1200), (1095,) * 3, strict=False)):
        seat = directory.effective(directory.seat_for("village_secretary", place))
        on = today - timedelta(days=issued)
        learning.issue(
            seat.persons[0], "social_work", on, actor=SETUP, expires_on=on + timedelta(days=days), proof=f"社工证 演示 {n + 1} 号"
        )  # fmt: skip


def _adopt(roster: str, village: int, first: date, last: date, actor: Actor) -> None:
    if any(is_workday(first + timedelta(days=n)) for n in range((last - first).days + 1)):
        found = rostering.propose(roster, village, first, last, actor=actor)
        if found.turns:  # none in the holidays
            rostering.adopt(roster, village, first, last, actor=actor, seen=found.seen, gaps=True)


def _enter(register: str, kind: str, village: int, rows: Sequence[tuple[str, dict[str, Any]]]) -> list[int]:
    """Each a line of the register; the ids of their subjects, in this order."""
    made = [row.pk for row in subjects.add_many(kind, [({"name": name}, village) for name, _v in rows], actor=SETUP, synthetic=True)]  # fmt: skip
    subjects.enter_many(register, list(zip(made, (values for _n, values in rows), strict=True)), actor=SETUP)
    return made


def _secretary(village: int) -> Actor:
    directory = people.directory()
    return people.actor_for(directory.effective(directory.seat_for("village_secretary", village)).persons[0])
