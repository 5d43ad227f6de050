import pytest

from gezhi.foundation import db, events, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions
from gezhi.foundation.people.models import Reveal

from .county import SETUP

PHONE = "13800138000"
PURPOSE = "电话核实漏水的位置"


@pytest.fixture
def matter(county):
    with db.write():
        refs = events.keep("case:77", {"phone": PHONE})
    county.seat("village_secretary", "lake", "秦明")
    return refs["phone"]


def test_a_look_is_logged_with_seat_purpose_and_time_and_without_the_officers_name(county, matter):
    shown = people.reveal(
        matter, actor=county.actor("秦明"), purpose=f"  {PURPOSE} ", about="case:77", path=county.path("lake1")
    )
    assert shown == PHONE
    (look,) = people.reveals("case:77")
    assert look.seat == "湖滨社区书记" and look.purpose == PURPOSE and look.field == "phone"
    assert not look.as_substitute and abs((clock.now() - look.at).total_seconds()) < 600
    assert "秦" not in repr(look)
    assert Reveal.objects.get().person_id == county.person("秦明")
    assert people.reveals("case:78") == []
    assert not list(events.verify().findings)


def test_a_substitute_is_named_as_one(county, matter):
    from datetime import timedelta

    secretary = people.directory().seat_for("village_secretary", county.places["lake"])
    actions.substitute(secretary, county.person("李适"), actor=SETUP, until=clock.now() + timedelta(days=1))
    people.reveal(matter, actor=county.actor("李适"), purpose=PURPOSE, about="case:77")
    assert people.reveals("case:77")[0].as_substitute


def test_only_who_may_and_only_here(county, matter):
    county.seat("department", "county", "文岚")
    county.seat("village_secretary", "hill", "周新")
    for actor in (county.actor("文岚"), people.resident("x"), people.system("clock")):
        with pytest.raises(NotAllowed, match="reveal.not_allowed"):
            people.reveal(matter, actor=actor, purpose=PURPOSE, about="case:77")
    with pytest.raises(NotAllowed, match="reveal.not_allowed"):
        people.reveal(matter, actor=county.actor("周新"), purpose=PURPOSE, about="case:77", path=county.path("lake"))
    assert people.reveals("case:77") == []


@pytest.mark.parametrize("purpose", ["", "看看", "    ", "啊啊啊啊啊", "....", "长" * 201])
def test_a_purpose_is_needed(county, matter, purpose):
    with pytest.raises(Invalid) as caught:
        people.reveal(matter, actor=county.actor("秦明"), purpose=purpose, about="case:77")
    assert caught.value.code == "reveal.purpose_needed" and "purpose" in caught.value.field_errors
    assert people.reveals("case:77") == []


def test_what_was_erased_cannot_be_looked_at(county, matter):
    events.erase("case:77", actor=SETUP, ground="本人要求")
    with pytest.raises(NotFound, match="reveal.erased"):
        people.reveal(matter, actor=county.actor("秦明"), purpose=PURPOSE, about="case:77")


def test_an_erased_person_leaves_neither_mask_nor_index(county):
    person = county.person("白鹭", phone=PHONE)
    assert actions.find_by_phone("+86 138 0013 8000") == [person] == actions.find_by_name("白 鹭")
    assert people.directory().person(person).name_public == "白○"
    events.erase(f"person:{person}", actor=SETUP, ground="本人要求")
    assert actions.find_by_phone(PHONE) == [] == actions.find_by_name("白鹭")
    assert people.directory().person(person).name_public == "○"


def test_a_corrected_name_replaces_the_old_one(county):
    person = county.person("白露", phone=PHONE)
    actions.set_contact(person, actor=SETUP, name="欧阳露", phone="")
    assert people.directory().person(person).name_public == "欧阳○"
    assert actions.find_by_name("白露") == [] and actions.find_by_name("欧阳露") == [person]
    assert actions.find_by_phone(PHONE) == []
    with pytest.raises(Invalid, match="phone.wrong"):
        actions.set_contact(person, actor=SETUP, phone="12")
    with pytest.raises(Invalid, match="name.wrong"):
        actions.set_contact(person, actor=SETUP, name="  ")
