"""M190 服务事项: every item complete, found and started from its page by a resident; what is given up leaves a trace."""

from __future__ import annotations

import re
import shutil
from datetime import timedelta

import pytest
from django.test import Client

from gezhi.engines.workflows import actions as work
from gezhi.engines.workflows.models import CLOSED, Case
from gezhi.foundation import packs, people
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Flawed, Invalid, NotAllowed, NotFound
from gezhi.foundation.packs import service_items
from gezhi.interfaces.api import limits
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.world import PACKS

pytestmark = mechanism("M190", file="packs/xinxing-community/services.yaml")
LIST = "xinxing-community/services.yaml"
ALLOWANCE = "/services/xinxing-community/elder-allowance"


@pytest.fixture
def centre(county, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path / "home"
    limits.buckets.clear()
    world = county("xinxing-community")
    world.window = world.seat("service_window", "lake", "窗口甲")
    world.care = world.seat("elder_care_worker", "lake", "养老专干")
    world.browser = Client()
    return world


def page(world, url: str, status: int = 200) -> str:
    answer = world.browser.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def start(world, url: str = ALLOWANCE, **more):
    key = re.search(r'name="key" value="([^"]+)"', page(world, url)).group(1)
    return world.browser.post(url, {"key": key, "place": world.places["lake"], "text": "", **more})


# --- found, and complete ---------------------------------------------------------------------------------------


def test_every_item_has_basis_papers_steps_limit_window_and_owner_on_its_page(centre):
    offered = [i for i in service_items.items() if not i.retired]
    assert len(offered) == 6 and len({i.group_title for i in offered}) == 6
    for item in offered:
        text = page(centre, f"/services/{item.ref}")
        owner = people.directory().posts[item.body["owner"]].title
        assert all(word in text for word in (item.title, item.basis, item.window, owner, *item.papers))
        assert all(step in text for step in ("看材料齐不齐", "办理", "本人说句话"))
    assert "10 工作日" in page(centre, ALLOWANCE)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=高龄", {"高龄津贴申领"}),
        ("?q=社保卡", {"高龄津贴申领"}),  # by what has to be brought
        ("?q=招聘会 求职", {"求职登记和岗位推荐"}),
        ("?group=养老", {"高龄津贴申领"}),
        ("?group=养老&q=求职", set()),
        ("?q=没有这种事", set()),
    ],
)
def test_a_resident_finds_it_by_words_and_by_group(centre, query, found):
    text = page(centre, f"/services{query}").split("已经停办的")[0]
    offered = {i.title for i in service_items.items() if not i.retired}
    assert {title for title in offered if title in text} == found


def test_the_home_leads_to_the_list_and_the_list_costs_few_queries(centre):
    assert 'href="/services"' in page(centre, "/")
    with count_queries() as queries:
        page(centre, "/services")
    assert queries.total <= 6
    with count_queries() as queries:
        page(centre, ALLOWANCE)
    assert queries.total <= 8


def test_where_no_pack_lists_items_the_home_does_not_speak_of_them(county):
    county("songxi")
    assert 'href="/services"' not in Client().get("/").content.decode()
    assert "还没有列事项" in Client().get("/services").content.decode()


# --- started from its page ------------------------------------------------------------------------------------


def test_it_is_started_from_its_page_by_its_limit_at_its_owner_with_its_steps(centre):
    answer = start(centre, text="母亲今年八十二。")
    assert answer.status_code == 303
    case = Case.objects.get()
    assert (case.workflow, case.channel, case.kept) == (
        "service",
        "portal",
        {"service": "xinxing-community/elder-allowance"},
    )
    assert case.owner_seat == centre.care
    ten_days = case.due_at
    start(centre, "/services/xinxing-community/residence-note", key="another-1")
    note = Case.objects.exclude(pk=case.id).get()
    assert note.owner_seat == centre.window and note.due_at < ten_days
    assert ten_days.date() - case.opened_at.date() == timedelta(days=14)  # ten working days, two weekends
    # With these steps: papers, handle, the person's word; whoever did it does not confirm it.
    seen = [case.stage]
    with pytest.raises((NotAllowed, NotFound)):
        centre.do(case, "complete", "窗口甲")
    seen.append(centre.do(case, "complete", "养老专干").stage)
    seen.append(centre.do(case, "finish", "养老专干", result="下月起发到卡上。").stage)
    with pytest.raises((NotAllowed, NotFound)):
        centre.do(case, "record", "养老专干", solved="yes")
    case = centre.do(case, "solved")
    assert seen == service_items.item("xinxing-community/elder-allowance").body["steps"]
    assert (case.state, case.outcome) == (CLOSED, "done")


def test_its_page_needs_a_place_and_gives_the_words_back(centre):
    answer = start(centre, place="", text="母亲今年八十二。")
    assert answer.status_code == 422 and "母亲今年八十二。" in answer.content.decode()
    assert not Case.objects.exists()


def test_the_desk_sees_which_item_it_is_with_its_papers(centre):
    start(centre)
    text = Desk(centre).of("养老专干").get(f"/desk/cases/{Case.objects.get().id}").content.decode()
    assert "高龄津贴申领" in text and "社保卡复印件" in text and "一楼大厅 2 号窗口" in text


# --- given up, with a trace -----------------------------------------------------------------------------------


def test_a_retired_item_says_since_when_why_and_what_instead_and_takes_nothing(centre):
    text = page(centre, "/services/xinxing-community/elder-card")
    assert all(word in text for word in ("2026年9月1日", "凭身份证享受优待", f'href="{ALLOWANCE}"'))
    assert 'name="key"' not in text and "老年优待证换发" in page(centre, "/services")
    sent = {"key": "key-9", "place": centre.places["lake"], "text": ""}
    assert centre.browser.post("/services/xinxing-community/elder-card", sent).status_code == 422
    with pytest.raises(Invalid) as refused:
        work.open_case(
            "service",
            {"text": "换证", "service": "xinxing-community/elder-card"},
            actor=people.resident(),
            place_id=centre.places["lake"],
            channel="api",
        )
    assert refused.value.code == "case.service_retired" and not Case.objects.exists()


def test_a_case_of_no_item_or_of_another_workflow_is_refused(centre):
    for data in ({}, {"service": "xinxing-community/nothing"}):
        with pytest.raises(NotFound):
            centre.open("办个事", workflow="service", **data)
    with pytest.raises(NotFound):
        centre.open("办个事", workflow="request", service="xinxing-community/elder-allowance")
    assert centre.browser.get("/services/xinxing-community/nothing").status_code == 404


def spoilt(tmp_path, old: str, new: str, count: int = 1) -> str:
    (tmp_path / "standard-county").symlink_to(PACKS / "standard-county")  # as it stands, and so read once
    shutil.copytree(PACKS / "xinxing-community", tmp_path / "xinxing-community")
    file = tmp_path / LIST
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, count), encoding="utf-8")
    return str(tmp_path / "xinxing-community")


def test_a_list_that_drops_an_item_is_not_installed(centre, tmp_path):
    item = (PACKS / LIST).read_text(encoding="utf-8")
    block = item[item.index("  - code: after-school") : item.index("  - code: job-register")]
    path = spoilt(tmp_path, block, "")
    file = tmp_path / LIST
    file.write_text(file.read_text(encoding="utf-8").replace("version: 1", "version: 2", 1), encoding="utf-8")
    with pytest.raises(Flawed) as refused:
        packs.install(path, actor=people.system("test"))
    assert [p.code for p in refused.value.problems] == ["services.dropped"]
    assert "after-school" in refused.value.problems[0].words
    assert packs.registry().get("services", "xinxing-community").version == 1


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("    basis: {zh: 基本公共卫生服务规范, en: Standard of basic public health services}\n", "", "pack.missing"),
        ("    papers: []\n", "", "pack.missing"),
        ("    steps: [papers, handle, word]\n", "", "pack.missing"),
        ("    limit: 1 work_day\n", "", "pack.missing"),
        ("    window: {zh: 社区卫生服务站, en: Community health station}\n", "", "pack.missing"),
        ("    owner: jobs_worker\n", "", "pack.missing"),
        ("owner: jobs_worker", "owner: job_worker", "pack.choice"),
        ("group: jobs", "group: job", "pack.choice"),
        ("window: {zh: 社区卫生服务站, en", "window: {zh: '', en", "services.empty"),
        ("steps: [papers, handle, word]", "steps: [papers, handel, word]", "services.steps"),
        ("steps: [papers, handle, word]", "steps: [handle, word]", "services.steps"),
        ("steps: [papers, handle, word]", "steps: []", "services.steps"),
        ("limit: 1 work_day", "limit: soon", "calendar.limit"),
        ("    workflow: service\n    retired", "    workflow: nothing\n    retired", "services.workflow"),
        ("instead: elder-allowance", "instead: elder-card", "services.instead"),
        ('since: "2026-09-01"', "since: autumn", "services.since"),
        ("code: after-school", "code: job-register", "services.twice"),
    ],
)
def test_an_item_that_is_not_complete_or_not_so_is_refused_with_its_line(tmp_path, old, new, code):
    with pytest.raises(Flawed) as refused:
        packs.load(spoilt(tmp_path, old, new))
    found = [p for p in refused.value.problems if p.code == code]
    assert found and found[0].file == LIST and found[0].line > 15, refused.value.problems
