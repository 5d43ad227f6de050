"""`gezhi replay` and `gezhi demo work` against the application itself, over HTTP in this process."""

from __future__ import annotations

import csv
import io
from argparse import Namespace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from gezhi.engines.workflows import ticking
from gezhi.engines.workflows.models import OPEN, Case, WorkItem
from gezhi.foundation import events
from gezhi.foundation.calendar import clock
from gezhi.interfaces.api import limits
from gezhi.interfaces.commands import demo_work, replay
from gezhi.interfaces.commands.demo_play import Office
from gezhi.interfaces.commands.remote import GaveUp, Remote

pytestmark = pytest.mark.django_db
HEADER = ["id", "user", "topic", "time", "text"]


@pytest.fixture
def remote(world):
    # The end of a request closes connections, and with them the test's transaction (Django's Client does the same).
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    found = Remote("http://testserver", transport=httpx.WSGITransport(app=get_wsgi_application()), sleep=lambda s: None)
    yield found
    found.close()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def written(path: Path, rows: list[list[str]], header: list[str] = HEADER, encoding: str = "utf-8-sig") -> Path:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def some(count: int) -> list[list[str]]:
    return [
        [str(100 + i), f"A{i % 7}", f"路灯 {i}", "2019/2/28 11:25:05", f"第 {i} 盏路灯不亮了"] for i in range(count)
    ]


def test_every_row_once_and_again_nothing(remote, tmp_path):
    messages = list(replay.read(written(tmp_path / "a.csv", some(12))))
    first = replay.replay(remote, messages, jobs=1)
    again = replay.replay(remote, messages, jobs=1)
    assert (first.made, first.known) == (12, 0) and (again.made, again.known) == (0, 12)
    assert Case.objects.count() == 12
    assert replay.summary(again, 12).startswith("共 12 条：新建 0，已有 12")


def test_a_run_that_was_cut_short_goes_on(remote, tmp_path):
    messages = list(replay.read(written(tmp_path / "a.csv", some(10))))
    replay.replay(remote, messages[:4], jobs=1)
    tally = replay.replay(remote, messages, jobs=1)
    assert (tally.made, tally.known, Case.objects.count()) == (6, 4, 10)


def test_another_prefix_makes_other_matters(remote, tmp_path):
    path = written(tmp_path / "a.csv", some(3))
    replay.replay(remote, list(replay.read(path)), jobs=1)
    assert replay.replay(remote, list(replay.read(path, prefix="b")), jobs=1).made == 3


def test_the_same_user_speaks_from_the_same_village(remote, tmp_path):
    messages = list(replay.read(written(tmp_path / "a.csv", some(14))))
    acks = io.StringIO()
    replay.replay(remote, messages, jobs=1, acks=acks)
    where: dict[str, set[int]] = {}
    for message, line in zip(messages, acks.getvalue().splitlines(), strict=True):
        key, id, code = line.split("\t")
        case = Case.objects.get(pk=id)
        assert (key, code) == (message.key, case.code)
        where.setdefault(message.user, set()).add(case.village_id)
    assert all(len(villages) == 1 for villages in where.values())
    assert len(set.union(*where.values())) == 2


def test_refusals_are_counted_with_their_reasons(remote, tmp_path):
    rows = [*some(2), ["9", "u", "", "", "坏\u202e字"], ["10", "u", "", "", ""], ["11", "u", "长", "", "长" * 7000]]
    tally = replay.replay(remote, list(replay.read(written(tmp_path / "a.csv", rows))), jobs=1)
    assert (tally.made, tally.refused, tally.cut, tally.undelivered) == (3, 2, 1, 0)
    assert {code for code, _words in tally.reasons} == {"invalid", "request.fields"}


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"], "gb18030"),
        (["ID", "User", "Title", "Time", "Content"], "utf-8"),
        (["id", "user", "topic", "time", "text"], "utf-8-sig"),
    ],
)
def test_columns_and_encodings_are_recognised(tmp_path, header, encoding):
    message = next(replay.read(written(tmp_path / "a.csv", some(1), header, encoding)))
    assert message.user == "A0" and message.text == "路灯 0\n第 0 盏路灯不亮了" and message.key.endswith("-1-100")


def test_a_file_without_text_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", [["1", "2"]], ["a", "b"])
    with pytest.raises(ValueError, match="正文"):
        list(replay.read(path))
    assert replay.run(Namespace(file=path, key_prefix="", limit=None)) == 2


class Moody(httpx.BaseTransport):
    """A server that fails in turn before it answers: lost connections, 503, 429."""

    def __init__(self, inner: httpx.BaseTransport, moods: list[object]) -> None:
        self.inner, self.moods, self.asked = inner, moods, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        mood = self.moods.pop(0) if self.moods else None
        if mood == "answered but lost":
            self.inner.handle_request(request)
            raise httpx.ReadError("reset")
        if isinstance(mood, Exception):
            raise mood
        if isinstance(mood, int):
            return httpx.Response(mood, headers={"Retry-After": "7"} if mood == 429 else {})
        return self.inner.handle_request(request)


def test_failures_are_retried_and_nothing_is_made_twice(remote, tmp_path):
    slept: list[float] = []
    inner = httpx.WSGITransport(app=get_wsgi_application())
    moods: list[object] = [None, httpx.ConnectError("refused"), 503, 429, "answered but lost"]
    moody = Remote("http://testserver", transport=Moody(inner, moods), sleep=slept.append)
    tally = replay.replay(moody, list(replay.read(written(tmp_path / "a.csv", some(1)))), jobs=1)
    assert (tally.made, tally.known, Case.objects.count()) == (0, 1, 1)
    assert any(7 <= pause < 8.5 for pause in slept), "Retry-After is heeded"


def test_patience_has_an_end(tmp_path):
    def no_server(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    gone = Remote("http://testserver", transport=httpx.MockTransport(no_server), patience=3, sleep=lambda s: None)
    with pytest.raises(GaveUp, match="refused"):
        replay.villages(gone)


def test_the_limit_holds_and_is_polite(remote, tmp_path, settings):
    settings.GEZHI_RATE = "5/h"
    limits.buckets.clear()
    slept: list[float] = []

    def wait(seconds: float) -> None:
        slept.append(seconds)
        settings.GEZHI_RATE = "1000/s"

    remote.sleep, remote.patience = wait, 4000
    tally = replay.replay(remote, list(replay.read(written(tmp_path / "a.csv", some(8)))), jobs=1)
    assert tally.made == 8 and slept and slept[0] > 60


# --- demo work ---------------------------------------------------------------------------------------


def test_delays_come_from_the_file_or_from_its_fit(tmp_path):
    rows = [
        ["2019/1/1 8:00:00", "2019/1/3 8:00:00"],
        ["2019/1/1 8:00:00", "x"],
        ["2019/1/2 8:00:00", "2019/1/1 8:00:00"],
    ]
    path = written(tmp_path / "r.csv", rows, ["time", "reply_time"])
    delays = demo_work.Delays.read(path, pace=0.5)
    assert delays.days == (2.0,) and delays.draw(demo_work.random.Random(1)) == timedelta(days=1)
    fitted = demo_work.Delays(())
    rng = demo_work.random.Random(1)
    drawn = sorted(fitted.draw(rng) / timedelta(days=1) for _ in range(4000))
    assert 8.5 < drawn[2000] < 11 and drawn[-1] == demo_work.LONGEST and drawn[0] > 0
    with pytest.raises(ValueError, match="reply_time"):
        demo_work.Delays.read(written(tmp_path / "e.csv", [], ["time", "reply_time"]))


@pytest.mark.parametrize(
    ("at", "then"),
    [
        ("2026-11-20T17:59:00+08:00", "2026-11-20T17:59:00+08:00"),
        ("2026-11-20T18:00:00+08:00", "2026-11-23T08:00:00+08:00"),
        ("2026-11-22T12:00:00+08:00", "2026-11-23T08:00:00+08:00"),
        ("2026-11-23T03:10:00+08:00", "2026-11-23T08:00:00+08:00"),
    ],
)
def test_offices_keep_hours(at, then):
    assert demo_work.office_hour(datetime.fromisoformat(at)) == datetime.fromisoformat(then)


def test_staff_work_until_everything_is_closed(remote, tmp_path, world):
    # The last one names an office: it goes its own way, of which the staff know only what their pages offer.
    rows = [*some(24), ["124", "A3", "反映", "2019/2/28 11:25:05", "社区书记收了工程队的钱"]]
    replay.replay(remote, list(replay.read(written(tmp_path / "a.csv", rows))), jobs=1)
    apart = Case.objects.exclude(protected="").get()
    assert apart.stage == "receive"
    # Of one, two offices have a part each: whichever is offered something does it.
    joint = Case.objects.filter(protected="", owner_seat=world.seat["secretary"]).earliest("pk")
    units = {"unit": world.seat["department"], "units": [world.seat["secretary"]]}
    secretary = {"Authorization": f"Bearer {world.token('secretary')}"}
    sent = {"item": 1, "expected_seq": joint.event_seq, "data": units}
    answer = remote.call("POST", f"/cases/{joint.id}/actions/dispatch_joint", json=sent, headers=secretary)
    assert answer.status_code == 200, answer.text
    office = Office(remote)
    travel = office.travel

    def and_tick(to: datetime) -> datetime:
        # In a server the worker does this; here there is none.
        found = travel(to)
        while ticking.tick():
            pass
        return found

    office.travel = and_tick
    before = clock.now()
    run = demo_work.Run(office, demo_work.Delays((), 0.3), seed=1, days=400, jobs=1)
    run.go()
    assert run.stuck == [] and run.left == [], run.summary()
    assert not Case.objects.filter(state=OPEN).exists(), run.summary()
    assert not run.refused, run.summary()
    apart.refresh_from_db()
    assert apart.verified_at is not None and apart.outcome in ("done", "silent", "final")
    assert sum(office.census().values()) == 25 and "closed" in run.summary()
    assert clock.now() > before + timedelta(days=2)
    assert {"dispatch", "accept", "finish", "pass", "lead_done", "assist_done", "countersign"} <= set(run.steps)
    # Nobody verified what they had handled.
    for case in Case.objects.all():
        items = list(WorkItem.objects.filter(case_id=case.id, state="done"))
        doers = {i.done_by for i in items if i.stage.startswith("handle")}
        assert not doers & {i.done_by for i in items if i.stage == "verify"}
        assert events.history(f"case:{case.id}")[-1].seq == case.event_seq


def test_the_doors_of_the_demo_are_the_administrators(remote, world):
    with pytest.raises(GaveUp, match="not_allowed"):
        Office(remote, admin="secretary")
    for method, path, body in [
        ("get", "/demo/staff", None),
        ("get", "/demo/clock", None),
        ("post", "/demo/clock", {"to": "2027-01-01T00:00:00+08:00"}),
    ]:
        assert world.get(path).status_code == 401 if method == "get" else world.post(path, body).status_code == 401
        answer = world.get(path, by="street") if method == "get" else world.post(path, body, by="street")
        assert answer.status_code == 403
    past = world.post("/demo/clock", {"to": "2020-01-01T00:00:00+08:00"}, by="admin")
    assert past.status_code == 422 and past.json()["error"]["code"] == "clock.backward"
    for wrong in ("tomorrow", "2026-11-23T09:00:00", "", None, 5, "9999-12-31T23:59:59+00:00"):
        assert world.post("/demo/clock", {"to": wrong}, by="admin").status_code == 422, wrong
