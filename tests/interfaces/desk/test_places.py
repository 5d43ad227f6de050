"""辖区 on the desk: a change is previewed, then done; files are judged, then taken in; who is missing where opens."""

import json
import re

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from shapely import box
from shapely.geometry import mapping

from gezhi.engines.workflows.models import Case
from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.places import changes, plans
from gezhi.foundation.places.models import Place, PlaceChange
from gezhi.foundation.places.plans import Part
from tests.interfaces.desk.conftest import Desk
from tests.world import World

ADMIN = "卢一舟"


def page(desk, name, url, /, **data):
    answer = desk.of(name).post(url, data) if data else desk.of(name).get(url)
    return answer.status_code, answer.content.decode()


def test_a_split_is_previewed_then_done_and_stands_in_the_record(world, desk):
    world.open()
    world.open(place="block7")
    lake1, micro, house = (world.places[key] for key in ("lake1", "lake1a", "block7"))
    url = reverse("desk:place_change", args=[lake1, "split"])
    status, form = page(desk, ADMIN, url)
    assert status == 200 and "还没有预览" in form
    wrong = {"step": "do", "name0": "南网格", "name1": "北网格", f"to{micro}": "0"}
    status, answer = page(desk, ADMIN, url, **wrong)
    assert status == 422 and "没说归哪一块" in answer and "7 号楼" in answer and places.directory().open(lake1)
    given = {**wrong, f"to{house}": "1", "step": "preview"}
    status, seen = page(desk, ADMIN, url, **given)
    assert status == 200 and "在办的事 2 件跟着走" in seen and "起这样调整" in seen and places.directory().open(lake1)
    status, _moved = page(desk, ADMIN, url, **{**given, "step": "do", "reason": "清社治〔2026〕3号"})
    assert status == 302 and not places.directory().open(lake1)
    south, north = PlaceChange.objects.get().plan["news"]
    assert Case.objects.filter(grid_id=south).count() == 1 and Case.objects.filter(grid_id=north).count() == 1
    status, record = page(desk, ADMIN, reverse("desk:place_changes", args=[world.places["lake"]]))
    assert "南网格、北网格" in record and "恢复原状" in record
    undo = reverse("desk:place_undo", args=[PlaceChange.objects.get().pk])
    status, seen = page(desk, ADMIN, undo)
    assert status == 200 and "第 1 网格" in seen
    assert page(desk, ADMIN, undo, step="do")[0] == 302
    assert PlaceChange.objects.count() == 2 and places.directory().open(places.successor(lake1))


@pytest.mark.parametrize(
    ("kind", "place", "data"),
    [
        ("rename", "lake1", {"name": "码头网格"}),
        ("recode", "lake1", {"code": "330999001001001"}),
        ("absorb", "lake1", {"into": "lake2"}),
        ("merge", "lake1", {"with": "lake2", "name": "湖滨网格"}),
        ("move", "hill", {"parent": "east"}),
        ("close", "block7", {}),
    ],
)
def test_every_kind_of_change_has_a_form_a_preview_and_an_act(world, desk, kind, place, data):
    world.open(place="block7")
    url = reverse("desk:place_change", args=[world.places[place], kind])
    assert page(desk, ADMIN, url)[0] == 200
    given = {key: world.places.get(value, value) for key, value in data.items()}
    status, seen = page(desk, ADMIN, url, step="preview", **given)
    assert status == 200 and "起这样调整" in seen and not PlaceChange.objects.exists()
    assert page(desk, ADMIN, url, step="do", **given)[0] == 302
    assert PlaceChange.objects.get().kind == kind
    assert page(desk, ADMIN, reverse("desk:places"))[0] == 200


def test_only_who_manages_places_may_look_or_change(world, desk):
    lake1 = world.places["lake1"]
    for name in ("赵兰", "周敏", "马东", "薛衡"):
        for url in (
            reverse("desk:place_change", args=[lake1, "split"]),
            reverse("desk:place_changes", args=[lake1]),
            reverse("desk:coverage", args=[lake1]),
            reverse("desk:places_import"),
        ):
            assert desk.of(name).get(url).status_code == 403, (name, url)
    assert desk.of(ADMIN).get(reverse("desk:place_change", args=[10**9, "split"])).status_code == 404
    assert desk.of(ADMIN).get(reverse("desk:place_change", args=[lake1, "burn"])).status_code == 404


def test_a_file_is_judged_and_only_its_good_lines_are_taken_in(world, desk):
    places.set_code(world.places["lake"], "stats", "330999001001", actor=people.system("t"))
    features = [
        {"type": "Feature", "properties": {"code": code, "name": name}, "geometry": shape}
        for code, name, shape in (
            ("330999001001701", "新网格", mapping(box(112, 35, 112.01, 35.01))),
            ("330999009009701", "无主网格", None),
        )
    ]
    file = SimpleUploadedFile("grids.geojson", json.dumps({"features": features}).encode())
    client = desk.of(ADMIN)
    answer = client.post(reverse("desk:places_import"), {"file": file, "layer": "governance", "system": "wgs84"})
    assert answer.status_code == 302
    seen = client.get(answer["Location"]).content.decode()
    assert "能用 1 行，不能用 1 行" in seen and "也没有导入过" in seen and not Place.objects.filter(name="新网格")
    assert desk.of("赵兰").get(answer["Location"]).status_code == 403
    assert client.post(answer["Location"]).status_code == 302
    assert Place.objects.filter(name="新网格").count() == 1 and not Place.objects.filter(name="无主网格")
    assert client.get(answer["Location"]).status_code == 404
    bad = SimpleUploadedFile("x.json", b"{")
    answer = client.post(reverse("desk:places_import"), {"file": bad, "layer": "governance", "system": "wgs84"})
    assert answer.status_code == 422 and "这不是 JSON" in answer.content.decode()


def test_coverage_counts_open_the_grids_they_count(world, desk):
    url = reverse("desk:coverage", args=[world.places["county"]])
    client = desk.of(ADMIN)
    client.get(url)
    with count_queries() as q:
        seen = client.get(url).content.decode()
    assert q.total <= 20
    assert "3 个网格，配齐 0 个" in seen and "?lack=head" in seen
    lacking = client.get(url + "?lack=head").content.decode()
    assert lacking.count("data-row") == 3
    assert client.get(url + "?lack=full_time").content.decode().count("data-row") == 0  # every grid has its worker
    Place.objects.filter(pk=world.places["lake1"]).update(households=620)
    over = client.get(url + "?households=over").content.decode()
    assert over.count("data-row") == 1 and "620" in over


def test_last_months_bulletin_is_byte_equal_after_grids_and_names_changed(db):
    with time_machine.travel("2026-10-14T02:00:00+00:00", tick=False):
        world = World()
        desk = Desk(world)
        made = [world.open(place=place) for place in ("lake1", "lake1", "block7", "lake2")]
        world.do(made[0], "dispatch", "赵兰", sort="small", unit=world.seats["grid"])
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False):
        urls = [
            reverse("desk:bulletin", args=[world.places[place], "month", "2026-10"])
            for place in ("lake", "east", "county")
        ]

        def body(url):
            whole = desk.of("方晓").get(url).content.split(b'<header class="head">')[1].split(b'<div id="keys"')[0]
            return re.sub(rb'name="csrfmiddlewaretoken" value="[^"]+"', b"", whole)  # new at every sign-in

        before = [body(url) for url in urls]
        parts = [
            Part("甲网格", members=frozenset({world.places["lake1a"]})),
            Part("乙网格", members=frozenset({world.places["block7"]})),
        ]
        system = people.system("t")
        changes.apply(plans.split(world.places["lake1"], parts), actor=system)
        changes.apply(plans.rename(world.places["lake"], "大湖社区居民委员会"), actor=system)
        changes.apply(plans.merge([world.places["hill"], world.places["ridge"]], Part("岭上村")), actor=system)
        assert [body(url) for url in urls] == before
        assert "第 1 网格" in before[0].decode() and clock.today().month == 11
        november = desk.of("方晓").get(reverse("desk:bulletin", args=[world.places["lake"], "month", "2026-11"]))
        assert "大湖社区" in november.content.decode() and "乙网格" in november.content.decode()


def test_the_map_shows_either_layer_of_grids(world, desk):
    system = people.system("t")
    lake = world.places["lake"]
    places.set_shape(lake, box(112, 35, 112.02, 35.01), actor=system)
    for n in (0, 1):
        places.open_place(
            "grid1", f"单元 {n}", actor=system, parent=lake, layer="unit",
            geometry=box(112 + n * 0.01, 35, 112.01 + n * 0.01, 35.01),
        )  # fmt: skip
    case = world.open()
    Case.objects.filter(pk=case.pk).update(lon=112.015, lat=35.005)
    url = reverse("desk:map_of", args=[lake])
    client = desk.of("赵兰")
    assert "单元网格" in client.get(url).content.decode()
    seen = client.get(url + "?layer=unit").content.decode()
    assert "单元 1：在办 1 件" in seen and "单元 0：在办 0 件" in seen
    # The number opens to what it counted, on the screen and on paper, though a case's own grid is that of governance.
    for n, found in (("单元 0", False), ("单元 1", True)):
        grid = next(id for id in places.directory().children(lake, "unit") if places.directory().get(id).name == n)
        shown = client.get(reverse("desk:cases"), {"state": "open", "place": grid}).content.decode()
        assert (case.number in shown) is found and n in shown
