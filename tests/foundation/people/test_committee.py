"""换届: one step, one event set; what was previewed is what is done."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection

from gezhi.foundation import events, people
from gezhi.foundation.db.models import Revision
from gezhi.foundation.errors import Refusal
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.people import actions, committee
from gezhi.foundation.people.committee_table import read_table
from gezhi.foundation.people.models import CommitteeChange, Person, Token

from .county import SETUP, County

NOW = datetime(2026, 11, 18, 2, tzinfo=UTC)


@contextmanager
def refused(code):
    with pytest.raises(Refusal) as found:
        yield
    assert found.value.code == code


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def village(clock, county):
    registry.discover()
    county.secretary = county.seat("village_secretary", "hill", "钱立")
    county.mediator = county.seat("village_mediator", "hill", "何调")
    county.member = county.seat("village_mediator", "hill", "吴委", label="2")
    county.elsewhere = county.seat("grid_worker", "hill1", "何调")
    return county


def test_out_in_substitutes_and_accounts_in_one_step(village):
    old, mediator, member, new = village.persons("钱立", "何调", "吴委", "新书记")
    actions.set_username(old, "qianli", actor=SETUP)
    people.issue_token(people.directory().person(old))
    helper = village.person("代班")
    actions.substitute(village.secretary, helper, actor=SETUP, until=NOW + timedelta(days=30))
    seats = {village.secretary: [new], village.mediator: [new], village.member: [member]}
    plan = committee.preview(village.places["hill"], seats, actor=SETUP)
    assert plan.closing == (old,)  # 何调 keeps the grid, 吴委 stays
    before = events.Event.objects.count()
    done = actions.change_committee(village.places["hill"], seats, actor=SETUP, seen=plan.seen)
    directory = people.directory()
    assert directory.holders(village.secretary) == (new,)
    assert directory.holders(village.mediator) == (new,)
    assert directory.holders(village.member) == (member,)
    assert directory.held(mediator) == (village.elsewhere,)
    assert [p.active for p in Person.objects.filter(pk__in=[old, mediator, helper]).order_by("pk")] == [
        False,
        True,
        True,
    ]
    assert not Token.objects.filter(person_id=old).exists()
    assert {item.person_id for item in done.lists} == {old, mediator}
    # One event set: the change itself, two begun, two ended, a substitute ended, an account closed.
    kinds = sorted(events.Event.objects.order_by("id").values_list("kind", flat=True)[before:])
    assert kinds == sorted(
        ["committee.changed", "holding.began", "holding.began", "holding.ended", "holding.ended"]
        + ["substitute.ended", "person.deactivated"]
    )
    assert events.verify().clean


def test_what_changed_since_the_preview_is_not_done(village):
    seats = {village.secretary: [village.person("新书记")]}
    plan = committee.preview(village.places["hill"], seats, actor=SETUP)
    actions.appoint(village.member, village.person("插进来"), actor=SETUP)
    with refused("people.seen_changed"):
        actions.change_committee(village.places["hill"], seats, actor=SETUP, seen=plan.seen)
    assert people.directory().holders(village.secretary) == (village.people["钱立"],)


def test_one_seat_that_cannot_be_filled_undoes_all(village):
    gone = village.person("离开的人")
    actions.deactivate(gone, actor=SETUP)
    before = events.Event.objects.count()
    with refused("people.not_active"):
        seats = {village.secretary: [village.person("新书记")], village.mediator: [gone]}
        before = events.Event.objects.count()
        actions.change_committee(village.places["hill"], seats, actor=SETUP)
    assert events.Event.objects.count() == before
    assert people.directory().holders(village.secretary) == (village.people["钱立"],)


def test_seats_of_another_place_and_the_root_are_safe(village):
    other = village.seat("village_secretary", "lake", "赵兰")
    with refused("people.not_here"):
        actions.change_committee(village.places["hill"], {other: [village.person("新")]}, actor=SETUP)
    with refused("people.root_needs_two"):
        actions.change_committee(village.places["county"], {village.root: [village.person("一个")]}, actor=SETUP)
    known = people.directory()
    assert known.holders(other) == (village.people["赵兰"],) and len(known.holders(village.root)) == 2


def test_a_change_planned_ahead_closes_accounts_when_its_date_comes(village, clock):
    old, new = village.persons("钱立", "新书记")
    at = NOW + timedelta(days=10)
    actions.change_committee(village.places["hill"], {village.secretary: [new]}, actor=SETUP, at=at)
    directory = people.directory()
    assert directory.holders(village.secretary) == (old,)
    assert directory.holders(village.secretary, at) == (new,)
    claims.drain()
    assert Person.objects.get(pk=old).active
    clock.move_to(at + timedelta(minutes=1))
    claims.drain()
    assert not Person.objects.get(pk=old).active
    assert CommitteeChange.objects.get().done_at is not None
    assert events.verify().clean


def test_a_leaver_who_got_another_seat_meanwhile_keeps_the_account(village, clock):
    old, new = village.persons("钱立", "新书记")
    at = NOW + timedelta(days=10)
    actions.change_committee(village.places["hill"], {village.secretary: [new]}, actor=SETUP, at=at)
    actions.appoint(village.elsewhere, old, actor=SETUP)
    clock.move_to(at + timedelta(minutes=1))
    claims.drain()
    assert Person.objects.get(pk=old).active


TABLE = """席位\t姓名\t电话
书记\t张新\t13900001111
人民调解员, 何调
人民调解员 2，空缺
"""


def test_a_pasted_table_finds_seats_and_people_and_enters_new_ones(village):
    rows = read_table(TABLE, village.places["hill"], actor=SETUP)
    assert [(row.seat_id, row.new, row.vacant, row.problem) for row in rows] == [
        (village.secretary, True, False, ""),
        (village.mediator, False, False, ""),
        (village.member, False, True, ""),
    ]
    actions.replace_committee(village.places["hill"], rows, actor=SETUP)
    directory = people.directory()
    (new,) = directory.holders(village.secretary)
    assert directory.person(new).name_public == "张○"
    assert actions.find_by_phone("13900001111") == [new]
    assert directory.holders(village.mediator) == (village.people["何调"],)
    assert directory.holders(village.member) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("村长, 张新", "没有这个席位"),
        ("书记, 张新, 12", "电话不对"),
        ("书记", "没有写姓名"),
        ("书记, 张新, 13900002222", "另一个人"),
        ("书记, 同名", "同名"),
        ("书记, 张新\n书记, 张新", "两次"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_line_and_nothing_is_done(village, line, words):
    village.person("周敏", phone="13900002222")
    actions.create_people([actions.NewPerson("同名"), actions.NewPerson("同名")], actor=SETUP, synthetic=True)
    rows = read_table(line, village.places["hill"], actor=SETUP)
    assert words in rows[-1].problem
    with refused("people.table_wrong"):
        actions.replace_committee(village.places["hill"], rows, actor=SETUP)


def test_only_who_manages_people_here_may_and_nobody_puts_themselves_in(village):
    village.seat("admin", "county", "卢一舟")
    with refused("not_allowed"):
        committee.preview(village.places["hill"], {village.secretary: []}, actor=village.actor("钱立"))
    with refused("people.not_oneself"):
        own = {village.secretary: [village.people["卢一舟"]]}
        actions.change_committee(village.places["hill"], own, actor=village.actor("卢一舟"))
    assert people.directory().holders(village.secretary) == (village.people["钱立"],)


def two_change_at_once(monkeypatch, patience: float = 0.5):
    """Two administrators seat two different committees, each from a preview of the same picture; the first waits
    `patience` seconds at most for the other to have looked."""
    county = County()
    seat = county.seat("village_secretary", "hill", "钱立")
    news = county.persons("一班", "二班")
    seen = committee.preview(county.places["hill"], {seat: []}, actor=SETUP).seen
    looked = threading.Barrier(2)
    check = committee._check_seats

    def check_and_wait(*args):
        check(*args)
        with suppress(threading.BrokenBarrierError):  # broken = the other queues: the lock at work
            looked.wait(patience)

    monkeypatch.setattr(committee, "_check_seats", check_and_wait)
    outcomes = []

    def change(person):
        try:
            actions.change_committee(county.places["hill"], {seat: [person]}, actor=SETUP, seen=seen)
            outcomes.append("changed")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=change, args=(person,)) for person in news]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes), len(people.directory().holders(seat))


@pytest.mark.django_db(transaction=True)
def test_of_two_committees_at_once_one_sits_and_the_other_is_told(monkeypatch):
    assert two_change_at_once(monkeypatch) == (["changed", "people.seen_changed"], 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_preview_would_not_protect(monkeypatch):
    if connection.vendor == "sqlite":
        # One writer at a time whatever we do: the lock is the database's own door.
        assert two_change_at_once(monkeypatch) == (["changed", "people.seen_changed"], 1)
        return
    monkeypatch.setattr(Revision.objects, "select_for_update", Revision.objects.all)
    outcomes, _holders = two_change_at_once(monkeypatch, 60)
    # Both believed their preview; only the chain of the old holding's events, the last line, keeps them apart.
    assert "people.seen_changed" not in outcomes
