"""The catalogue of the standard pack: complete, findable, suggested honestly; and the promises by category."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from gezhi.foundation import packs
from gezhi.foundation.packs.categories import Catalogue
from gezhi.foundation.packs.limits import Limits

STANDARD = Path(settings.ROOT) / "packs" / "standard-county"


@pytest.fixture(scope="module")
def pack():
    return packs.load(STANDARD)


@pytest.fixture(scope="module")
def catalogue(pack):
    return Catalogue.of([pack.get("categories").body])


@pytest.fixture(scope="module")
def limits(pack):
    return Limits([pack.get("limits").body])


def test_every_row_of_both_catalogues_is_there_once(catalogue):
    schemes = Counter(c.scheme for c in catalogue)
    assert schemes == {"request": 517, "matter": 250, "component": 153}
    requests = [c for c in catalogue if c.scheme == "request"]
    assert len({c.l1 for c in requests}) == 15
    # 103 second levels as the taxonomy counts them: the 15 catch-alls 其他 of the first level are not counted.
    assert len({(c.l1, c.l2) for c in requests if c.l2 != "其他"}) == 103
    assert len({c.path for c in catalogue}) == len(catalogue) == 920


def test_the_key_of_the_standard_is_kind_and_code(catalogue):
    assert (catalogue.get("M01001").name, catalogue.get("C01001").name) == ("供水井盖异常", "供水井盖")
    assert catalogue.get("M01001").scheme != catalogue.get("C01001").scheme
    for letter, name in (("matters", "M"), ("components", "C")):
        with (STANDARD / "categories" / f"gbt47678_5_{letter}.csv").open(encoding="utf-8") as rows:
            assert all(row["code"][0] == name and len(row["code"]) == 6 for row in csv.DictReader(rows))


def test_everything_has_a_unit_and_a_limit(catalogue, limits):
    assert [c.path for c in catalogue if not c.unit] == []
    assert [c.path for c in catalogue if limits.of_category(c) is None] == []


def test_a_category_is_found_by_code_path_or_its_only_name(catalogue):
    lamp = catalogue.find("城乡建设/城市建设和市政管理/城市公共设施")
    assert lamp.code == "T010204"
    assert catalogue.find("t010204") is lamp
    assert catalogue.find("暴露垃圾").code == "M06010"
    assert catalogue.find("其他") is None
    assert catalogue.find("城乡建设/其他/其他").name == "其他"
    assert catalogue.find("无此一类") is None
    assert catalogue.get(None) is None and "T010204" in catalogue
    assert catalogue.get("T010205").label == "城市建设和市政管理：其他"


def test_the_nearest_is_offered(catalogue):
    assert catalogue.nearest("暴露的垃圾").name == "暴露垃圾"
    assert catalogue.nearest("qqqqqqqqqq") is None


def test_search_finds_names_groups_hints_and_codes(catalogue):
    assert catalogue.search("暴露垃圾")[0].name == "暴露垃圾"
    assert catalogue.search("红绿灯")[0].path == "政法/交通管理/交通安全管理"
    assert {c.l2 for c in catalogue.search("物业", limit=5)} >= {"住房保障与房地产"}
    assert catalogue.search("M0600", limit=3)[0].scheme == "matter"
    assert catalogue.search("  ") == []
    assert len(catalogue.search("管理", limit=7)) == 7


def test_the_tree_has_three_levels_for_pickers(catalogue):
    tree = catalogue.tree()
    assert len(tree) == 15
    assert sum(len(second["children"]) for first in tree for second in first["children"]) == 517
    assert {node["name"] for node in catalogue.tree("matter")} == {"管理事项"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("我家门口的路灯坏了好几天，晚上看不见路", "管理事项/市政公用设施类/路灯异常"),
        ("下水道堵了，人行道坑洼不平", "城乡建设/城市建设和市政管理/城市公共设施"),
        ("小区物业乱收物业费，物业公司不作为", "城乡建设/住房保障与房地产/物业服务"),
        ("老板拖欠工资三个月不发", "劳动和社会保障/工资福利/工资发放"),
        ("楼下烧烤店油烟扰民，油烟太大", "环境保护/环境污染/大气污染"),
        ("停水两天了，什么时候来自来水", "城乡建设/城市建设和市政管理/自来水供应"),
        ("孩子上幼儿园怎么报名", "教育文体/教育行政管理/民办学校"),
    ],
)
def test_suggestions_for_what_residents_write(catalogue, text, path):
    best = catalogue.suggest(text)[0]
    assert catalogue.get(best.code).path == path
    assert all(text[start:end] == word for word, start, end in best.words)


def test_a_suggestion_is_a_share_and_silence_is_possible(catalogue):
    assert catalogue.suggest("你好") == []
    found = catalogue.suggest("路灯 物业 停水 幼儿园 医院", limit=10)
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    assert abs(sum(s.score for s in found) - 1) < 0.01
    code, score, words = found[0]
    assert (code, score, words) == (found[0].code, found[0].score, found[0].words)


@given(st.text(max_size=200))
def test_any_text_gets_true_spans_that_do_not_overlap(text):
    catalogue = Catalogue.of(
        [
            {
                "rows": [["T1", "request", "a", "b", "c"], ["T2", "request", "a", "b", "d"]],
                "units": {},
                "hints": {"T1": ["路", "路灯"], "T2": ["灯", "a"]},
            }
        ]
    )
    for suggestion in catalogue.suggest(text):
        assert 0 < suggestion.score <= 1
        ends = 0
        for word, start, end in suggestion.words:
            assert text[start:end] == word and start >= ends
            ends = end


@pytest.mark.parametrize(
    ("path", "kind", "urgent", "expected"),
    [
        (None, "consult", False, "1 work_day"),
        (None, "help", False, "3 work_day"),
        (None, "complain", False, "5 work_day"),
        (None, "report", False, "15 work_day"),
        (None, "suggest", False, "10 work_day"),
        (None, None, False, "5 work_day"),
        (None, "unheard-of", False, "5 work_day"),
        (None, "help", True, "1 urgent_day"),
        # A question is answered in a day and a report takes its fifteen, whatever they are about.
        ("管理事项/市容环境类/暴露垃圾", "consult", False, "1 work_day"),
        ("管理事项/市容环境类/暴露垃圾", "report", False, "15 work_day"),
        # Help, complaints and matters without a type go by their category, the most particular line first.
        ("管理事项/市容环境类/暴露垃圾", "complain", False, "4 work_hour"),
        ("管理事项/市容环境类/暴露垃圾", None, False, "4 work_hour"),
        ("管理事项/市容环境类/油烟污染", "complain", False, "3 work_day"),
        ("城乡建设/住房保障与房地产/物业服务", "help", False, "5 work_day"),
        ("城乡建设/住房保障与房地产/私房", "help", False, "10 work_day"),
        ("城乡建设/村镇建设/其他", "help", False, "5 work_day"),
        # Urgent: a day, unless the category itself is faster.
        ("管理事项/市容环境类/暴露垃圾", "complain", True, "1 urgent_day"),
        ("管理事项/市政公用设施类/供水井盖异常", "complain", True, "2 urgent_hour"),
    ],
)
def test_promises(catalogue, limits, path, kind, urgent, expected):
    category = catalogue.find(path) if path else None
    assert (category is None) == (path is None)
    assert str(limits.promise(category, kind, urgent)) == expected


def test_steps(limits):
    assert str(limits.step("accept")) == "4 work_hour"
    assert str(limits.step("urgent_respond")) == "2 urgent_hour"


def test_packs_without_limits_promise_nothing():
    assert Limits([]).promise(None, None, True) is None
