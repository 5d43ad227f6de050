"""M069 三大职责: three kinds exhaust a grid worker's records; the page's 120, 35 and 80 come out of a replay."""

from datetime import timedelta

from gezhi.engines.workflows.models import CLOSED, Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import measures, packs
from gezhi.foundation.calendar import clock
from tests.mechanisms import mechanism

pytestmark = mechanism("M069", file="packs/yueshi-village/services.yaml")


def test_every_record_is_of_exactly_one_of_the_three_duties(county):
    world = county("yueshi-village")
    duties = {s["code"]: s["workflow"] for s in packs.registry().services["yueshi-village"]["services"]}
    assert duties == {"collect": "request", "mediate": "dispute", "errand": "errand"}
    kinds = {name: definition(name)[0].kinds for name in packs.registry().names("workflow")}
    # A workflow declares which duty its cases count under; what declares none is a request collected.
    # Protected matters are nobody's duty in a grid: they are kept above it, and in no figure (docs/rules/protected.md).
    apart = {
        body["workflow"]
        for body in (packs.registry().body("protected", n) for n in packs.registry().names("protected"))
    }
    # What a meeting hands out is begun by those who met, and works by an office that builds: neither by a grid worker.
    others = (("assigned",), ("project",))
    apart |= {name for name in packs.registry().names("workflow") if definition(name)[0].kinds in others}
    counted = {name: (kind or ("collect",)) for name, kind in kinds.items() if name not in apart}
    assert all(len(kind) == 1 for kind in counted.values())
    assert {kind[0] for kind in counted.values()} == {"collect", "dispute", "errand"}
    assert world.open("路坏了").workflow == "request"


def test_the_pages_figures_come_out_of_the_records(county, at_ten):
    world = county("yueshi-village")
    start = clock.now() - timedelta(seconds=1)
    for n in range(120):
        world.open(f"村民诉求 {n}", place="hill1", by="孙田", channel="field")
    for n in range(35):
        case = world.open(f"邻里纠纷 {n}", place="hill1", by="孙田", channel="field", workflow="dispute")
        world.do(case, "sit", "孙田", facts="各说各的理。")
        world.do(case, "agree", "孙田", terms="按老界线。")
        world.do(case, "holds", "钱立")
    for n in range(80):
        case = world.open(
            f"代办 {n}", place="hill1", by="孙田", channel="field", workflow="errand", consent="本人在家同意"
        )
        world.do(case, "start", "孙田", papers="户口本")
        world.do(case, "finish", "孙田", result="办好送回。")
        world.do(case, "record", "钱立", solved="yes")
    at_ten.shift(timedelta(hours=1))
    cut = measures.Cut(start, clock.now(), clock.now())
    rows = {
        r.group: r.figures
        for r in measures.table(["reported", "closed"], by="workflow", period=cut, place=world.places["hill"])
    }
    assert rows["request"]["reported"].value == 120
    assert rows["dispute"]["closed"].value == 35
    assert rows["errand"]["closed"].value == 80
    opened = measures.opened_by(rows["dispute"]["closed"].opens)
    assert set(opened.values_list("id", flat=True)) == set(
        Case.objects.filter(workflow="dispute", state=CLOSED).values_list("id", flat=True)
    )
