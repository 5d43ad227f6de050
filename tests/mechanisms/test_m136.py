"""M136 养老综合体拆迁: notice, stability assessment and every household's agreement are gates; a household is nobody's rank."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gezhi.engines.workflows import jobs as _jobs  # noqa: F401  (sub-cases are opened by it)
from gezhi.engines.workflows import ticking, views
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import definition
from gezhi.foundation import files, people
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.jobs import claims
from gezhi.foundation.measures.query import DIMENSIONS
from tests.foundation.files.pictures import jpeg
from tests.mechanisms import mechanism

pytestmark = mechanism("M136", file="packs/yongxingtun-village/workflows/relocation.yaml")


@pytest.fixture
def home(county, at_ten, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = county("yongxingtun-village")
    case = world.open("建养老综合体。", place="lake", workflow="relocation", by="赵兰", channel="counter")
    return world, case


def paper(world, name, key):
    return [files.stage(SimpleUploadedFile("a.jpg", jpeg()), actor=world.actor(name), key=key).pk]


def to_households(world, case, at_ten):
    world.do(case, "publish", "赵兰", plan="范围、补偿、安置。", mu=195)
    at_ten.shift(timedelta(days=31))
    ticking.tick()
    world.do(case, "low", "周敏", report="风险低。", paper=paper(world, "周敏", "stability"))
    claims.drain()
    return list(Case.objects.filter(parent_id=case.pk).order_by("id"))


def signed(world, child, key):
    world.do(child, "signed", "赵兰", on="2026-12-20", paper=paper(world, "赵兰", key), terms="一换一。")
    world.do(child, "done", "赵兰", on="2026-12-28")
    world.do(child, "right", "周敏")
    claims.drain()


def test_the_works_lie_behind_all_three_gates(home):
    flow = definition("relocation")[0]
    graph: dict[str, set[str]] = {
        s.id: {t for a in s.actions.values() for t in (a.to, a.exhausted) if t} | ({s.then} if s.then else set())
        for s in flow.stages.values()
    }
    for gate in ("notice", "assess", "households", "ready"):
        seen, queue = {gate}, [flow.start]
        while queue:
            here = queue.pop()
            if here not in seen:
                seen.add(here)
                queue += graph[here]
        assert "work" not in seen, f"a way to the works past {gate}"


def test_before_the_notice_has_run_nobody_assesses(home):
    world, case = home
    world.do(case, "publish", "赵兰", plan="范围、补偿、安置。", mu=195)
    with pytest.raises(Invalid):
        world.do(case, "low", "周敏", report="风险低。", paper=paper(world, "周敏", "early"))


def test_work_begins_when_every_household_has_agreed_and_not_before(home, at_ten):
    world, case = home
    households = to_households(world, case, at_ten)
    assert households and {h.workflow for h in households} == {"relocation_household"}
    with pytest.raises(Invalid):
        world.do(case, "begin", "周敏", agreements=True)
    for number, child in enumerate(households):
        case.refresh_from_db()
        assert case.stage == "households"
        signed(world, child, f"agreement-{number}")
    case.refresh_from_db()
    assert case.stage == "ready"
    with pytest.raises(Invalid) as refused:
        world.do(case, "begin", "周敏", agreements=False)
    assert set(refused.value.field_errors) == {"agreements"}
    assert world.do(case, "begin", "周敏", agreements=True).stage == "work"


def test_the_parent_lists_its_households_and_takes_none_of_them_for_a_report_of_the_same(home, at_ten):
    world, case = home
    children = to_households(world, case, at_ten)
    page = desk_page(world, "赵兰", f"/desk/cases/{case.pk}")
    assert f"一共 {len(children)} 件，办完 0 件" in page
    assert all(f"/desk/cases/{child.pk}" in page for child in children)
    beside = desk_page(world, "赵兰", f"/desk/cases/{case.pk}/similar")
    assert not any(f"/desk/cases/{child.pk}" in beside for child in children)
    assert f"/desk/cases/{case.pk}" in desk_page(world, "赵兰", f"/desk/cases/{children[0].pk}")


def desk_page(world, name, url):
    person = people.directory().person(world.people[name])
    client = Client()
    session = client.session
    session["person"], session["person_epoch"] = person.id, person.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    return client.get(url).content.decode()


def test_how_far_a_household_is_is_private_and_nobody_is_ranked_by_signatures(home, at_ten):
    world, case = home
    child = to_households(world, case, at_ten)[0]
    assert not child.public_ok
    with pytest.raises(NotFound):
        views.case_view(child.pk, world.actor("钱立"))
    with pytest.raises(NotFound):
        views.case_view(child.pk, people.resident("AAAAAAAAAA"))
    assert not {"person", "reporter", "done_by"} & set(DIMENSIONS), "no figure is cut by persons"
    assert not any(a.public for s in definition("relocation_household")[0].stages.values() for a in s.actions.values())
