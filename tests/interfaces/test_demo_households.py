"""The demo's households: made up, quick, consistent."""

import pytest

from gezhi.foundation import events, people, subjects
from gezhi.foundation.subjects.models import Entry, Subject
from gezhi.interfaces.demo import households, partners, staff
from tests.world import World

pytestmark = pytest.mark.django_db


def test_the_village_has_households_registers_and_gaps(monkeypatch):
    world = World()
    monkeypatch.setattr(staff, "demo_place", lambda kind: world.places["lake1"])
    households.fill()
    assert Subject.objects.filter(kind="living_household").count() == households.HOUSEHOLDS
    assert not Subject.objects.filter(synthetic=False).exists()
    registers = set(Entry.objects.values_list("register", flat=True))
    assert registers == {"household", "resident", "lone_elder", "volunteer", "business"}
    assert len(subjects.unrelated("lone_elder", actor=people.system("test"))) == 2
    assert events.verify().findings == []


def test_partners_groups_and_idle_sites_are_there_with_one_in_each_state(monkeypatch):
    world = World("minzhu-street", "xinhua-street", "mengzhou")
    monkeypatch.setattr(staff, "demo_place", lambda kind: world.places["lake1"])
    partners.fill()
    states = set(Entry.objects.values_list("register", "state"))
    assert states == {
        ("partner", ""), ("incubated_group", "valid"), ("incubated_group", "expired"), ("idle_site", "idle"),
        ("idle_site", "used"),
    }  # fmt: skip
    assert not Subject.objects.filter(synthetic=False).exists()
