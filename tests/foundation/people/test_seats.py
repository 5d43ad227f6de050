from datetime import timedelta

import pytest

from gezhi.foundation import events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions

from .county import SETUP

DAY = timedelta(days=1)


def refused(kind, code, act, *args, **kwargs):
    with pytest.raises(kind) as caught:
        act(*args, **kwargs)
    assert caught.value.code == code
    assert caught.value.what and caught.value.why and caught.value.next
    return caught.value


def test_a_vacant_grid_falls_to_its_village_then_its_town_then_the_root(county):
    worker = county.seat("grid_worker", "lake1")
    secretary = county.seat("village_secretary", "lake")
    officer = county.seat("street_officer", "east")
    directory = people.directory()
    assert directory.effective(worker).seat_id == county.root

    actions.appoint(officer, county.person("高静"), actor=SETUP)
    assert people.directory().effective(worker) == (officer, (county.person("高静"),))
    actions.appoint(secretary, county.person("秦明"), actor=SETUP)
    assert people.directory().effective(worker) == (secretary, (county.person("秦明"),))
    actions.appoint(worker, county.person("王可"), actor=SETUP)
    assert people.directory().effective(worker) == (worker, (county.person("王可"),))
    assert people.directory().answering(county.person("秦明")) == {secretary}


def test_the_doer_is_never_returned_and_somebody_else_always_is(county):
    worker = county.seat("grid_worker", "lake1", "王可")
    secretary = county.seat("village_secretary", "lake", "王可")
    doer = county.person("王可")
    found = people.directory().effective(worker, unlike={doer})
    assert found.seat_id == county.root and doer not in found.persons
    assert people.directory().effective(secretary, unlike=[doer]).seat_id == county.root
    everybody = set(people.directory().holders(county.root)) | {doer}
    dispatcher = county.seat("county_dispatcher", "county", "文岚")
    assert people.directory().effective(worker, unlike=everybody).seat_id == dispatcher
    refused(
        Conflict,
        "people.nobody_left",
        people.directory().effective,
        worker,
        unlike=everybody | {county.person("文岚")},
    )


def test_a_substitute_counts_only_in_term_and_ends_by_itself(county):
    worker = county.seat("grid_worker", "lake1", "王可")
    now = clock.now()
    actions.substitute(worker, county.person("李适"), actor=SETUP, since=now + DAY, until=now + 3 * DAY, reason="leave")
    directory = people.directory()
    assert directory.holders(worker) == (county.person("王可"),)
    both = (county.person("王可"), county.person("李适"))
    assert directory.holders(worker, now + 2 * DAY) == both
    assert directory.holders(worker, now + 3 * DAY) == both[:1]
    assert directory.next_change(now) == now + DAY
    assert directory.substituted(both[1], now + 2 * DAY) == (worker,)
    assert directory.held(both[1], now + 2 * DAY) == ()


def test_a_substitute_needs_an_end_within_a_year_and_a_listed_reason(county):
    worker = county.seat("grid_worker", "lake1", "王可")
    person, now = county.person("李适"), clock.now()
    for until in (now - DAY, now + 400 * DAY, (now + DAY).replace(tzinfo=None)):
        refused(Invalid, "people.term_wrong", actions.substitute, worker, person, actor=SETUP, until=until)
    refused(
        Invalid,
        "people.reason_wrong",
        actions.substitute,
        worker,
        person,
        actor=SETUP,
        until=now + DAY,
        reason="住院",
    )
    first = actions.substitute(worker, person, actor=SETUP, until=now + 5 * DAY)
    refused(
        Conflict,
        "people.already_sits",
        actions.substitute,
        worker,
        person,
        actor=SETUP,
        since=now + DAY,
        until=now + 9 * DAY,
    )
    actions.end_substitute(first, actor=SETUP)
    assert people.directory().substituted(person) == ()
    refused(NotFound, "people.no_term", actions.end_substitute, first, actor=SETUP)


def test_the_root_keeps_two_distinct_holders_for_all_time_to_come(county):
    first, second = people.directory().holders(county.root)
    refused(Conflict, "people.root_needs_two", actions.leave, first, actor=SETUP)
    refused(Conflict, "people.root_needs_two", actions.vacate, county.root, actor=SETUP)
    refused(
        Conflict,
        "people.root_needs_two",
        actions.leave,
        first,
        actor=SETUP,
        at=clock.now() + 300 * DAY,
    )
    refused(Conflict, "people.root_stays", actions.close_seat, county.root, actor=SETUP)
    # Somebody who stays only for a month does not free the first for good.
    third = county.person("文岚")
    actions.appoint(county.root, third, actor=SETUP, until=clock.now() + 30 * DAY)
    refused(Conflict, "people.root_needs_two", actions.leave, first, actor=SETUP)
    # Nor does the same person twice.
    fourth = county.person("丁一")
    actions.appoint(county.root, fourth, actor=SETUP)
    actions.leave(first, actor=SETUP)
    assert set(people.directory().holders(county.root)) == {second, third, fourth}
    refused(Conflict, "people.root_needs_two", actions.deactivate, fourth, actor=SETUP)


def test_the_root_begins_with_two_and_there_is_one(county):
    with_two = [county.person("甲"), county.person("乙")]
    refused(
        Conflict,
        "people.root_exists",
        actions.open_root,
        "county_director",
        county.places["county"],
        with_two,
        actor=SETUP,
    )
    refused(
        Conflict,
        "people.root_by_two",
        actions.open_seat,
        "county_director",
        county.places["county"],
        actor=SETUP,
        label="2",
    )
    assert [s.id for s in people.directory().seats_at(county.places["county"], "county_director")] == [county.root]


@pytest.mark.django_db
def test_a_root_of_one_person_twice_is_refused(county):
    # The refusal comes before anything is written, also when the root is still to be opened.
    refused(
        Conflict,
        "people.root_exists",
        actions.open_root,
        "county_director",
        county.places["county"],
        [county.person("甲")] * 2,
        actor=SETUP,
    )
    assert county.people["甲"] not in people.directory().holders(county.root)


def test_before_the_first_day_nobody_sits_and_nobody_answers(county):
    long_ago = clock.now() - 3650 * DAY
    assert people.directory().holders(county.root, long_ago) == ()
    refused(Conflict, "people.nobody_left", people.directory().effective, county.root, long_ago)
    for person in people.directory().persons:
        assert people.directory().answering(person, long_ago) == frozenset()


def test_past_dates_show_who_sat_there_then(county):
    worker = county.seat("grid_worker", "lake1")
    now = clock.now()
    actions.appoint(worker, county.person("王可"), actor=SETUP, since=now - 20 * DAY, until=now - 10 * DAY)
    actions.appoint(worker, county.person("李适"), actor=SETUP, since=now - 10 * DAY)
    directory = people.directory()
    assert directory.holders(worker, now - 21 * DAY) == ()
    assert directory.holders(worker, now - 15 * DAY) == (county.person("王可"),)
    assert directory.holders(worker) == (county.person("李适"),)


def test_terms_of_one_person_do_not_overlap_and_ends_come_after_starts(county):
    worker = county.seat("grid_worker", "lake1", "王可")
    person = county.person("王可")
    refused(Conflict, "people.already_sits", actions.appoint, worker, person, actor=SETUP)
    now = clock.now()
    other = county.person("李适")
    refused(Invalid, "people.term_wrong", actions.appoint, worker, other, actor=SETUP, since=now, until=now)
    actions.appoint(worker, other, actor=SETUP, since=now + DAY, until=now + 2 * DAY)
    actions.appoint(worker, other, actor=SETUP, since=now + 2 * DAY)
    refused(
        Conflict,
        "people.already_sits",
        actions.appoint,
        worker,
        other,
        actor=SETUP,
        since=now + 1.5 * DAY,
        until=now + 1.7 * DAY,
    )
    assert people.directory().holders(worker, now + 2.5 * DAY) == (person, other)


def test_leaving_cancels_what_has_not_begun(county):
    worker = county.seat("grid_worker", "lake1")
    person, now = county.person("王可"), clock.now()
    actions.appoint(worker, person, actor=SETUP, since=now + 5 * DAY)
    actions.leave(person, actor=SETUP)
    assert people.directory().holders(worker, now + 6 * DAY) == ()
    actions.appoint(worker, person, actor=SETUP, since=now + 5 * DAY)  # and he may come after all
    assert people.directory().holders(worker, now + 6 * DAY) == (person,)


def test_a_closed_seat_gives_its_work_away_and_can_be_opened_again(county):
    secretary = county.seat("village_secretary", "lake", "秦明")
    worker = county.seat("grid_worker", "lake1")
    assert people.directory().effective(worker).seat_id == secretary
    actions.close_seat(secretary, actor=SETUP)
    assert people.directory().effective(worker).seat_id == county.root
    assert people.directory().effective(secretary).seat_id == county.root
    refused(Conflict, "people.seat_closed", actions.appoint, secretary, county.person("秦明"), actor=SETUP)
    assert county.seat("village_secretary", "lake", "秦明") == secretary
    assert people.directory().effective(worker).seat_id == secretary
    refused(
        Conflict,
        "people.seat_exists",
        actions.open_seat,
        "village_secretary",
        county.places["lake"],
        actor=SETUP,
    )


def test_seats_stand_at_the_level_of_their_post(county):
    refused(Invalid, "people.wrong_level", actions.open_seat, "grid_worker", county.places["lake"], actor=SETUP)
    assert county.seat("grid_worker", "lake1a")  # a grid of any level will do
    refused(NotFound, "people.no_place", actions.open_seat, "grid_worker", 987654321, actor=SETUP)
    refused(NotFound, "people.no_post", actions.open_seat, "wizard", county.places["lake"], actor=SETUP)


def test_seat_for_finds_the_nearest_then_what_it_falls_to(county):
    head = county.seat("grid_head", "lake1", "秦明")
    officer = county.seat("street_officer", "east", "高静")
    directory = people.directory()
    places = county.places
    assert directory.seat_for("grid_worker", places["block7"]) == head
    assert directory.seat_for("grid_head", places["lake1a"]) == head
    assert directory.seat_for("grid_worker", places["lake2"]) == officer
    assert directory.seat_for("grid_worker", places["hill1"]) == county.root
    assert directory.seat_for("unknown_post", places["hill1"]) == county.root


def test_organisations_are_found_by_code_name_and_short_name_and_own_their_seats(county):
    from gezhi.foundation.people.posts import open_organisations_of

    from .county import standard_posts

    body = standard_posts()["organisations"]
    seats = open_organisations_of(body, county.places["county"], actor=SETUP)
    assert open_organisations_of(body, county.places["county"], actor=SETUP) == seats
    east = open_organisations_of(body, county.places["east"], actor=SETUP)
    west = open_organisations_of(body, county.places["west"], actor=SETUP)
    directory = people.directory()
    assert directory.organisation("住建局").name == "清河县住房和城乡建设局"
    assert directory.seat(seats["housing"]).label == "清河县住房和城乡建设局"
    management = directory.organisation("城管所", county.places["hill"])
    assert management.place_id == county.places["west"]
    found = directory.seat_for("town_unit", county.places["hill"], management.id)
    assert found == west["town_city_management"] != east["town_city_management"]


def test_a_whole_committee_changes_in_one_step(county):
    secretary = county.seat("village_secretary", "lake", "秦明")
    worker = county.seat("grid_worker", "lake1", "王可", "李适")
    lists = actions.renew(
        {
            secretary: county.persons("李适"),
            worker: county.persons("王可", "周新"),
        },
        actor=SETUP,
    )
    directory = people.directory()
    assert directory.holders(secretary) == (county.person("李适"),)
    assert set(directory.holders(worker)) == set(county.persons("王可", "周新"))
    assert {line.person_id for line in lists} == set(county.persons("秦明", "李适"))
    root = {county.root: county.persons("于沐阳")}
    refused(Conflict, "people.root_needs_two", actions.renew, root, actor=SETUP)
    actions.renew({county.root: county.persons("甲", "乙")}, actor=SETUP)
    assert set(people.directory().holders(county.root)) == set(county.persons("甲", "乙"))


def test_only_who_manages_here_changes_who_sits_here_and_never_for_themselves(county):
    county.seat("admin", "county", "丁一")
    worker = county.seat("grid_worker", "lake1", "王可")
    admin = county.actor("丁一")
    refused(NotAllowed, "not_allowed", actions.appoint, worker, county.person("李适"), actor=county.actor("王可"))
    actions.appoint(worker, county.person("李适"), actor=admin)
    refused(NotAllowed, "people.not_oneself", actions.appoint, worker, admin.person_id, actor=admin)
    refused(
        NotAllowed,
        "people.not_oneself",
        actions.substitute,
        worker,
        admin.person_id,
        actor=admin,
        until=clock.now() + DAY,
    )
    refused(
        Invalid,
        "people.term_wrong",
        actions.appoint,
        worker,
        county.person("周新"),
        actor=admin,
        since=clock.now() - 60 * DAY,
    )
    assert set(people.directory().holders(worker)) == {county.people["王可"], county.people["李适"]}


def test_every_change_is_an_event_and_rows_equal_their_fold(county):
    worker = county.seat("grid_worker", "lake1", "王可")
    actions.substitute(worker, county.person("李适"), actor=SETUP, until=clock.now() + DAY)
    actions.leave(county.person("王可"), actor=SETUP)
    actions.close_seat(worker, actor=SETUP)
    actions.set_contact(county.person("李适"), actor=SETUP, phone="13800138000")
    report = events.verify()
    assert [finding for finding in report.findings if finding.code != "erased"] == []
    kinds = set(events.Event.objects.values_list("kind", flat=True))
    assert {
        "post.added",
        "seat.opened",
        "seat.closed",
        "holding.began",
        "holding.ended",
        "substitute.began",
        "substitute.ended",
        "person.created",
        "person.contact_set",
    } <= kinds
