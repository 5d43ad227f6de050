"""M158 知识测试: an item bank; the same seed gives the same paper; the key never leaves the server; pass mark; retake rule."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.engines.matching import examining, learning
from gezhi.engines.registers import to_sheets
from gezhi.foundation import subjects
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.events.models import Event
from gezhi.foundation.subjects.models import Entry
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, person
from tests.mechanisms.roll import thing

pytestmark = [
    mechanism("M158", file="packs/zhongzhan-district/courses/star_knowledge.yaml"),
    mechanism("M158", file="packs/zhongzhan-district/registers/star_item.yaml"),
]
KEYS = "abcd"


@given(st.sets(st.integers(1, 10**6), min_size=20, max_size=60), st.integers(0, 10**9))
def test_the_same_seed_gives_the_same_paper_each_item_once(items, seed):
    one, two = examining.drawn(list(items), seed, 20), examining.drawn(sorted(items, reverse=True), seed, 20)
    assert one == two and len(set(one)) == 20 and set(one) <= items


def test_points_are_of_a_hundred_and_what_is_not_answered_is_wrong():
    keys = dict.fromkeys(range(20), "a")
    assert [examining.graded(keys, dict.fromkeys(range(right), "a")) for right in (0, 15, 16, 20)] == [0, 75, 80, 100]
    assert examining.graded({1: "a", 2: "b", 3: "c"}, {1: "a", 2: "c"}) == 33


@pytest.fixture
def bank(county, at_ten):
    """Thirty items and 村创建, whose post the test is for and who is on the course."""
    world = county("zhongzhan-district")
    world.seat("star_village", "lake", "村创建")
    who = person(world, "村创建", "1980-01-01")
    subjects.link_colleague(who.pk, world.people["村创建"], actor=SYSTEM)
    world.keys = {}
    for n in range(30):
        item = {"question": f"第 {n} 题？", "a": "对甲", "b": "错乙", "c": "错丙", "d": "错丁", "key": KEYS[n % 4]}
        line = subjects.enter("star_item", thing(world, "matter", f"题{n}").pk, item, actor=world.actor("赵兰"))
        world.keys[line.pk] = item["key"]
    return world, world.actor("村创建"), who


def answers(world, paper, right):
    ids = [int(id) for id in paper.values["items"].split()]
    wrong = {"a": "b", "b": "c", "c": "d", "d": "a"}
    return {id: world.keys[id] if n < right else wrong[world.keys[id]] for n, id in enumerate(ids)}


def test_pass_mark_and_retakes(bank, at_ten):
    world, actor, who = bank
    (trainee,) = learning.enrol("star_knowledge", [world.people["村创建"]], actor=SYSTEM)
    first = examining.begin("star_knowledge", actor=actor)
    assert examining.begin("star_knowledge", actor=actor).pk == first.pk  # not handed in: the same paper again
    ids = [int(id) for id in first.values["items"].split()]
    assert ids == examining.drawn(list(world.keys), int(first.values["seed"]), 20) and len(ids) == 20
    assert examining.hand_in("star_knowledge", first.pk, answers(world, first, 15), actor=actor) == 75
    with pytest.raises(Conflict) as wrong:
        examining.hand_in("star_knowledge", first.pk, answers(world, first, 20), actor=actor)
    assert wrong.value.code == "course.test_handed_in"
    at_ten.shift(timedelta(days=6))
    with pytest.raises(Conflict) as wrong:
        examining.begin("star_knowledge", actor=actor)
    assert wrong.value.code == "course.test_wait" and "2026-11-25" in wrong.value.next
    at_ten.shift(timedelta(days=1))
    second = examining.begin("star_knowledge", actor=actor)
    assert second.values["seed"] != first.values["seed"]
    assert examining.hand_in("star_knowledge", second.pk, {}, actor=actor) == 0
    assert not learning.progress("star_knowledge")[0].standing.complete
    at_ten.shift(timedelta(days=7))
    third = examining.begin("star_knowledge", actor=actor)
    assert examining.hand_in("star_knowledge", third.pk, answers(world, third, 16), actor=actor) == 80
    assert [row.values["passed"] for row in Entry.objects.filter(register="star_result").order_by("pk")] == [
        False,
        False,
        True,
    ]
    assert learning.progress("star_knowledge")[0].standing.complete and trainee.person_id == world.people["村创建"]
    at_ten.shift(timedelta(days=30))
    with pytest.raises(Conflict) as wrong:
        examining.begin("star_knowledge", actor=actor)
    assert wrong.value.code == "course.test_passed"


def test_three_times_and_no_more_and_only_for_its_posts(bank, at_ten):
    world, actor, who = bank
    # A result entered by hand is no paper of the test and counts for nothing.
    forged = {"test": "star_knowledge", "seed": "1", "items": "1", "score": "100", "passed": True}
    subjects.enter("star_result", who.pk, forged, actor=world.actor("赵兰"))
    for _time in range(3):
        paper = examining.begin("star_knowledge", actor=actor)
        examining.hand_in("star_knowledge", paper.pk, answers(world, paper, 15), actor=actor)
        with pytest.raises(NotAllowed):  # a result is changed by nobody
            subjects.change(paper.pk, {"score": "100"}, actor=world.actor("赵兰"))
        at_ten.shift(timedelta(days=8))
    with pytest.raises(Conflict) as wrong:
        examining.begin("star_knowledge", actor=actor)
    assert wrong.value.code == "course.test_times"
    with pytest.raises(NotAllowed):
        examining.begin("star_knowledge", actor=world.actor("马东"))
    with pytest.raises(NotFound):
        examining.begin("star_course", actor=actor)


def test_the_key_never_leaves_the_server(bank):
    world, actor, _who = bank
    desk, secretary = Desk(world).of("村创建"), Desk(world).of("赵兰")
    url = "/desk/courses/star_knowledge/test"
    with count_queries() as asked:
        assert "开始考" in desk.get(url).content.decode()
    assert asked.total <= 14, asked.statements
    assert desk.post(url, {"do": "begin"}).status_code == 302
    with count_queries() as asked:
        page = desk.get(url).content.decode()
    assert asked.total <= 15, asked.statements
    assert page.count("<fieldset") == 20 and "20 道题，80 分合格；最多考 3 次，没合格的隔 7 天再考" in page
    paper = Entry.objects.get(register="star_result")
    item = int(paper.values["items"].split()[0])
    assert {"key", "answer", "correct"} & set(re.findall(r'name="([^"]+)"', page)) == set()
    # Every question looks the same whatever its key: nothing but the words and the four letters.
    shapes = {re.sub(r"\d+", "n", part) for part in re.findall(r"<fieldset.*?</fieldset>", page, re.S)}
    assert len(shapes) == 1
    line = Entry.objects.get(pk=item)
    assert "key" not in line.values
    edit = secretary.get(f"/desk/registers/entries/{item}").content.decode()
    assert (
        "已登记，不显示" in edit and "checked" not in edit and "selected" not in edit.partition('name="key"')[2][:600]
    )
    listed = secretary.get("/desk/registers/star_item?columns=label,key").content.decode()
    assert "****" in listed
    for patch in Event.objects.filter(stream=f"entry:{item}").values_list("patch", flat=True):
        assert "key" not in patch.get("values", {}), patch
    assert (
        to_sheets.cell(
            subjects.register("star_item"), subjects.entries(world.actor("赵兰"), "star_item").rows[0], "key"
        )
        == "****"
    )
    sent = {"do": "hand_in", "paper": paper.pk, **{f"q{id}": key for id, key in answers(world, paper, 20).items()}}
    assert Desk(world).of("赵兰").post(url, sent).status_code == 403  # nobody hands in for another
    assert desk.post(url, sent).status_code == 302
    assert "100 分" in (after := desk.get(url).content.decode()) and "已经合格" in after


def test_an_item_without_its_key_or_with_a_wrong_one_is_refused(bank):
    world, _actor, _who = bank
    item = {"question": "？", "a": "甲", "b": "乙", "key": "a"}
    for wrong, field in (({"key": ""}, "key"), ({"key": "e"}, "key"), ({"question": ""}, "question"), ({"b": ""}, "b")):
        with pytest.raises(Invalid) as refused:
            subjects.enter("star_item", thing(world, "matter", f"坏{field}").pk, item | wrong, actor=SYSTEM)
        assert set(refused.value.field_errors) == {field}
