"""Working methods of the demo county in the middle of their way: talks, quarrels settled, errands run, works begun.

A story is told in acts; each is done by whoever owns the step it belongs to, at an hour when they would. Where it breaks
off, it waits for whoever tries the demo.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gezhi.engines.workflows import actions, panels, rolls, voices
from gezhi.engines.workflows.models import OPEN, Panel, WorkItem
from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import crypto
from gezhi.interfaces.demo import staff
from gezhi.interfaces.demo.life import Life, working
from gezhi.interfaces.demo.matters import name_of, phone_of

log = logging.getLogger("gezhi.demo")
# Acts that are no action of a step: the list of households, their votes, what a neighbour says who looks on.
ROLL, VOTES, FLAG = "+roll", "+votes", "+flag"
HOUSES = [f"{stair}-{floor}0{door}" for stair in (1, 2, 3) for floor in (1, 2, 3, 4) for door in (1, 2)]


@dataclass(frozen=True)
class Story:
    """`begins`: days before now. `acts`: (hours after the one before, action, its fields); `unit:X` is that unit's seat."""

    workflow: str
    text: str
    begins: int
    acts: tuple[tuple[float, str, dict[str, Any]], ...]
    village: int = 0
    by: str = ""  # a post that opens it; without one a resident does
    consent: str = ""  # of the person on whose behalf it is opened, in words


def _talk(topic: str, plan: str, yes: int, no: int, *later: tuple[float, str, dict[str, Any]]) -> tuple:
    """The way to a vote on a plan, and what follows."""
    return (
        (20, "propose", {"topic": topic, "plan": plan}),
        (3, ROLL, {}),
        (10, VOTES, {"yes": yes, "no": no}),
        *later,
    )


def _passed(met: str, unit: str) -> tuple:
    return ((60, "close_panel", {"minutes": met}), (8, "send", {"unit": f"unit:{unit}"}))


STORIES = (
    Story("seven_steps", "三号楼后面的排水沟老堵，下雨就漫到单元门口，大家能不能一起想个办法。", 44, _talk(
        "改造三号楼后排水沟", "清淤，换六十米管，加盖板，住户不出钱。", 17, 3,
        *_passed("社区会议室，到场十七户，多数同意。", "city_management"),
        (20, FLAG, {"words": "工地晚上没有灯，走路看不见。"}), (6, "+reply", {"answer": "当天装了三盏警示灯。"}),
        (90, "finish", {"result": "清了淤，换了六十二米管，加了盖板。"}),
        (12, VOTES, {"5": 9, "4": 5, "3": 1}), (70, "close_panel", {}),
        (12, "publish", {"outcome": "排水沟改好了，十五户评了四分半，雨天再看一次。"}))),
    Story("seven_steps", "东门口两边停满了车，救护车进不来，想一起定个停车的办法。", 7, _talk(
        "东门口划线停车", "东侧划十二个车位，西侧留出消防通道，夜里不许停。", 9, 4)),
    Story("seven_steps", "广场上的健身器材坏了好几样，旧的要不要换成儿童滑梯？", 20, _talk(
        "广场器材怎么换", "换六件健身器材，留一角给孩子。", 14, 2,
        *_passed("广场现场会，到场十六户。", "town_city_management")), village=1),
    Story("seven_steps", "小区想装充电桩，有人怕起火，大家议一议装在哪。", 16, _talk(
        "充电桩装在哪里", "装在二号楼北墙边，离窗八米。", 4, 10, (60, "close_panel", {"minutes": "多数人觉得离窗太近。"})),
        village=2),
    Story("dispute", "楼上漏水把楼下天花板泡了，两家说不到一块。", 30, (
        (5, "sit", {"facts": "洗衣机水管松了，楼下客厅顶有一块水印。"}),
        (20, "agree", {"terms": "楼上三天内修好水管，负责把顶刷一遍。"}), (180, "holds", {}))),
    Story("dispute", "两家为门前一棵树的枝子吵了几回。", 12, (
        (8, "sit", {"facts": "枝子伸过了院墙，落叶堵了水沟。"}),
        (6, "pass_up", {"reason": "两家都不肯先让。"}),
        (30, "agree", {"terms": "冬天里修一次枝，以后每年立冬前修。"})), village=1),
    Story("dispute", "广场舞的音响太响，晚上孩子写不成作业。", 3, (
        (8, "sit", {"facts": "晚七点半到九点，离最近的窗二十米。"}),), village=2),
    Story("errand", "腿脚不便，请帮忙办老年乘车卡。", 18, (
        (6, "start", {"papers": "身份证复印件、一寸照片一张"}), (30, "finish", {"result": "卡办好了，送到家里。"}),
        (20, "record", {"solved": "yes"})), by="village_secretary", consent="本人在电话里说的，请社区代办。"),
    Story("errand", "想办养老认证，手机不会弄。", 5, (
        (6, "start", {"papers": "身份证"}), (12, "finish", {"result": "上门用手机认证好了。"})), by="village_secretary", consent="本人在电话里说的，请社区代办。"),
    Story("errand", "医药费单据想请人帮着送去报销。", 2, ((5, "start", {"papers": "发票三张、病历"}),), village=1, by="village_secretary", consent="本人在电话里说的，请社区代办。"),
    Story("repair", "楼道的声控灯坏了两盏，下楼看不见台阶。", 9, (
        (2, "report", {"finding": "三楼、五楼的灯头松了。"}), (3, "done", {"result": "换了两个灯头。"}), (20, "good", {}))),
    Story("repair", "健身步道有一块砖翘起来，老人容易绊。", 1, (
        (2, "report", {"finding": "翘了一块，先围上了。"}),)),
    Story("project", "南街道路硬化，两百米。", 38, (
        (20, "put", {"plan": "路宽四米，混凝土，两边留排水。", "households": 40}),
        (60, "heard", {"more": 26, "said": "都愿意修；有三户担心门口垫高。"}),
        (40, "heard", {"more": 12, "said": "门口做缓坡，都同意。"}),
        (10, "enough", {"changed": "三户门口改成缓坡。"})), village=1, by="village_secretary"),
)  # fmt: skip


def schedule(run: Life) -> int:
    """Put the stories whose methods are installed into a run; returns how many are known."""
    known = set(packs.registry().names("workflow"))
    villages = staff.villages()
    told = [one for one in STORIES if one.workflow in known and one.village < len(villages)]
    for number, one in enumerate(told):
        begins = working(run.until - timedelta(days=one.begins, hours=number % 5))
        if begins > clock.now():  # a county of few weeks has no story from before
            run.at(begins, _begin(run, one, villages[one.village], number))
    return len(told)


def _begin(run: Life, one: Story, village: int, number: int) -> Callable[[datetime], None]:
    def do(now: datetime) -> None:
        grid = next(p for p in places.directory().children(village) if places.directory().get(p).kind == "grid1")
        data: dict[str, Any] = {"text": one.text}
        actor, channel, place = people.resident(), "scan", grid
        if one.by:
            actor, place = _holder(people.directory().seat_for(one.by, village)), village
            channel = "counter" if one.consent else "field"
        if one.consent:
            data |= {"on_behalf": True, "consent": one.consent}
        if one.consent or not one.by:
            data |= {"contact_name": name_of(40_000 + number), "contact_phone": phone_of(4_000_000 + number)}
        try:
            case, _new = actions.open_case(
                one.workflow, data, actor=actor, place_id=place, channel=channel, key=f"demo-story:{number}"
            )
        except Refusal as refusal:
            log.warning("the story of %s does not begin: %s", one.workflow, refusal.code)
            return
        _then(run, case.id, one.acts, now)

    return do


def _then(run: Life, case_id: int, acts: tuple[tuple[float, str, dict[str, Any]], ...], now: datetime) -> None:
    """The next act, after its hours; a story whose act is refused breaks off there."""
    if not acts:
        return
    (hours, act, data), rest = acts[0], acts[1:]

    def do(then: datetime) -> None:
        try:
            _act(case_id, act, data)
        except Refusal as refusal:
            log.warning("the story of case %s breaks off at %s: %s", case_id, act, refusal.code)
            return
        _then(run, case_id, rest, then)

    run.at(working(now + timedelta(hours=hours)), do)


def _act(case_id: int, act: str, data: dict[str, Any]) -> None:
    if act in (ROLL, VOTES):
        _panel(case_id, act, data)
    elif act == FLAG:
        voices.say(
            case_id, "flag", data["words"], phone=crypto.blind("phone", phone_of(4_900_000)), actor=people.resident("")
        )
    else:
        side = act.startswith("+")
        item = WorkItem.objects.get(case_id=case_id, state=OPEN, side=side, branch="")
        assert item.owner_seat is not None  # the database says so of an open item
        given = {name: _value(value, item.owner_seat) for name, value in data.items()}
        actor = _holder(item.owner_seat, frozenset(item.barred))
        actions.fire(case_id, act.lstrip("+"), item=item.number, expected_seq=None, actor=actor, data=given)


def _panel(case_id: int, act: str, data: dict[str, Any]) -> None:
    panel = Panel.objects.filter(case_id=case_id).order_by("-number")[0]
    if act == ROLL:
        item = WorkItem.objects.get(case_id=case_id, state=OPEN, side=False, branch="")
        assert item.owner_seat is not None
        lines = [f"{house},{'租户' if n % 5 == 4 else '业主'}" for n, house in enumerate(HOUSES)]
        panels.enrol(panel.id, "\n".join(["户号,组别", *lines]), actor=_holder(item.owner_seat))
        return
    choices = [choice for choice, count in data.items() for _n in range(count)]
    for house, choice in zip(HOUSES, choices, strict=False):
        code = rolls.code_of(case_id, rolls.voter_of(house))
        panels.cast(panel.id, actor=people.resident(""), choice=choice, code=code)


def _value(value: Any, near: int) -> Any:
    """A field's value; `unit:X` is the seat of that unit for where the owner sits."""
    if not (isinstance(value, str) and value.startswith("unit:")):
        return value
    return staff.unit_seat(value.removeprefix("unit:"), people.directory().seat(near).place_id)


def _holder(seat: int, unlike: frozenset[int] = frozenset()) -> people.Actor:
    persons = people.directory().effective(seat, clock.now(), unlike=unlike).persons
    return people.actor_for(sorted(persons)[0])
