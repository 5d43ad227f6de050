"""The auditor's lists: narrowed, page by page by signed cursors, in a bounded number of questions; checks by the worker."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, events, exports
from gezhi.foundation.calendar import clock
from gezhi.foundation.events.models import Event, VerifyRun
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.people import actions
from gezhi.interfaces.desk.views import trail

LISTS = ("events", "reveals", "exports", "signs", "changes")


@pytest.fixture
def auditor(desk):
    registry.discover()
    return desk.of("薛衡")


def rows(page: str) -> int:
    return page.count("<tr data-row>")


def on(page) -> str:
    found = re.search(r'href="\?([^"]+)">再往前', page.content.decode())
    return "?" + unescape(found[1]) if found else ""


def test_every_list_opens_and_asks_a_bounded_number_of_questions(world, auditor, desk):
    case = world.open(contact_name="王桂兰", contact_phone="13800002671")
    desk.of("赵兰").post(f"/desk/cases/{case.id}/reveal", {"purpose": "约上门时间看看"})
    with db.write():
        exports.log("cases.ledger", actor=world.actor("赵兰"), form="xlsx", rows=3)
    for name in LISTS:
        with db.count_queries() as asked:
            page = auditor.get(f"/desk/audit/{name}?since=2026-01-01&until=2199-12-31")
        assert page.status_code == 200 and asked.total <= 45, (name, asked.total)
        assert rows(page.content.decode()) or name == "signs"
        assert "13800002671" not in page.content.decode() and "王桂兰" not in page.content.decode()
    assert "约上门时间看看" in auditor.get("/desk/audit/reveals?kind=phone").content.decode()
    assert auditor.get("/desk/audit/nothing").status_code == 404
    for name in ("赵兰", "周敏", "卢一舟"):
        assert desk.of(name).get("/desk/audit/events").status_code == 403


def test_pages_follow_each_other_without_gap_or_repeat(world, auditor, monkeypatch):
    monkeypatch.setattr(trail, "SIZE", 7)
    monkeypatch.setattr(trail, "STRETCH", 20)
    address, seen = "/desk/audit/events", []
    for _ in range(200):
        page = auditor.get(address)
        seen += re.findall(r'mono xs">([0-9a-f]{12})<', page.content.decode())
        if not (query := on(page)):
            break
        address = f"/desk/audit/events{query}"
    every = [bytes(h).hex()[:12] for h in Event.objects.order_by("-id").values_list("hash", flat=True)]
    assert seen == every


def test_who_where_what_and_when_narrow_it(world, auditor, desk):
    actions.appoint(world.seats["grid2"], world.person("石青", phone="13900001111"), actor=world.actor("卢一舟"))

    def found(query: str) -> int:
        return rows(auditor.get(f"/desk/audit/changes?{query}").content.decode())

    mine = found("who=卢一舟")
    assert mine and found("who=卢一舟&kind=holding.began") == 1
    county, west = world.places["county"], world.places["west"]
    assert found(f"place={county}") >= mine and found(f"place={west}&who=卢一舟") == 0
    yesterday = (clock.today() - timedelta(days=1)).isoformat()
    assert found(f"until={yesterday}") == 0 and found(f"since={yesterday}&who=卢一舟") == mine
    for wrong in ("who=没有这人", "since=昨天", "until=9999-99-99"):
        answer = auditor.get(f"/desk/audit/changes?{wrong}")
        assert answer.status_code == 422 and "<td>" not in answer.content.decode()
    assert auditor.get("/desk/audit/changes?place=999999").status_code == 404
    assert auditor.get("/desk/audit/changes?kind=case.opened").status_code == 422


@pytest.mark.parametrize(
    "spoil", [lambda c: c[:-1], lambda c: c + "A", lambda c: "1", lambda c: "MTA:1sabcd:zzz", lambda c: "\x00"]
)
def test_a_forged_cursor_is_refused_in_words(world, auditor, monkeypatch, spoil):
    monkeypatch.setattr(trail, "SIZE", 5)
    cursor = re.search(r"cursor=([^&]+)", on(auditor.get("/desk/audit/events")))[1]
    from urllib.parse import unquote

    good = unquote(cursor)
    assert auditor.get("/desk/audit/events", {"cursor": good}).status_code == 200
    refused = auditor.get("/desk/audit/events", {"cursor": spoil(good)})
    assert refused.status_code == 422 and refused.context["code"] == "page.cursor"
    for elsewhere in ({"cursor": good, "kind": "case"}, {"cursor": good, "who": "赵兰"}):
        assert auditor.get("/desk/audit/events", elsewhere).status_code == 422
    assert auditor.get("/desk/audit/changes", {"cursor": good}).status_code == 422


def test_a_protected_matter_is_in_no_list_of_who_does_not_see_it(world, auditor):
    case = world.open("村里的事。")
    assert f"/desk/cases/{case.id}" in auditor.get("/desk/audit/events?kind=case").content.decode()
    with db.write():
        exports.log("cases.ledger", actor=world.actor("赵兰"), form="print", rows=1, about=f"case:{case.id}")
    Case.objects.filter(pk=case.pk).update(protected="report")
    for name in ("events?kind=case", "exports"):
        assert f"/desk/cases/{case.id}" not in auditor.get(f"/desk/audit/{name}").content.decode()
    assert f"/desk/cases/{case.id}" not in auditor.get("/desk/audit").content.decode()


def test_a_check_runs_in_the_background_once_and_its_report_is_kept(world, auditor, desk):
    assert auditor.post("/desk/audit").status_code == 302
    auditor.post("/desk/audit")  # pressing again while it waits asks for nothing new
    assert VerifyRun.objects.count() == 1
    assert "排着队" in auditor.get("/desk/audit").content.decode()
    assert auditor.get("/desk/audit/progress", headers={"HX-Request": "true"}).headers.get("HX-Refresh") is None
    claims.drain()
    assert auditor.get("/desk/audit/progress", headers={"HX-Request": "true"}).headers["HX-Refresh"] == "true"
    assert "没有一条被改" in auditor.get("/desk/audit").content.decode()
    case = world.open()
    Case.objects.filter(pk=case.pk).update(outcome="solved")
    auditor.post("/desk/audit")
    claims.drain()
    page = auditor.get("/desk/audit").content.decode()
    assert "有 1 处不符" in page and f"case:{case.id}" in page and "以前的核对" in page
    assert [run.count for run in VerifyRun.objects.order_by("id")] == [0, 1]


def test_verify_tells_how_far_it_is(world):
    told: list[tuple[int, int]] = []
    report = events.verify(progress=lambda done, of: told.append((done, of)))
    assert report.clean and report.events == Event.objects.count()
    assert [done for done, _of in told] == list(range(1, told[-1][1] + 1)) and told[-1][1] > 5


def test_a_failed_sign_in_and_its_lock_are_listed_without_the_address(world, auditor, client):
    for _ in range(5):
        client.post("/signin", {"username": "nobody-here", "password": "wrong"}, REMOTE_ADDR="10.9.8.7")
    page = auditor.get("/desk/audit/signs?kind=sign_in.locked").content.decode()
    assert rows(page) == 1 and "锁了 15 分钟" in page and "10.9.8" not in page
