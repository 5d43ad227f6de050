from datetime import timedelta

import pytest

from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries, revisions
from gezhi.foundation.errors import NotAllowed, NotFound
from gezhi.foundation.people import POWERS, actions

from .county import SETUP


def test_a_power_covers_its_place_and_what_lies_in_it_and_nothing_else(county):
    county.seat("street_officer", "east", "高静")
    county.seat("grid_worker", "lake1", "王可")
    officer, worker = county.actor("高静"), county.actor("王可")
    inside = {"east", "lake", "lake1", "lake2", "lake1a", "block7"}
    for name in county.places:
        assert officer.may("case.see", county.path(name)) == (name in inside), name
    for name in county.places:
        assert worker.may("case.see", county.path(name)) == (name in {"lake1", "lake1a", "block7"}), name
    assert officer.may("case.supervise") and not worker.may("case.supervise")
    assert not worker.may("case.supervise", county.path("lake1"))
    with pytest.raises(NotAllowed) as caught:
        worker.need("people.manage", county.path("lake1"))
    assert caught.value.code == "not_allowed"
    with pytest.raises(KeyError):
        worker.may("case.fly")


def test_places_are_top_most_and_disjoint(county):
    county.seat("street_officer", "east", "高静")
    county.seat("grid_worker", "lake1", "高静")
    county.seat("village_secretary", "hill", "高静")
    county.seat("village_secretary", "lake", "高静")
    scopes = county.actor("高静").places("case.see")
    assert set(scopes) == {("town", county.places["east"]), ("village", county.places["hill"])}
    assert len(scopes) == 2
    county.seat("grid_head", "lake1", "王可")
    assert set(county.actor("王可").places("case.see")) == {
        ("grid", county.places["lake1"]),
        ("grid", county.places["lake1a"]),
    }
    assert county.actor("王可").places("audit.read") == ()
    assert people.system("clock").places("case.see") == (("county", county.places["county"]),)
    assert people.resident("x").places("case.see") == ()


def test_scopes_and_may_agree_on_every_place(county):
    county.seat("street_officer", "east", "高静")
    county.seat("grid_head", "lake1", "王可")
    county.seat("village_secretary", "hill", "秦明")
    for name in ("高静", "王可", "秦明", "于沐阳"):
        actor = county.actor(name)
        scopes = set(actor.places("case.see"))
        for place in county.places:
            path = county.path(place)
            columns = {(kind, getattr(path, f"{kind}_id")) for kind in people.COLUMNS}
            assert bool(scopes & columns) == actor.may("case.see", path), (name, place)


def test_a_substitute_may_do_the_work_but_not_change_who_sits(county):
    admin = county.seat("admin", "county", "丁一")
    secretary = county.seat("village_secretary", "lake", "秦明")
    stand_in = county.person("李适")
    for seat in (admin, secretary):
        actions.substitute(seat, stand_in, actor=SETUP, until=clock.now() + timedelta(days=1))
    actor = county.actor("李适")
    assert actor.seats == tuple(sorted((admin, secretary))) == tuple(sorted(actor.substituting))
    assert actor.may("case.see", county.path("lake")) and actor.may("personal.reveal", county.path("lake"))
    for power in ("people.manage", "packs.manage", "places.manage", "demo.drive"):
        assert county.actor("丁一").may(power) and not actor.may(power)
    later = people.actor_for(stand_in, clock.now() + timedelta(days=2))
    assert later.seats == () and later.grants == () and later.answering == frozenset()


def test_residents_may_nothing_and_the_system_everything():
    for power in POWERS:
        assert not people.resident("QH2-7KM").may(power)
        assert people.system("clock").may(power)
    assert people.resident("QH2-7KM").person_id is None
    assert people.resident() == people.resident("")


def test_answering_includes_vacant_seats_below(county):
    worker = county.seat("grid_worker", "lake1")
    secretary = county.seat("village_secretary", "lake", "秦明")
    actor = county.actor("秦明")
    assert actor.seats == (secretary,) and actor.answering == {secretary, worker}
    assert actor.acting(worker).seat == worker
    with pytest.raises(NotAllowed):
        actor.acting(county.root)
    with pytest.raises(NotFound, match="people.no_person"):
        people.actor_for(10**9)


def test_the_directory_costs_no_query_within_a_request(county):
    county.seat("grid_worker", "lake1", "王可")
    with revisions.scope():
        people.directory().epoch()
        with count_queries() as queries:
            for _ in range(50):
                directory = people.directory()
                directory.effective(county.root)
                county.actor("王可").places("case.see")
        assert queries.total == 0


def test_loading_takes_seven_queries_however_many_people(county):
    from gezhi.foundation.people.snapshot import load

    rows = [actions.NewPerson(f"某{n}") for n in range(40)]
    county_seat = county.seat("county_dispatcher", "county")
    ids = actions.create_people(rows, actor=SETUP, synthetic=True)
    actions.appoint_many([actions.NewTerm(county_seat, id_) for id_ in ids], actor=SETUP)
    with count_queries() as queries:
        loaded = load(places.directory())
    assert len(loaded.holders(county_seat)) == 40
    assert queries.total <= 10  # six tables, and the places' own revision and clock
