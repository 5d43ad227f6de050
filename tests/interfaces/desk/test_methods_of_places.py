"""A method's version of one place: in force there and inside only, approved by the seat above, and cases stay where they belong."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows import actions as work
from gezhi.engines.workflows import bulk, migrating
from gezhi.engines.workflows.methods import drafts
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition, definition_at
from gezhi.foundation import events, packs, people
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.world import PACKS


@pytest.fixture
def house(world, desk):
    for admin in ("卢一舟", "卢二舟"):
        if admin not in world.people:
            actions.appoint(world.seats["admin"], world.person(admin), actor=SETUP)
    return desk


def own(world, place, drafter, approver, title, name="errand"):
    """A version of this place: the first step renamed, handed in and approved; the draft."""
    draft = drafts.start(name, actor=world.actor(drafter), place_id=world.places[place])
    answers = {"stage": "collect", "title": title}
    draft = drafts.change(draft.pk, "rename", answers, at=draft.event_seq, actor=world.actor(drafter))
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor(drafter), words="本地要这样叫")
    return drafts.approve(draft.pk, draft.digest, actor=world.actor(approver))


def first_step(world, place):
    case = world.open("代取药", place=place, workflow="errand", consent="本人电话里同意", by="赵兰", channel="counter")
    return case, definition(case.workflow, case.version)[0].stages[case.stage].title["zh"]


def test_two_places_run_two_versions_at_once_and_all_others_the_shipped_one(house, world):
    old, _ = first_step(world, "lake1")
    lake = own(world, "lake", "赵兰", "周敏", "湖滨取材料")
    hill = own(world, "hill", "钱立", "何苗", "南岗取材料")
    assert {lake.version, hill.version} == {packs.OWN_FROM, packs.OWN_FROM + 1}
    said = {place: first_step(world, place) for place in ("lake", "lake1a", "block7", "hill1", "ridge", "east")}
    assert {place: title for place, (_case, title) in said.items()} == {
        "lake": "湖滨取材料", "lake1a": "湖滨取材料", "block7": "湖滨取材料", "hill1": "南岗取材料", "ridge": "取材料",
        "east": "取材料",
    }  # fmt: skip
    assert old.version == Case.objects.get(pk=old.pk).version == 1, "what was open finishes on its own"
    matters = [(world.places[p], {"text": "代交话费", "consent": "在场说的"}) for p in ("hill", "lake", "ridge")]
    made = bulk.open_many("errand", matters, actor=people.system("test"), channel="hotline")
    assert [case.version for case in made] == [hill.version, lake.version, 1]
    assert not events.verify().findings
    # A town's own holds in its villages, except where one has its own.
    town = own(world, "west", "何苗", "方晓", "西山取材料")
    assert {first_step(world, p)[1] for p in ("ridge", "west")} == {"西山取材料"}
    assert first_step(world, "hill")[1] == "南岗取材料"
    # Everybody's next version leaves them theirs.
    draft = drafts.start("errand", actor=world.actor("卢一舟"))
    answers = {"stage": "collect", "title": "全县取材料"}
    draft = drafts.change(draft.pk, "rename", answers, at=draft.event_seq, actor=world.actor("卢一舟"))
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor("卢一舟"))
    everybody = drafts.approve(draft.pk, draft.digest, actor=world.actor("卢二舟"))
    assert [first_step(world, p)[1] for p in ("east", "lake", "ridge")] == ["全县取材料", "湖滨取材料", "西山取材料"]
    # A village may take up what everybody runs again.
    back = drafts.start("errand", actor=world.actor("赵兰"), version=everybody.version, place_id=world.places["lake"])
    back = drafts.propose(back.pk, at=back.event_seq, actor=world.actor("赵兰"))
    drafts.approve(back.pk, back.digest, actor=world.actor("周敏"))
    assert first_step(world, "lake")[1] == "全县取材料" and town.version not in {lake.version, hill.version}


def test_a_version_of_one_place_is_drafted_there_and_approved_above(house, world):
    with pytest.raises(NotAllowed):
        drafts.start("errand", actor=world.actor("钱立"), place_id=world.places["lake"])
    for place in ("lake1", "block7"):
        with pytest.raises(Invalid, match="draft.place"):
            drafts.start("errand", actor=world.actor("赵兰"), place_id=world.places[place])
    with pytest.raises(Invalid, match="draft.place_protected"):
        drafts.start("protected", actor=world.actor("赵兰"), place_id=world.places["lake"])
    here = drafts.start("errand", actor=world.actor("赵兰"), place_id=world.places["lake"])
    there = drafts.start("errand", actor=world.actor("钱立"), place_id=world.places["hill"])
    assert (
        here.pk != there.pk
        and drafts.start("errand", actor=world.actor("周敏"), place_id=world.places["lake"]).pk == here.pk
    )
    answers = {"stage": "collect", "title": "湖滨取材料"}
    with pytest.raises(NotAllowed):
        drafts.change(here.pk, "rename", answers, at=here.event_seq, actor=world.actor("钱立"))
    here = drafts.change(here.pk, "rename", answers, at=here.event_seq, actor=world.actor("赵兰"))
    here = drafts.propose(here.pk, at=here.event_seq, actor=world.actor("赵兰"))
    for name in ("赵兰", "何苗", "钱立"):  # itself, another town, another village
        with pytest.raises(NotAllowed, match=r"draft\.above"):
            drafts.approve(here.pk, here.digest, actor=world.actor(name))
    page = house.of("周敏").get(f"/desk/methods/drafts/{here.pk}").content.decode()
    assert "批准并发布" in page and "只东街 湖滨用" in page.replace("东街街道", "东街").replace("湖滨社区", "湖滨")
    assert "的上一级" in house.of("何苗").get(f"/desk/methods/drafts/{here.pk}").content.decode()
    sent = house.of("周敏").post(f"/desk/methods/drafts/{here.pk}", {"do": "approve", "digest": here.digest})
    assert sent.status_code == 302
    here.refresh_from_db()
    assert here.state == "published" and packs.registry().get("workflow", "errand").version == 1
    library = house.of("方晓").get("/desk/methods").content.decode()
    assert "用自己的" in library and f"/desk/methods/errand?version={here.version}" in library
    there_page = house.of("方晓").get(f"/desk/methods?at={world.places['lake']}").content.decode()
    assert "本地第 1 版" in there_page
    assert "哪里用自己的" in house.of("方晓").get("/desk/methods/errand").content.decode()
    assert "湖滨取材料" in house.of("赵兰").get(f"/desk/methods/errand?at={world.places['lake']}").content.decode()


def test_a_case_goes_over_to_a_version_of_its_own_place_only(house, world):
    here, there = first_step(world, "lake1")[0], first_step(world, "ridge")[0]
    lake = own(world, "lake", "赵兰", "周敏", "湖滨取材料")
    assert lake.version is not None
    told = {o.case_id: o.code for o in migrating.preview("errand", 1, lake.version)}
    assert told == {here.pk: "", there.pk: "migrate.place"}
    admin = world.actor("卢一舟")
    assert migrating.migrate(there.pk, lake.version, actor=admin).code == "migrate.place"
    assert migrating.migrate(here.pk, lake.version, actor=admin).moves
    assert migrating.migrate(here.pk, 1, actor=admin).code == "migrate.place", "nor back to everybody's"
    assert {c.pk: c.version for c in Case.objects.all()} == {here.pk: lake.version, there.pk: 1}
    page = house.of("卢一舟").get(f"/desk/methods/errand/migrate?from=1&to={lake.version}").content.decode()
    assert there.number in page and "各地的事只换到本地用的版本" in page
    assert not events.verify().findings


def test_a_method_that_only_one_place_took_up_is_not_opened_elsewhere(house, world):
    packs.install(PACKS / "standard-county", actor=people.system("test"))
    answer = house.of("赵兰").post(
        "/desk/methods", {"pack": "taoyuan-community", "name": "law_mediation", "place": world.places["lake"]}
    )
    draft = drafts.get(int(answer["Location"].rsplit("/", 1)[1]))
    draft = drafts.change(
        draft.pk, "role", {"stage": "offer", "post": "village_mediator"}, at=draft.event_seq, actor=world.actor("赵兰")
    )
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor("赵兰"))
    drafts.approve(draft.pk, draft.digest, actor=world.actor("周敏"))
    assert definition_at("law_mediation", world.places["lake1"])[0].version == packs.OWN_FROM
    assert world.open("邻居把墙拆了", workflow="law_mediation").version == packs.OWN_FROM
    with pytest.raises(NotFound, match=r"pack\.elsewhere"):
        work.open_case(
            "law_mediation", {"text": "墙"}, actor=people.resident(), place_id=world.places["hill"], channel="portal"
        )


def test_a_place_is_told_what_came_above_its_own_version_where_they_differ_and_takes_it_over_by_a_draft(house, world):
    mine = own(world, "lake", "赵兰", "周敏", "湖滨取材料")
    lake, page = world.places["lake"], f"/desk/methods/errand?at={world.places['lake']}"
    assert 'id="newer"' not in house.of("赵兰").get(page).content.decode(), "nothing came since"
    town = own(world, "east", "周敏", "方晓", "东街取材料")
    html = house.of("赵兰").get(page).content.decode()
    assert "东街街道有新版本：本地第 2 版" in html, "the town's stands between the village and everybody's"
    came, here = html.split("上面改了")[1].split("这里自己改了")
    assert "“取材料”改叫“东街取材料”" in came and "“取材料”改叫“湖滨取材料”" in here.split("</ul>")[0]
    assert "湖滨取材料" not in came and "第 1 版以后" in html
    library = house.of("赵兰").get(f"/desk/methods?at={lake}").content.decode()
    assert "东街街道有新版本：本地第 2 版" in library
    assert "没跟新版" in house.of("方晓").get("/desk/methods").content.decode()
    town_page = house.of("周敏").get(f"/desk/methods/errand?at={world.places['east']}").content.decode()
    assert 'id="newer"' not in town_page, "the county's is what the town began from"
    # Who may not draft there reads it and has no button; an open draft stands in the way and is named.
    elsewhere = house.of("钱立").get(f"/desk/methods/errand?version={mine.version}").content.decode()
    assert 'id="newer"' in elsewhere and "从本地第 2 版起草" not in elsewhere and "从本地第 2 版起草" in html
    sent = house.of("赵兰").post("/desk/methods/errand", {"version": town.version, "place": lake})
    draft = drafts.get(int(sent["Location"].rsplit("/", 1)[1]))
    assert draft.base_version == town.version and "这里已有一份草稿" in house.of("赵兰").get(page).content.decode()
    shown = house.of("赵兰").get(f"/desk/methods/drafts/{draft.pk}").content.decode()
    assert "“湖滨取材料”改叫“东街取材料”" in shown, "what taking it over changes is seen before it is asked for"
    draft = drafts.propose(draft.pk, at=draft.event_seq, actor=world.actor("赵兰"))
    drafts.approve(draft.pk, draft.digest, actor=world.actor("周敏"))
    assert 'id="newer"' not in house.of("赵兰").get(page).content.decode()
    assert first_step(world, "lake")[1] == "东街取材料"
