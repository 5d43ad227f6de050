"""The steps before a server serves."""

from __future__ import annotations

import pytest

from gezhi.foundation import packs
from gezhi.foundation.packs.models import PackVersion
from gezhi.foundation.people.models import Person
from gezhi.interfaces.jobs import steps

pytestmark = pytest.mark.django_db


def test_only_an_empty_home_outside_production_gets_the_demo(settings, monkeypatch):
    monkeypatch.delenv("GEZHI_DEMO", raising=False)
    assert steps.wants_demo()
    monkeypatch.setenv("GEZHI_DEMO", "0")
    assert not steps.wants_demo()
    monkeypatch.delenv("GEZHI_DEMO")
    settings.PRODUCTION = True
    assert not steps.wants_demo()
    settings.PRODUCTION = False
    monkeypatch.setattr(Person.objects, "exists", lambda: True)
    assert not steps.wants_demo()


def test_a_new_site_gets_the_base_pack_and_no_other_places_practices():
    steps.install_packs()
    assert set(PackVersion.objects.values_list("pack", flat=True)) == {steps.BASE_PACK}
    assert packs.registry().get("workflow", "request")
    before = PackVersion.objects.count()
    steps.install_packs()
    assert PackVersion.objects.count() == before
