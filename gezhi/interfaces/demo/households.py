"""Households of the demo's village and its registers: made-up people, their dwellings' grids, who helps whom."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from gezhi.foundation import db, packs, people, places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.people.personal import identity_check
from gezhi.foundation.subjects.models import Subject

from . import staff

SURNAMES = "柳秦高白宋田丁方石林叶江夏常温简商卓房艾"
GIVEN = "青山 明月 秋实 春晖 立冬 小满 谷雨 清和 向阳 远帆 思源 知行 惠兰 松年 云起 书言 静好 长安"
HOUSEHOLDS = 48
FIRMS = ("山前小吃店", "迎春便利店", "老街理发店", "北门五金店", "顺手快递点", "河畔诊所", "幼芽托管班", "东巷面馆")
CARE = ("able", "able", "able", "partly", "unable")


def fill(seed: int = 7) -> None:
    """Enter them in bulk: a few writes, about a second. Does nothing where the registers are not installed."""
    if "lone_elder" not in packs.registry().names("register"):
        return
    rng = Random(seed)
    actor = people.system("setup")
    grid = staff.demo_place("grid")
    village = places.directory().path(grid).village_id or grid
    grids = [id for id in places.directory().descendants(village) if places.directory().get(id).kind in places.GRIDS]
    finest = [id for id in grids if not set(places.directory().children(id)) & set(grids)] or [village]
    today = clock.today()
    # A third of them in the grid whose worker the demo shows.
    where = [grid if n % 3 == 0 else rng.choice(finest) for n in range(HOUSEHOLDS)]
    with db.write():
        homes = [
            ({"name": f"{rng.choice(SURNAMES)}{rng.choice(GIVEN.split())}户"}, where[n], _ago(today, rng))
            for n in range(HOUSEHOLDS)
        ]
        households = subjects.add_many("living_household", homes, actor=actor, synthetic=True)
        wanted: list[tuple] = []
        home_of: list[tuple[Subject, int]] = []
        for n, household in enumerate(households):
            for age in _ages(rng):
                wanted.append((_person(rng, age, today, len(wanted)), where[n], household.since))
                home_of.append((household, age))
        persons = subjects.add_many("person", wanted, actor=actor, synthetic=True)
        pairs = zip(persons, home_of, strict=True)
        members = [(person.pk, household.pk, household.since) for person, (household, _age) in pairs]
        subjects.relate_many("household_member", members, actor=actor)
        _registers(rng, households, persons, home_of, actor)
        firms = [
            ({"name": name, "code": f"DEMO{n:04}"}, rng.choice(finest), _ago(today, rng))
            for n, name in enumerate(FIRMS)
        ]
        shops = subjects.add_many("organisation", firms, actor=actor, synthetic=True)
        trades = ("food", "shop", "service", "shop", "service", "service", "public", "food")
        subjects.enter_many(
            "business",
            [
                (s.pk, {"trade": t, "extinguisher": today + timedelta(days=rng.randint(-40, 400))}, s.since)
                for s, t in zip(shops, trades, strict=True)
            ],
            actor=actor,
        )


def _registers(
    rng: Random, households: list[Subject], persons: list[Subject], home_of: list, actor: people.Actor
) -> None:
    def enter(register: str, rows: list) -> None:
        if rows:
            subjects.enter_many(register, rows, actor=actor)

    sizes: dict[int, list[tuple[Subject, int]]] = {}
    for person, (household, age) in zip(persons, home_of, strict=True):
        sizes.setdefault(household.pk, []).append((person, age))
    enter(
        "household",
        [
            (h.pk, {"people": len(sizes[h.pk]), "tenure": rng.choice(("own", "own", "rent"))}, h.since)
            for h in households
        ],
    )
    here = ("here", "here", "here", "apart", "floating")
    enter("resident", [(p.pk, {"residence": rng.choice(here)}, p.since) for p in persons])
    alone = [inside[0][0] for inside in sizes.values() if len(inside) == 1 and inside[0][1] >= 60]
    rows = [
        (
            p.pk,
            {
                "self_care": rng.choice(CARE),
                "gas_alarm": rng.random() < 0.6,
                "contact_phone": f"139000{p.pk % 100000:05}",
            },
            p.since,
        )
        for p in alone
    ]
    enter("lone_elder", rows)
    adults = [p for p, (_h, age) in zip(persons, home_of, strict=True) if 25 <= age <= 58]
    helpers = adults[:6]
    enter(
        "volunteer",
        [
            (p.pk, {"team": "邻里帮", "skills": rng.choice(("理发", "修电器", "陪诊", "代办"))}, p.since)
            for p in adults[:14]
        ],
    )
    # Two have nobody to help them yet: the register says so.
    helped = [(elder.pk, helpers[n % len(helpers)].pk, None) for n, elder in enumerate(alone[2:])]
    subjects.relate_many("helper", helped, actor=actor)


def _ago(today: date, rng: Random) -> date:
    return today - timedelta(days=rng.randint(40, 700))


def _ages(rng: Random) -> list[int]:
    kind = rng.random()
    if kind < 0.3:
        return [rng.randint(66, 92)]
    if kind < 0.55:
        return [rng.randint(60, 75), rng.randint(58, 75)]
    return [rng.randint(28, 50), rng.randint(26, 50), rng.randint(1, 17)]


def _person(rng: Random, age: int, today: date, serial: int) -> dict[str, str]:
    born = date(today.year - age - 1, rng.randint(1, 12), rng.randint(1, 28))
    first = f"990101{born:%Y%m%d}{serial % 1000:03}"
    name = rng.choice(SURNAMES) + rng.choice(GIVEN.split())
    return {"name": name, "id_number": first + identity_check(first), "phone": f"138000{serial:05}"}
