"""The library, the editor and the way to publication, as people at the desk use them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from gezhi.engines.workflows.methods import drafts, edits, reading, source
from gezhi.engines.workflows.methods import jobs as _jobs  # noqa: F401  (the worker finds it by itself)
from gezhi.engines.workflows.methods.models import DraftStep, MethodDraft, Migration
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import db, events, packs, people
from gezhi.foundation.calendar import import_holidays
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed
from gezhi.foundation.jobs import claims
from gezhi.foundation.people import actions
from tests.engines.workflows import joint
from tests.foundation.people.county import SETUP
from tests.world import PACKS


@pytest.fixture
def house(world, desk):
    """Two administrators, so that one can approve what the other changed; a secretary drafts."""
    actions.appoint(world.seats["admin"], world.person("卢二舟"), actor=SETUP)
    return desk


def begin(client, name="errand", **data) -> MethodDraft:
    answer = client.post(f"/desk/methods/{name}", data)
    assert answer.status_code == 302, answer.content.decode()[:300]
    return MethodDraft.objects.get(pk=int(answer["Location"].rsplit("/", 1)[1]))


def send(client, draft, do, **data):
    draft.refresh_from_db()
    return client.post(f"/desk/methods/drafts/{draft.pk}", {"do": do, "at": draft.event_seq, **data})


def first_task(name):
    flow = definition(name)[0]
    return next(
        s for s in flow.stages.values() if s.kind == "task" and not s.side and any(a.to for a in s.actions.values())
    )


def test_the_library_lists_what_runs_with_its_record_and_what_other_places_do(house, world):
    world.to_closed(world.open("路灯坏了"))
    html = house.of("方晓").get("/desk/methods").content.decode()
    assert "群众诉求闭环" in html and "法律志愿调解" in html and "在本地使用" in html
    assert re.search(r'measure=open[^"]*by\.workflow=request|by\.workflow=request[^"]*', html), "the numbers open"
    link = re.search(r'href="(/desk/cases\?[^"]*measure=closed&amp;[^"]*by\.workflow=request[^"]*)"', html)
    page = house.of("方晓").get(link[1].replace("&amp;", "&"))
    assert page.status_code == 200 and "群众诉求闭环" in page.content.decode()


def test_a_rate_shows_what_it_is_taken_of_and_none_where_there_is_nothing_to_take_it_of(house, world):
    """Three late and none closed in time is 0.0% of 3, which is not the same as having nothing to count."""
    client = house.of("方晓")
    before = client.get("/desk/methods/request").content.decode()
    assert "无数据" in before and "0.0%" not in before and "÷" not in before.split("按期结案率")[1][:80]
    cases = [world.open("路灯坏了") for _ in range(3)]
    with time_machine.travel(max(case.close_by for case in cases) + timedelta(days=1), tick=False):
        after = house.of("方晓").get("/desk/methods/request").content.decode()
    assert "0.0%" in after and "0 ÷ 3" in after.split("按期结案率")[1][:80]


def test_a_page_of_the_library_takes_a_fixed_number_of_queries(house, world):
    client = house.of("方晓")
    client.get("/desk/methods")
    with count_queries() as q:
        client.get("/desk/methods")
    first = q.total
    with db.write():
        for n in range(5):
            body = {**packs.registry().body("workflow", "errand"), "name": f"errand_{n}"}
            packs.publish("workflow", f"errand_{n}", body, actor=people.system("test"), how={})
    client.get("/desk/methods")
    with count_queries() as q:
        assert "errand_4" in client.get("/desk/methods").content.decode()
    assert q.total <= first <= 16


def test_the_count_of_a_step_opens_the_cases_it_was_counted_from_and_only_those_one_may_see(house, world):
    case = world.to_closed(world.open("路灯坏了"))
    html = house.of("方晓").get("/desk/methods/request?step=verify").content.decode()
    assert 'href="?step=verify#behind"' in html and case.number in html
    assert case.number not in house.of("钱立").get("/desk/methods/request?step=verify").content.decode()


def test_a_deadline_a_role_a_field_and_an_eighth_step_are_changed_undone_approved_and_used(house, world):
    drafter, other = house.of("赵兰"), house.of("卢一舟")
    old = world.open("路灯坏了", workflow="errand", consent="本人电话里同意", by="赵兰", channel="counter")
    draft, stage = begin(drafter), first_task("errand")
    action = next(a.id for a in stage.actions.values() if a.to)
    assert send(drafter, draft, "deadline", stage=stage.id, limit="3", limit_unit="work_day").status_code == 302
    send(drafter, draft, "role", stage=stage.id, post="street_officer")
    send(drafter, draft, "add_field", stage=stage.id, action=action, title="几点去的", type="text")
    send(drafter, draft, "rename", stage=stage.id, title="看一看")
    added = send(
        drafter,
        draft,
        "add_step",
        after=stage.id,
        title="公示一下",
        post="village_secretary",
        limit="2",
        limit_unit="work_day",
    )
    assert added["Location"].endswith("?step=step_1#step")
    page = drafter.get(f"/desk/methods/drafts/{draft.pk}?step=step_1").content.decode()
    assert "证过：走得通，走得完" in page and "加了一步“公示一下”" in page and "改由综治中心值守办" in page
    assert "多问一项“几点去的”" in page and '<svg class="diagram wide"' in page
    send(drafter, draft, "undo")
    assert "公示一下" not in drafter.get(f"/desk/methods/drafts/{draft.pk}").content.decode()
    send(drafter, draft, "again")
    send(drafter, draft, "propose", words="居民要看结果")
    draft.refresh_from_db()
    assert (
        draft.state == "proposed" and "居民要看结果" in other.get(f"/desk/methods/drafts/{draft.pk}").content.decode()
    )
    assert send(drafter, draft, "approve", digest=draft.digest).status_code == 403, "not by who may not publish"
    done = send(other, draft, "approve", digest=draft.digest)
    assert done["Location"] == "/desk/methods/errand"
    draft.refresh_from_db()
    fresh = world.open("代取药", workflow="errand", consent="本人电话里同意", by="赵兰", channel="counter")
    assert (draft.version, fresh.version, old.version) == (packs.OWN_FROM, packs.OWN_FROM, 1)
    assert "本地第 1 版" in other.get("/desk/methods/errand").content.decode()
    assert definition("errand", old.version)[0].stages.keys() < definition("errand")[0].stages.keys() | {"step_1"}
    assert not events.verify().findings
    assert [e.kind for e in events.history(f"method:{draft.pk}")][-2:] == ["method.proposed", "method.published"]


def test_nobody_approves_what_they_changed_and_what_was_not_read_is_not_approved(house, world):
    one, two = house.of("卢一舟"), house.of("卢二舟")
    draft, stage = begin(one), first_task("errand")
    send(one, draft, "rename", stage=stage.id, title="看一看")
    send(one, draft, "propose")
    draft.refresh_from_db()
    with pytest.raises(NotAllowed, match="draft.own_approval"):
        drafts.approve(draft.pk, draft.digest, actor=world.actor("卢一舟"))
    with pytest.raises(Conflict, match="draft.stale"):
        drafts.approve(draft.pk, "0" * 64, actor=world.actor("卢二舟"))
    assert send(two, draft, "send_back", words="名字太随便").status_code == 302
    assert "名字太随便" in one.get(f"/desk/methods/drafts/{draft.pk}").content.decode()
    send(two, draft, "rename", stage=stage.id, title="上门看")  # now both have changed it
    send(one, draft, "propose")
    draft.refresh_from_db()
    for name in ("卢一舟", "卢二舟"):
        with pytest.raises(NotAllowed, match="draft.own_approval"):
            drafts.approve(draft.pk, draft.digest, actor=world.actor(name))


def test_flaws_are_said_at_their_step_while_one_changes_and_stop_the_proposal(house, world):
    client = house.of("赵兰")
    draft, stage = begin(client), first_task("errand")
    send(client, draft, "role", stage=stage.id, post="village_secret\u0430ry")
    page = client.get(f"/desk/methods/drafts/{draft.pk}?step={stage.id}").content.decode()
    assert "U+0430" in page and "还有问题，改好才能提交" in page
    refused = send(client, draft, "propose")
    assert refused.status_code == 422 and "不能提交" in refused.content.decode()
    send(client, draft, "undo")
    same = send(client, draft, "propose")
    assert same.status_code == 422 and "和现在用的一模一样" in same.content.decode()


def test_what_time_itself_ends_is_never_shown_as_late(friday, house, world):
    joint.install(world)
    case = world.do(world.open(workflow="joint"), "publish", "赵兰")
    with time_machine.travel(world.main(case).due_at + timedelta(minutes=1), tick=False) as traveller:
        joint.tick()
        traveller.shift(timedelta(minutes=1))
        html = house.of("方晓").get("/desk/methods/joint?step=publicity").content.decode()
    assert 'href="?step=publicity#behind"' in html and case.number in html
    assert 'class="overdue"' not in html and "最贴近时限" not in html


@pytest.fixture
def friday():
    """Asked for before the house, so that everybody in it has been there by then: 17:30 of a Friday."""
    with time_machine.travel("2026-11-20T09:30:00+00:00"):
        yield


def test_a_step_may_end_at_an_hour_of_a_day_drawn_said_and_counted_again(friday, house, world):
    """Drafted on the page by somebody who does not program; a holiday that is imported moves it to the next day."""
    drafter, other = house.of("赵兰"), house.of("卢一舟")
    draft, flow = begin(drafter), definition("errand")[0]
    stage = flow.stages[flow.start]  # where the case will stand; a database may have forgotten the order of the steps
    hour = {"stage": stage.id, "limit": "1", "limit_unit": "work_day", "limit_hour": "9:00"}
    assert send(drafter, draft, "deadline", **hour).status_code == 302
    page = drafter.get(f"/desk/methods/drafts/{draft.pk}?step={stage.id}").content.decode()
    assert 'name="limit_hour" value="09:00"' in page and "下个工作日 9:00前办好" in page
    for wrong in ({"limit_hour": "九点"}, {"limit_hour": "25:00"}, {"limit_unit": "work_hour"}):
        answer = send(drafter, draft, "deadline", **hour | wrong)
        assert answer.status_code == 422 and "时限" in answer.content.decode(), wrong
    send(drafter, draft, "propose", words="说好了第二天上班就给")
    draft.refresh_from_db()
    send(other, draft, "approve", digest=draft.digest)
    assert "下个工作日 9:00前办好。" in other.get("/desk/methods/errand").content.decode()
    case = world.open("代取药", workflow="errand", consent="本人电话里同意", by="赵兰", channel="counter")
    assert world.main(case).due_at.isoformat() == "2026-11-23T01:00:00+00:00", "nine on Monday"
    import_holidays([{"date": "2026-11-23", "name": "试验日", "is_workday": False}], actor=SETUP)
    assert world.main(case).due_at.isoformat() == "2026-11-24T01:00:00+00:00", "nine on Tuesday"


def test_what_makes_no_sense_is_refused_at_its_field_and_nothing_is_stored(house, world):
    client = house.of("赵兰")
    draft, stage = begin(client), first_task("errand")
    before = DraftStep.objects.count()
    for do, data, said in (
        ("deadline", {"limit": "很快", "limit_unit": "work_day"}, "请写一个数"),
        ("rename", {"title": ""}, "1 到 40"),
        ("rename", {"title": "长" * 41}, "1 到 40"),
        ("add_field", {"action": "none", "title": "问"}, "没有这个操作"),
        (
            "add_step",
            {"after": stage.id, "title": "x", "post": "", "limit": "1", "limit_unit": "work_day"},
            "请选一个岗位",
        ),
        ("counter", {"counter": "no", "max": "2"}, "没有这种次数"),
        ("explode", {}, "没有这种改动"),
        ("remove_step", {"stage": "nowhere"}, "没有这一步"),
    ):
        answer = send(client, draft, do, **{"stage": stage.id, **data})
        assert answer.status_code == 422, do
        assert said in answer.content.decode(), do
    assert DraftStep.objects.count() == before


def test_two_who_change_the_same_draft_do_not_overwrite_each_other(house, world):
    one, two = house.of("赵兰"), house.of("周敏")
    draft, stage = begin(one), first_task("errand")
    seen = draft.event_seq
    assert begin(two).pk == draft.pk, "there is one draft of a method"
    send(one, draft, "rename", stage=stage.id, title="看一看")
    late = two.post(
        f"/desk/methods/drafts/{draft.pk}", {"do": "rename", "at": seen, "stage": stage.id, "title": "别的"}
    )
    assert late.status_code == 409 and "刚刚被别人改过" in late.content.decode()


def test_the_yaml_page_keeps_what_was_typed_and_says_flaws_at_their_lines(house, world):
    client = house.of("赵兰")
    draft = begin(client)
    url = f"/desk/methods/drafts/{draft.pk}"
    page = client.get(f"{url}/yaml").content.decode()
    text = source.as_yaml(drafts.document(draft))
    assert "workflow: errand" in page
    wrong = text.replace("kind: task", "kind: tusk", 1)
    line = wrong[: wrong.index("tusk")].count("\n") + 1
    seen = client.post(f"{url}/check", {"text": wrong}, headers={"HX-Request": "true"}).content.decode()
    assert f'data-line="{line}"' in seen and "tusk" in seen
    assert DraftStep.objects.count() == 1, "checking stores nothing"
    assert client.post(f"{url}/yaml", {"text": wrong + "\n# 备注", "at": draft.event_seq}).status_code == 302
    assert "# 备注" in client.get(f"{url}/yaml").content.decode()
    assert "有问题" in client.get(url).content.decode()
    draft.refresh_from_db()
    assert client.post(f"{url}/yaml", {"text": "a: &x [1]", "at": draft.event_seq}).status_code == 302
    draft.refresh_from_db()
    assert drafts.document(draft)["workflow"] == "errand", "what can be read stays under what cannot"
    assert send(client, draft, "propose").status_code == 422


def test_a_method_of_another_place_becomes_a_draft_with_its_unknown_roles_marked(house, world):
    client, other = house.of("赵兰"), house.of("卢一舟")
    answer = client.post("/desk/methods", {"pack": "taoyuan-community", "name": "law_mediation"})
    draft = MethodDraft.objects.get(pk=int(answer["Location"].rsplit("/", 1)[1]))
    page = client.get(f"/desk/methods/drafts/{draft.pk}?step=offer").content.decode()
    assert "law_volunteer" in page and "还有问题" in page
    send(client, draft, "role", stage="offer", post="village_mediator")
    found = drafts.checked(MethodDraft.objects.get(pk=draft.pk))
    assert found.sound, [f.words for f in found.faults]
    send(client, draft, "propose")
    draft.refresh_from_db()
    send(other, draft, "approve", digest=draft.digest)
    case = world.open("邻居把墙拆了", workflow="law_mediation")
    assert case.version == packs.OWN_FROM and packs.registry().get("workflow", "law_mediation").pack == packs.OWN
    assert client.post("/desk/methods", {"pack": "nope", "name": "nope"}).status_code == 404


def test_a_copy_gets_a_name_of_its_own_and_a_taken_one_is_refused(house, world):
    client = house.of("赵兰")
    draft = begin(client, **{"as": "our_errand"})
    assert draft.name == "our_errand" and drafts.document(draft)["workflow"] == "our_errand"
    for name in ("request", "Our Errand", "我们的"):
        with pytest.raises(Invalid, match="draft.name_taken"):
            drafts.start("errand", actor=world.actor("赵兰"), as_name=name)


def test_any_method_is_begun_at_the_counter_and_what_an_office_begins_needs_nobodys_consent(house, world):
    packs.install(PACKS / "yongxingtun-village", actor=people.system("test"))
    client = house.of("赵兰")
    assert "/desk/counter?as=relocation" in client.get("/desk/methods/relocation").content.decode()
    form = client.get("/desk/counter?as=relocation").content.decode()
    assert re.search(r'<option value="relocation" selected>', form) and 'value="errand"' in form
    for own_door in ("protected", "meeting_task", "relocation_household", "service"):
        assert f'<option value="{own_door}"' not in form, own_door
    given = {"text": "建养老综合体，要拆 115 户。", "place": world.places["lake"], "workflow": "relocation"}
    begun = client.post("/desk/counter", given)
    case = Case.objects.get(workflow="relocation")
    assert begun["Location"] == f"/desk/cases/{case.pk}" and (case.stage, case.on_behalf) == ("plan", False)
    assert client.get(f"/desk/cases/{case.pk}").status_code == 200
    for wrong, field in (
        ({"workflow": "errand"}, "同意"),  # a method that asks for consent
        ({"contact_phone": "13812345678"}, "同意"),  # somebody's matter
        ({"workflow": "protected"}, "不从这里开始"),
        ({"workflow": "request"}, "同意"),
    ):
        refused = client.post("/desk/counter", given | wrong)
        assert refused.status_code == 422 and field in refused.content.decode(), wrong
    assert house.of("钱立").post("/desk/counter", given).status_code == 403, "not for another village"
    assert Case.objects.count() == 1


def test_what_a_source_leaves_unsaid_is_seen_in_the_library_and_filled_in_the_editor(house, world):
    packs.install(PACKS / "minzhu-street", actor=people.system("test"))
    one, two = house.of("卢一舟"), house.of("卢二舟")
    given = {"text": "议事会缺一位。", "place": world.places["lake"], "workflow": "council_seat"}
    assert "本地还没填全，不能开" in one.get("/desk/methods").content.decode()
    assert one.get("/desk/methods/council_seat").content.decode().count("还没填") == 3
    refused = house.of("赵兰").post("/desk/counter", given)
    assert refused.status_code == 409 and "本地还没有填" in refused.content.decode()
    draft = begin(one, "council_seat")
    assert send(one, draft, "blank", blank="three", **{"is": ""}).status_code == 422
    assert send(one, draft, "blank", blank="four", **{"is": "什么"}).status_code == 422
    for name in ("three", "two", "other_two"):
        assert send(one, draft, "blank", blank=name, **{"is": f"本地的{name}"}).status_code == 302
    page = one.get(f"/desk/methods/drafts/{draft.pk}").content.decode()
    assert "写明是：本地的three" in page and 'value="本地的two"' in page
    send(one, draft, "propose")
    draft.refresh_from_db()
    assert send(two, draft, "approve", digest=draft.digest).status_code == 302
    assert "还没填" not in one.get("/desk/methods/council_seat").content.decode()
    assert house.of("赵兰").post("/desk/counter", given).status_code == 302


def test_who_neither_supervises_nor_manages_does_not_draft(house, world):
    assert house.of("秦英").post("/desk/methods/errand").status_code == 403
    assert "改成本地的" not in house.of("秦英").get("/desk/methods/errand").content.decode()


def test_open_cases_are_taken_over_from_the_page_and_those_that_stay_say_why(house, world):
    admin = house.of("卢一舟")
    before, past = world.open("一件"), world.to_handle(world.open("两件"))
    made = source.of_body(packs.registry().body("workflow", "request"))
    answers = {"after": "sign", "title": "先打个电话", "post": ":handler", "limit": "4 work_hour"}
    found = reading.check(edits.apply(made, "add_step", answers), "request")
    assert found.sound, [f.words for f in found.faults]
    with db.write():
        to = packs.publish("workflow", "request", found.body, actor=people.system("test"), how={}).version
    url = f"/desk/methods/request/migrate?from={before.version}&to={to}"
    page = admin.get(url).content.decode()
    assert "先打个电话" in page and past.number in page and before.number in page
    assert house.of("赵兰").get(url).status_code == 403
    assert admin.post("/desk/methods/request/migrate", {"from": before.version, "to": to}).status_code == 302
    claims.drain()
    run = Migration.objects.get()
    assert (run.state, run.total, run.moved) == ("done", 2, 1) and run.refused[0]["number"] == past.number
    assert {c.pk: c.version for c in Case.objects.all()} == {before.pk: to, past.pk: before.version}
    assert "先打个电话" in admin.get(url).content.decode() and not events.verify().findings
    assert "换到了这种办法的新版" in house.of("方晓").get(f"/desk/cases/{before.pk}").content.decode()


def test_a_method_with_votes_and_a_watch_is_drawn_and_changed_like_any_other(house, world):
    packs.install(PACKS / "minzhu-street", actor=people.system("test"))
    client = house.of("赵兰")
    draft = begin(client, "seven_steps")
    for stage in drafts.document(draft)["stages"]:
        page = client.get(f"/desk/methods/drafts/{draft.pk}?step={stage}")
        assert page.status_code == 200 and "证过：走得通，走得完" in page.content.decode(), stage
    assert client.get("/desk/methods/seven_steps").status_code == 200
    assert client.get(f"/desk/methods/drafts/{draft.pk}/yaml").status_code == 200
