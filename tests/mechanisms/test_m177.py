"""M177 项目资金筹集与建设: each project's sources equal its uses, and no fund is used off its purpose."""

from __future__ import annotations

from gezhi.engines.ledger import entries, queries
from gezhi.engines.ledger.schema import ledger
from gezhi.foundation import events, subjects
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import balance, entered_by_two

BOOK = "project_funds"


@mechanism("M177", file="packs/guanwangmiao-village/ledgers/project_funds.yaml")
@mechanism("M177", file="packs/guanwangmiao-village/registers/funded_project.yaml")
def test_what_came_in_for_a_project_is_used_for_it_alone(county):
    world = county("guanwangmiao-village")
    lake, zhao = world.places["lake"], world.actor("赵兰")

    def project(name: str, purpose: str, planned: int):
        row = subjects.add("matter", {"name": name}, actor=zhao, place_id=lake, synthetic=True)
        subjects.enter("funded_project", row.pk, {"purpose": purpose, "planned": planned}, actor=zhao)
        return row

    road, water = project("村道硬化", "road", 5_000_000), project("机井", "water", 3_000_000)
    entered_by_two(world, BOOK, "granted", 4_500_000, project=road)
    entered_by_two(world, BOOK, "raise", 500_000, project=road)
    entered_by_two(world, BOOK, "granted", 3_000_000, project=water)
    entered_by_two(world, BOOK, "use", 5_000_000, project=road)
    with refused("ledger.short"):  # the other project has money: it is not this one's
        entered_by_two(world, BOOK, "use", 1, project=road)
    with refused("ledger.not_yours"):
        entries.enter(
            BOOK,
            "use",
            lake,
            1,
            actor=world.actor("秦英"),
            key="x",
            holders={"project": f"subject:{water.pk}"},
            reason="买料",
        )
    assert (balance(BOOK, road), balance(BOOK, water)) == (0, 3_000_000_00)
    sums = {t.kind: t.balance for t in queries.totals(BOOK, lake, actor=zhao)}
    assert sums == {"grant": -7_500_000_00, "raised": -500_000_00, "project": 3_000_000_00, "works": 5_000_000_00}
    # Nothing leads from one project to another.
    sides = [(side.source, side.target) for entry in ledger(BOOK).entries.values() for side in entry.sides]
    assert sides == [("grant", "project"), ("raised", "project"), ("project", "works")]
    page = Desk(world).of("赵兰").get(f"/desk/ledgers/{BOOK}?kind=project").content.decode()
    assert "村道硬化" in page and "3,000,000.00 元" in page and events.verify().clean
