"""A month of meetings and activities in a few villages of the demo, and what is planned next, by the engine's own acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import override

from gezhi.engines.matching import minutes, planning, signing
from gezhi.engines.matching.models import BOOKED, Session
from gezhi.flows.meetings import doors
from gezhi.foundation import people
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor
from gezhi.interfaces.demo import staff
from gezhi.interfaces.demo.matters import name_of, phone_of

VILLAGES = 4  # the demo's own village and a few beside it


@dataclass(frozen=True)
class Gathering:
    """`day`: days from today; `named` sign up, `heads` come besides; `lines`: what is said, and how it ends."""

    activity: str
    day: int
    hour: int
    hours: int = 2
    title: str = ""
    theme: str = ""
    room: str = "党群服务中心二楼"
    seats: int | None = None
    named: int = 0
    heads: int = 0
    roles: dict[str, str] = field(default_factory=dict)
    done: tuple[str, ...] = ()
    summary: str = ""
    lines: tuple[tuple[str, str], ...] = ()  # (question, answer; "" = becomes a case)


PLAN = (
    Gathering("party_day", -24, 15, theme="学习和志愿清扫", roles={"host": "主持", "recorder": "记录"}, heads=18,
              done=("study", "dues"), summary="集中学习一小时，交了党费，清扫了东门小广场。"),
    Gathering("evening_school", -22, 19, title="手机怎么用：挂号和打车", seats=20, named=16, heads=2, roles={"teacher": "王老师"}),
    Gathering("face_to_face", -18, 19, named=9, heads=11, roles={"host": "书记"}, summary="说了三件事，两件当场说清，一件交办。",
              lines=(("三号楼后面晚上太黑", ""), ("社保卡去哪换", "一楼窗口就能换，带身份证。"), ("门球场几点开", "早六点到晚九点。"))),
    Gathering("lecture", -15, 9, title="冬天怎么防一氧化碳中毒", theme="safety", seats=40, named=24, heads=6, roles={"speaker": "消防站 李站长"}),
    Gathering("neighbour_fair", -12, 9, 3, title="便民集市：义诊、理发、磨刀", room="中心广场", named=12, heads=86),
    Gathering("evening_school", -8, 19, title="短视频记录家常菜", seats=20, named=20, roles={"teacher": "王老师"}),
    Gathering("lecture", -5, 15, title="高血压怎么吃药", theme="health", seats=30, named=22, heads=5, roles={"speaker": "村医"}),
    Gathering("rehearsal", -3, 18, title="广场舞队排练", room="文化广场", named=14, heads=4),
    Gathering("five_deliveries", -2, 9, 3, theme="medical", title="送医疗：测血压、看眼底", room="社区卫生服务站", named=18, heads=21),
    Gathering("routine_meeting", 0, 9, 1, title="本周工作例会", roles={"host": "书记", "recorder": "文书"}),
    Gathering("evening_school", 2, 19, title="剪窗花迎新年", seats=12, named=15, roles={"teacher": "剪纸能手"}),
    Gathering("face_to_face", 4, 19, named=5, roles={"host": "书记"}),
    Gathering("lecture", 6, 9, title="租房押金那些事", theme="law", seats=40, named=7, roles={"speaker": "司法所"}),
    Gathering("neighbour_fair", 9, 9, 3, title="招聘进小区：二十家企业", room="中心广场", named=4),
    Gathering("rehearsal", 11, 18, title="元旦演出彩排", room="文化广场", named=6),
    Gathering("party_day", 13, 15, theme="我为群众办实事", roles={"host": "主持", "recorder": "记录"}),
)  # fmt: skip


def schedule(at: Callable[[datetime, Callable[[datetime], None]], None], until: datetime) -> int:
    """Put the month into a run: `at(moment, do)`; returns how many sessions will be planned."""
    villages = staff.villages()[:VILLAGES]
    for n, village in enumerate(villages):
        for g, gathering in enumerate(PLAN):
            if n and (g + n) % 3 == 0:
                continue  # the others do less
            starts = clock.midnight(
                clock.local(until).date() + timedelta(days=gathering.day + (n if gathering.day > 0 else -n))
            ) + timedelta(hours=gathering.hour)
            planned = min(starts - timedelta(days=7), until - timedelta(hours=30 - g))
            at(planned, _plan(gathering, village, starts, 1000 * n + 40 * g, at))
    return len(villages) * len(PLAN)


def _plan(one: Gathering, village: int, starts: datetime, number: int, at: Callable) -> Callable[[datetime], None]:
    def do(now: datetime) -> None:
        actor = _secretary(village)
        ends = starts + timedelta(hours=one.hours)
        row = planning.plan(
            one.activity, village, starts, ends, actor=actor, title=one.title, theme=one.theme, room=one.room,
            seats=one.seats, roles=one.roles, key=f"demo-{number}",
        )  # fmt: skip
        for n in range(one.named):
            with_phone = signing.Guest(name_of(60_000 + (number + n) % 900), phone_of(6_000_000 + (number + n) % 900))
            later = now + (min(starts, now + timedelta(days=6)) - now) * (n + 1) / (one.named + 2)
            at(later, lambda _t, who=with_phone: signing.sign_up(row.pk, who, actor=people.resident()))
        at(ends + timedelta(minutes=20), lambda _t: _hold(one, row.pk, village))

    return do


def _hold(one: Gathering, session_id: int, village: int) -> None:
    actor = _secretary(village)
    row = Session.objects.get(pk=session_id)
    booked = list(row.bookings.filter(state=BOOKED).order_by("number"))
    marks = {b.number: "absent" if b.number % 9 == 4 else "attended" for b in booked}
    signing.attend(session_id, marks, actor=actor, heads=one.heads)
    for question, answer in one.lines:
        item = minutes.note(session_id, "question", question, actor=actor)
        if answer:
            minutes.answer(session_id, item.number, answer, actor=actor)
        else:
            seat = people.directory().seat_for("grid_worker", village)
            doors.assign(
                session_id, item.number, actor=actor, seat_id=seat, due_on=clock.today() + timedelta(days=10)
            )  # fmt: skip
    with override("zh-hans"):
        minutes.close(session_id, {"summary": one.summary} if one.summary else {}, actor=actor, done=one.done)


def _secretary(village: int) -> Actor:
    directory = people.directory()
    seat = directory.effective(directory.seat_for("village_secretary", village))
    return people.actor_for(seat.persons[0])
