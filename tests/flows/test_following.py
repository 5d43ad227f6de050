"""What happened becomes a notice: once for each event and rule, however often the worker dies, repeats or sleeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from gezhi.engines.workflows import apart, gathering, merging
from gezhi.engines.workflows.models import WorkItem
from gezhi.flows import following
from gezhi.flows.models import Position
from gezhi.foundation import db, events, notices, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.jobs import claims
from gezhi.foundation.jobs.models import Job
from gezhi.foundation.notices import choosing
from gezhi.foundation.notices.models import Delivery, Notice
from tests import environment

from .conftest import catch_up, told

# Sealing sees committed transactions only, so on PostgreSQL each test commits.
pytestmark = pytest.mark.django_db(transaction=environment.POSTGRES)


def test_each_step_tells_the_next_and_never_whoever_did_it(world):
    case = world.open()
    catch_up()
    assert told(world, "赵兰") == ["given"]
    world.to_sign(case)
    catch_up()
    assert told(world, "马东") == ["given"]
    world.do(case, "accept", "马东")
    catch_up()
    assert told(world, "马东") == ["given"]  # he took it himself
    world.do(case, "extend", "马东", more="2 work_day", reason="要等配件。")
    catch_up()
    assert told(world, "周敏") == ["asked"]
    world.do(case, "grant", "周敏", item=WorkItem.objects.get(case_id=case.id, state="open", side=True).number)
    world.do(case, "finish", "马东", result="换了灯。")
    catch_up()
    assert told(world, "秦英") == ["given"]
    world.do(case, "pass", "秦英")
    world.do(case, "unsolved", why="还是不亮。")
    catch_up()
    assert told(world, "马东") == ["given", "reopened"]
    assert told(world, "赵兰") == ["given", "given"]  # to triage, to follow up
    assert told(world, "周敏") == ["asked", "given", "reopened"]
    world.do(case, "add", words="二楼也不亮。")
    catch_up()
    assert told(world, "周敏")[-1] == "answered"
    # Nobody outside the loop heard of it, and no way out is switched on.
    assert told(world, "钱立") == told(world, "陈军") == []
    assert not Delivery.objects.exists()


@pytest.fixture
def noon():
    """A Wednesday's, asked for before the county is made: people hold their seats from then on, whenever the test runs."""
    with time_machine.travel(datetime(2027, 3, 17, 4, tzinfo=UTC), tick=False) as moment:
        yield moment


def test_an_urgent_matter_is_told_as_urgent_and_a_return_only_once(noon, world):  # at night it is the duty desk's
    case = world.open(urgent=True)
    catch_up()
    world.to_sign(case)
    world.do(case, "return", "马东", ground="不归我们管。", proposed=world.seats["water"])
    catch_up()
    assert told(world, "赵兰") == ["given_urgent"]
    assert told(world, "周敏") == ["returned"]
    assert Notice.objects.get(person=world.person("赵兰")).urgent


def test_reading_again_from_the_beginning_changes_nothing(world):
    world.to_follow_up(world.open())
    catch_up()
    before = list(Notice.objects.order_by("id").values_list("key", flat=True))
    assert len(before) == len(set(before)) > 3
    Position.objects.update(until=0)
    catch_up()
    Job.objects.filter(name=following.JOB).update(state=Job.READY)  # not even when the jobs are done again
    catch_up()
    assert list(Notice.objects.order_by("id").values_list("key", flat=True)) == before


def test_a_crash_between_the_effect_and_the_commit_leaves_neither(world, monkeypatch):
    world.open()
    while events.seal_now() is not None:
        pass
    following.follow()
    post = following.ACTIONS["notify"].do

    def dies(matches):
        post(matches)
        raise RuntimeError("the power failed")

    monkeypatch.setitem(
        following.ACTIONS, "notify", following.ACTIONS["notify"].__class__("notify", lambda *_: {}, dies)
    )
    claims.drain()
    assert not Notice.objects.exists()
    job = Job.objects.get(name=following.JOB, key__endswith=":notices.given")
    assert (job.state, job.attempts > 0) == (Job.READY, True)
    monkeypatch.undo()
    Job.objects.update(run_at=job.created_at)
    claims.drain()
    assert Notice.objects.count() == 1


def test_the_position_and_the_jobs_commit_together(world, monkeypatch):
    world.open()
    while events.seal_now() is not None:
        pass
    start = Position.objects.get().until

    def dies(self, *args, **kwargs):
        raise RuntimeError("the power failed")

    monkeypatch.setattr(Position, "save", dies)
    with pytest.raises(RuntimeError), db.attempt():
        following.follow()
    monkeypatch.undo()
    assert (Position.objects.get().until, Job.objects.filter(name=following.JOB).count()) == (start, 0)
    assert following.follow() is True
    assert Job.objects.filter(name=following.JOB).count() == 1


def test_what_happened_while_nobody_worked_is_told_in_order(world):
    first, second = world.open("路灯坏了"), world.open("水管漏了")
    world.to_sign(first)
    world.to_sign(second, "power")
    catch_up()
    keys = [row.key for row in Notice.objects.order_by("id")]
    assert [int(key.split(":")[0]) for key in keys] == sorted(int(key.split(":")[0]) for key in keys)
    assert told(world, "赵兰") == ["given", "given"]


def test_what_is_too_old_is_passed_over(world, monkeypatch):
    world.open()
    while events.seal_now() is not None:
        pass
    later = clock.now() + timedelta(days=9)
    monkeypatch.setattr(clock, "now", lambda: later)
    while following.follow():
        pass
    assert not Job.objects.filter(name=following.JOB).exists()


def test_the_cost_of_an_event_is_small_and_does_not_grow_with_their_number(world):
    def cost(n: int) -> tuple[int, int]:
        for _ in range(n):
            world.open()
        while events.seal_now() is not None:
            pass
        with count_queries() as read:
            while following.follow():
                pass
        jobs = claims.claim("test", limit=50)
        jobs = [job for job in jobs if job.name == following.JOB]
        with count_queries() as done:
            claims.perform_all(jobs)
        claims.drain()
        return read.total, done.total

    cost(2)
    few, many = cost(3), cost(12)
    assert many == few
    assert few[0] <= 11 and few[1] <= 14, few


def test_on_either_database_the_events_are_read_by_sealed_position(world):
    world.open()
    assert following.follow() is False  # nothing new is sealed yet
    while events.seal_now() is not None:
        pass
    assert following.follow() is True
    assert connection.vendor in ("sqlite", "postgresql")


def test_everybody_whose_report_is_handled_with_it_is_asked(world):
    way = {"channel": "sms", "title": "短信", "url": "https://sms.example/send", "secret": "S", "templates": "*=SMS_1"}
    choosing.set_gateway(None, way, actor=people.system("test"))
    main = world.open()  # left no telephone, and so is asked by the page alone
    reports = [world.open(contact_phone=f"1381234000{n}") for n in range(3)]
    for report in reports[:2]:
        merging.merge(report.id, main.id, actor=world.actor("赵兰"))
    catch_up()
    world.to_follow_up(main)
    catch_up()
    sent = Delivery.objects.filter(key__contains="please_say").values_list("stream", flat=True)
    assert sorted(sent) == sorted(f"case:{report.id}" for report in reports[:2])
    joined = Delivery.objects.filter(key__contains="joined").values_list("stream", flat=True)
    assert sorted(joined) == sorted(sent)


def test_unread_lines_about_reports_of_one_event_become_one(world):
    """Forty reports at night: whoever is on duty has one line about the case, and not one each about what is over."""
    cases = [world.open(f"滨河路18号门口水管爆了，第{n}个人说。", contact_phone=f"139{n:08}") for n in range(12)]
    catch_up()
    assert told(world, "赵兰") == ["given"] * 12
    choosing.mark_read([Notice.objects.filter(stream=f"case:{cases[1].id}").get().pk], actor=world.actor("赵兰"))
    main = cases[0]
    gathering.gather(main.id, {case.id: None for case in cases[1:11]}, actor=world.actor("赵兰"))
    catch_up()
    unread = Notice.objects.filter(person=world.people["赵兰"], read_at=None).order_by("id")
    assert sorted(unread.values_list("template", "stream")) == sorted(
        [("given", f"case:{main.id}"), ("given", f"case:{cases[11].id}"), ("joined_others", f"case:{main.id}")]
    )
    merging.merge(cases[11].id, main.id, actor=world.actor("赵兰"))
    Position.objects.update(until=0)  # reading it all again makes nothing come back
    catch_up()
    Job.objects.filter(name=following.JOB).update(state=Job.READY)
    catch_up()
    assert sorted(unread.values_list("template", flat=True)) == ["given", "joined_others"]
    assert notices.unread(world.people["赵兰"]) == 2
    shown, _more = notices.inbox(world.actor("赵兰"))
    assert main.number in next(line.text for line in shown if line.stream == f"case:{main.id}")


def test_nobody_is_led_to_a_main_case_they_may_not_see(world):
    report, main = world.open("路灯坏了。"), world.open("路灯坏了一周。")
    catch_up()
    merging.merge(report.id, main.id, actor=world.actor("赵兰"))
    apart.protect(main.id, "village", "说的是书记。", actor=world.actor("秦英"))
    catch_up()
    assert "joined_others" not in told(world, "赵兰")
    assert not Notice.objects.filter(stream=f"case:{report.id}", read_at=None).exists()
