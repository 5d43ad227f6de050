"""Sealed numbers stay: they re-render byte-equal, open the rows they were counted from, and are corrected in the next."""

from __future__ import annotations

import json

import pytest

from gezhi.engines.publishing import jobs as publishing_jobs
from gezhi.engines.publishing.bulletins import paper, queries, sealing
from gezhi.engines.publishing.models import Bulletin
from gezhi.engines.publishing.render import word
from gezhi.engines.workflows.models import Case
from gezhi.foundation import events, jobs, measures, people
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.jobs.claims import drain
from gezhi.foundation.measures import parse_period

from .reading import number, text_of


@pytest.fixture
def two_months(world, clock):
    """September-like October: 11 cases; November: 14, of which 12 lamps. Closed some, one late."""
    from gezhi.foundation import packs

    codes = [c.code for c in packs.registry().categories][:2]
    clock.to("2026-10-14 10:00")
    for n in range(11):
        case = world.open(f"十月第 {n} 件")
        Case.objects.filter(pk=case.pk).update(category=codes[n % 2])
    clock.to("2026-11-10 10:00")
    cases = [world.open(f"十一月第 {n} 件") for n in range(16)]
    Case.objects.filter(pk__in=[c.pk for c in cases]).update(category=codes[0])
    Case.objects.filter(pk__in=[c.pk for c in cases[:2]]).update(category=codes[1])
    world.to_closed(cases[0])
    world.to_closed(cases[1])
    clock.to("2026-12-01 00:10")
    return cases, codes


def test_a_bulletin_says_what_came_and_where_the_change_comes_from(world, two_months, seal):
    row = seal(world.places["east"], "2026-11")
    said = text_of(row)
    assert "2026 年 11 月，东街街道收到 16 件。" in said or "收到 16 件。" in said
    # 6 and 5 in October, 14 and 2 in November: +8 and -3 make +5.
    assert "上报数比上一期多 5 件，其中" in said
    assert "多 8 件（14 件，上期 6 件）" in said
    assert "其余合计少 3 件" in said


def test_too_few_rows_are_not_compared(world, clock, seal):
    world.open("一件")
    clock.to("2026-11-02 00:10")
    assert "不足 10 件，不比较多少，也不排先后" in text_of(seal(world.places["east"], "2026-10"))


def test_numbers_are_those_the_metrics_give(world, two_months, seal):
    row = seal(world.places["east"], "2026-11")
    alone = measures.measure(
        ["reported", "closed", "closed_rate", "open", "satisfied_rate"], period=parse_period("2026-11"),
        place=world.places["east"],
    )  # fmt: skip
    for id in ("reported", "closed", "open", "satisfied_rate"):
        _index, kept = number(row, id)
        assert kept["text"] == alone[id].text
    _index, before = number(row, "reported", "before")
    assert before["text"] == "11"


def test_every_number_opens_the_rows_it_was_counted_from(world, two_months, seal):
    row = seal(world.places["east"], "2026-11")
    opened = 0
    for index, kept in enumerate(json.loads(row.body)["numbers"]):
        if not kept["name"] or kept["top"] is None:
            continue
        assert len(queries.rows_behind(row, index)) == int(kept["top"]), kept
        if kept["bottom"] is not None:
            assert len(queries.rows_behind(row, index, part="d")) == kept["bottom"], kept
        opened += 1
    assert opened > 20
    index, _kept = number(row, "reported")
    assert queries.rows_behind(row, index) == sorted(c.pk for c in two_months[0])


def test_what_happens_later_changes_nothing_and_stands_in_the_next_one(world, two_months, clock, seal):
    cases, _codes = two_months
    row = seal(world.places["east"], "2026-11")
    body, made = row.body, word.render(paper.paper(json.loads(row.body), sealed_on=row.sealed_at.date()), {})
    # Three of them turn out to be no matters of ours, and one is recorded late with its true date.
    Case.objects.filter(pk__in=[c.pk for c in cases[5:8]]).update(outcome="merged", closed_at=cases[5].opened_at)
    Case.objects.filter(pk=cases[9].pk).update(opened_at=cases[9].opened_at.replace(month=10))
    clock.to("2026-12-20 10:00")
    again, new = sealing.seal(
        "governance", world.places["east"], parse_period("2026-11"), actor=people.system("bulletins")
    )
    assert not new
    assert again.body == body
    assert word.render(paper.paper(json.loads(again.body), sealed_on=again.sealed_at.date()), {}) == made
    index, _kept = number(again, "reported")
    assert cases[9].pk in queries.rows_behind(again, index)  # as it was counted then
    clock.to("2027-01-01 00:10")
    following = seal(world.places["east"], "2026-12")
    assert "2026 年 11 月通报的“上报数”为 16，按封存后补录、更改的记录应为 15，上期通报不改。" in text_of(following)
    assert number(following, "reported", "before")[1]["text"] == "15"


def test_the_chain_knows_the_frozen_figures(world, two_months, seal):
    row = seal(world.places["east"], "2026-11")
    (event,) = events.history(f"bulletin:{row.pk}")
    assert (event.kind, event.patch["digest"]) == ("bulletin.sealed", row.digest)
    # Inside a test's transaction PostgreSQL has sealed nothing yet: the position is what it says, never a guess.
    assert event.patch["position"] == row.position == events.sealed_until()
    sealing.opened(row)
    Bulletin.objects.filter(pk=row.pk).update(body=row.body.replace("16", "61", 1))
    with pytest.raises(Conflict) as refused:
        sealing.opened(Bulletin.objects.get(pk=row.pk))
    assert refused.value.code == "bulletin.broken"


def test_row_and_log_agree(world, two_months, seal):
    row = seal(world.places["east"], "2026-11")
    sealing.publish(row.pk, actor=people.system("bulletins"))
    assert [f for f in events.verify().findings if f.stream == f"bulletin:{row.pk}"] == []
    Bulletin.objects.filter(pk=row.pk).update(digest="0" * 64)
    assert [f for f in events.verify().findings if f.stream == f"bulletin:{row.pk}"]


def test_who_may_seal_and_when(world, clock):
    east = world.places["east"]
    october = parse_period("2026-10")
    with pytest.raises(Conflict) as refused:
        sealing.seal("governance", east, october, actor=world.actor("周敏"))
    assert refused.value.code == "bulletin.running"
    clock.to("2026-11-01 00:00")
    for name, place in (("马东", east), ("周敏", world.places["west"]), ("周敏", world.places["county"])):
        with pytest.raises(NotAllowed):
            sealing.seal("governance", place, october, actor=world.actor(name))
    row, new = sealing.seal("governance", east, october, actor=world.actor("周敏"))
    assert new
    assert row.sealed_by == world.people["周敏"]
    with pytest.raises(NotFound):
        queries.one(row.pk, actor=world.actor("何苗"))  # the other street
    assert queries.one(row.pk, actor=world.actor("方晓")).pk == row.pk
    with pytest.raises(NotAllowed):
        sealing.publish(row.pk, actor=world.actor("何苗"))


def test_a_grid_with_few_matters_has_no_bulletin(world, clock):
    for n in range(9):
        world.open(f"第 {n} 件")
    clock.to("2026-11-01 00:00")
    with pytest.raises(Conflict) as refused:
        sealing.seal("governance", world.places["lake1"], parse_period("2026-10"), actor=people.system("bulletins"))
    assert refused.value.code == "bulletin.too_few"


def test_on_the_first_and_on_monday_everything_is_sealed_by_itself(world, clock):
    jobs.registry.discover()
    for n in range(10):
        world.open(f"第 {n} 件")
    clock.to("2026-11-01 00:05")
    publishing_jobs.seal_due()
    drain()
    sealed = set(Bulletin.objects.values_list("place_id", "period"))
    for place in ("county", "east", "lake", "lake1"):
        assert (world.places[place], "2026-10") in sealed
    assert (world.places["hill1"], "2026-10") not in sealed  # nothing came there
    assert (world.places["county"], "2026-W43") in sealed  # the week that ended before the 1st
    assert (world.places["county"], "2026-W44") not in sealed
    assert (world.places["county"], "2026-Q3") in sealed
    before = len(sealed)
    publishing_jobs.seal_due()
    drain()
    assert Bulletin.objects.count() == before
    assert set(Bulletin.objects.values_list("sealed_by", flat=True)) == {None}
    clock.to("2026-11-02 00:05")
    publishing_jobs.seal_due()
    drain()
    assert Bulletin.objects.filter(period="2026-W44", place_id=world.places["county"]).exists()


def test_protected_matters_are_apart(world, two_months, seal):
    cases, _codes = two_months
    Case.objects.filter(pk=cases[3].pk).update(protected="report")
    row = seal(world.places["east"], "2026-11")
    index, kept = number(row, "reported")
    assert kept["text"] == "15"
    assert cases[3].pk not in queries.rows_behind(row, index)
