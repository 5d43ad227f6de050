"""Versions in the database: pinned for ever, refused when changed, seen at once by everybody."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from gezhi.foundation import db, events, packs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import Flawed, NotAllowed, NotFound
from gezhi.foundation.packs.models import PackVersion

pytestmark = pytest.mark.django_db
FORM = "form: ask\nversion: {version}\ntitle: 问\nfields:\n  - {{id: a, type: text, title: {title}}}\n"


@pytest.fixture
def actor():
    return people.system("packs")


def titled(title, version=1):
    return {"forms/ask.yaml": FORM.format(version=version, title=title)}


def test_installing_twice_changes_nothing(write_pack, actor):
    folder = write_pack("hill", titled("甲"))
    packs.install(folder, actor=actor)
    before = db.revisions.current()["packs"]
    packs.install(folder, actor=actor)
    assert db.revisions.current()["packs"] == before
    assert PackVersion.objects.count() == 1
    assert len(events.history("pack:hill")) == 1


def test_another_body_under_the_same_version_is_refused(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    with pytest.raises(Flawed) as flawed:
        packs.install(write_pack("hill", titled("乙")), actor=actor)
    (problem,) = flawed.value.problems
    assert (problem.file, problem.code) == ("hill/forms/ask.yaml", "pack.version")
    assert "2" in str(problem.words)
    assert packs.registry().forms["ask"].get("a").title["zh"] == "甲"


def test_a_new_version_is_current_and_the_old_one_still_readable(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    first = packs.registry().get("form", "ask")
    packs.install(write_pack("hill", titled("乙", version=2)), actor=actor)
    registry = packs.registry()
    assert registry.get("form", "ask").version == 2
    assert registry.forms["ask"].get("a").title["zh"] == "乙"
    assert registry.get("form", "ask", 1).hash == first.hash
    assert registry.body("form", "ask", 1)["fields"][0]["title"]["zh"] == "甲"
    assert packs.body_hash(registry.body("form", "ask", 1)) == first.hash
    assert [e.version for e in registry.entries()] == [1, 2]
    # The old folder, installed once more, is no news.
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    assert packs.registry().get("form", "ask").version == 2


def test_a_lower_version_that_was_never_installed_is_refused(write_pack, actor):
    packs.install(write_pack("hill", titled("甲", version=3)), actor=actor)
    with pytest.raises(Flawed) as flawed:
        packs.install(write_pack("hill", titled("甲", version=2)), actor=actor)
    assert [p.code for p in flawed.value.problems] == ["pack.older"]


def test_a_name_belongs_to_the_pack_that_brought_it(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    with pytest.raises(Flawed) as flawed:
        packs.install(write_pack("vale", titled("乙")), actor=actor)
    assert [p.code for p in flawed.value.problems] == ["pack.owned"]


def test_nothing_of_a_flawed_pack_is_installed(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    with pytest.raises(Flawed):
        packs.install(write_pack("hill", {**titled("乙"), "limits.yaml": "default: 5 work_day"}), actor=actor)
    assert list(PackVersion.objects.values_list("kind", flat=True)) == ["form"]
    with pytest.raises(NotFound) as refused:
        packs.registry().get("limits", "hill")
    assert refused.value.code == "pack.not_installed"


def test_only_who_may_manage_packs_installs(write_pack):
    with pytest.raises(NotAllowed):
        packs.install(write_pack("hill", titled("甲")), actor=people.Actor("staff", person_id=1, name="秦○"))
    assert not PackVersion.objects.exists()


def test_the_database_itself_keeps_one_body_a_version(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    row = PackVersion.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_two_processes_that_install_at_once_agree(write_pack, actor, monkeypatch):
    from gezhi.foundation.packs import installed

    folder, calls = write_pack("hill", titled("甲")), []
    look = installed._new_items

    def look_and_be_overtaken(pack):
        found = look(pack)
        calls.append(len(found))
        if len(calls) == 1:
            (item,) = found
            PackVersion.objects.create(
                pack="hill", kind=item.kind, name=item.name, version=1, hash=item.hash, body=item.body, position=1,
                installed_at=clock.now(),
            )  # fmt: skip
        return found

    monkeypatch.setattr(installed, "_new_items", look_and_be_overtaken)
    packs.install(folder, actor=actor)
    assert len(calls) == 2
    assert PackVersion.objects.count() == 1
    assert len(events.history("pack:hill")) == 1


def test_the_event_names_versions_and_hashes(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    packs.install(write_pack("hill", titled("乙", version=2)), actor=actor)
    first, second = events.history("pack:hill")
    assert first.patch["form.ask"]["version"] == 1
    assert second.patch["form.ask"] == {"version": 2, "hash": packs.registry().get("form", "ask").hash}
    assert (first.actor_name, second.seq) == ("packs", 2)


def test_a_later_pack_refines_an_earlier_one(write_pack, actor):
    base = {
        "categories.yaml": "catalogues: [{scheme: request, file: a.csv}]\nunits: {城建: 住建局}\nhints: {T01: [路灯]}",
        "a.csv": "code,l1,l2,name\nT01,城建,道路,路灯\nT02,城建,道路,井盖\n",
        "limits.yaml": "default: 5 work_day\ncategories: {城建: 3 work_day}\nsteps: {accept: 4 work_hour}",
    }
    packs.install(write_pack("base", base), actor=actor)
    head = "pack: hill\nversion: 1\ntitle: x\nuses: [base]"
    own = {"pack.yaml": head, "limits.yaml": "categories: {T01: 1 work_day}\nsteps: {respond: 2 work_hour}"}
    packs.install(write_pack("hill", own), actor=actor)
    registry = packs.registry()
    assert str(registry.limit_for("T01", None)) == "1 work_day"
    assert str(registry.limit_for("T02", None)) == "3 work_day"
    assert str(registry.limit_for(None, None)) == "5 work_day"
    assert (str(registry.limits.step("accept")), str(registry.limits.step("respond"))) == ("4 work_hour", "2 work_hour")
    assert registry.limits.step("nothing") is None
    assert registry.categories.get("T02").unit == "住建局"
    assert packs.suggest_category("门口路灯不亮")[0].code == "T01"


def test_the_registry_is_read_once_a_revision(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    held = packs.registry()
    with db.count_queries() as counted:
        assert packs.registry() is held
    assert counted.total <= 1
    packs.install(write_pack("hill", titled("乙", version=2)), actor=actor)
    assert packs.registry() is not held


def test_the_shipped_packs_install(shipped, actor):
    pack = packs.install(shipped / "songxi", actor=actor)
    registry = packs.registry()
    assert pack.uses == ("standard-county",)
    assert registry.names("services") == ["songxi"]
    assert "grid_worker" in registry.posts and "raise" in registry.forms
    assert people.directory().posts["grid_worker"].code == "grid_worker"


def test_old_bodies_are_fetched_only_when_asked(write_pack, actor):
    packs.install(write_pack("hill", titled("甲")), actor=actor)
    packs.install(write_pack("hill", titled("乙", version=2)), actor=actor)
    registry = packs.registry()
    with db.count_queries() as counted:
        registry.body("form", "ask", 1)
        registry.body("form", "ask", 1)
        registry.body("form", "ask", 2)
    assert counted.total == 1
