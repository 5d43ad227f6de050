"""The steps before a server serves."""

from __future__ import annotations

import shutil

import pytest

from gezhi.foundation import packs
from gezhi.foundation.calendar import clock
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


def test_packs_are_read_again_when_a_file_or_the_code_changed_and_not_before(settings, tmp_path, monkeypatch):
    shipped = settings.GEZHI_PACKS[0] / steps.BASE_PACK
    base = shutil.copytree(shipped, tmp_path / "packs" / steps.BASE_PACK)
    settings.GEZHI_PACKS = [tmp_path / "packs"]
    read = []
    monkeypatch.setattr(packs, "install", lambda folder, **_: read.append(folder.name))
    PackVersion.objects.create(
        pack=steps.BASE_PACK, kind="k", name="n", version=1, hash="h", body={}, position=1, installed_at=clock.now()
    )
    steps.install_packs()
    steps.install_packs()
    assert read == [steps.BASE_PACK]
    (base / "pack.yaml").write_text(
        (base / "pack.yaml").read_text(encoding="utf-8") + "\n# said anew\n", encoding="utf-8"
    )
    steps.install_packs()
    assert read == [steps.BASE_PACK] * 2
    (tmp_path / "code").mkdir()
    monkeypatch.setattr(steps, "_CODE", tmp_path / "code")
    steps.install_packs()
    assert read == [steps.BASE_PACK] * 3
