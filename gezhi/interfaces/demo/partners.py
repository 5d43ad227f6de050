"""Partners, incubated groups and idle sites of the demo's village: made-up names, a few lines a register."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from gezhi.foundation import db, packs, people, places, subjects
from gezhi.foundation.calendar import clock

from . import staff

PARTNERS = (
    ("河畔医院", "hall", "义诊、量血压"), ("顺手修理铺", "shop", "修家电、磨刀"), ("梨园票友社", "group", "周末唱戏"),
    ("晨光律师所", "group", "法律咨询"), ("北门理发店", "shop", "给老人理发"), ("县图书馆", "department", "流动书车"),
)  # fmt: skip
GROUPS = (("启明学堂", "education", 300), ("银杏养老社", "elders", 25), ("旧书社", "culture", -12))
SITES = (
    ("老粮库两间", "原粮库", "ready", 260), ("旧供销社", "供销社", "repair", 180),
    ("棉纺厂俱乐部", "棉纺厂", "ready", 420), ("老锅炉房", "原房管所", "unsafe", 90),
)  # fmt: skip


def fill() -> None:
    """Enter them in one write; a register that is not installed is left out."""
    known = set(packs.registry().names("register"))
    grid = staff.demo_place("grid")
    village, today = places.directory().path(grid).village_id or grid, clock.today()
    with db.write():
        if "partner" in known:
            _enter("partner", "organisation", village, today, [(n, {"sort": s, "offers": o}) for n, s, o in PARTNERS])
        if "incubated_group" in known:
            lines = [(n, {"field": f, "valid_to": (today + timedelta(days=d)).isoformat()}) for n, f, d in GROUPS]
            _enter("incubated_group", "organisation", village, today, lines)
        if "idle_site" in known:
            lines = [(n, {"owner": o, "condition": c, "area": str(a)}) for n, o, c, a in SITES]
            lines[2][1].update(
                agreement="无偿使用 5 号", term=(today + timedelta(days=700)).isoformat(), use="老年活动、四点半课堂"
            )
            _enter("idle_site", "asset", village, today, lines)


def _enter(register: str, kind: str, place: int, today: date, lines: list[tuple[str, dict[str, Any]]]) -> None:
    actor, since = people.system("setup"), today - timedelta(days=120)
    rows = subjects.add_many(kind, [({"name": name}, place, since) for name, _v in lines], actor=actor, synthetic=True)
    entered = [(row.pk, values, since) for row, (_name, values) in zip(rows, lines, strict=True)]
    subjects.enter_many(register, entered, actor=actor)
