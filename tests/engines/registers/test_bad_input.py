"""What people hand in that is wrong: columns called otherwise, macros, bombs, impossible days, a field a rule still reads."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gezhi.foundation import packs, people
from gezhi.foundation.errors import Flawed
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.sheets import actions, queries
from gezhi.foundation.sheets.models import ImportRun
from gezhi.foundation.subjects import definitions
from gezhi.foundation.subjects.models import Entry, Subject
from tests.engines.registers.test_sheets import UGLY, book, bring
from tests.foundation.sheets.workbooks import book as plain_book
from tests.foundation.sheets.workbooks import with_part
from tests.interfaces.desk.conftest import Desk
from tests.world import PACKS, World

pytestmark = pytest.mark.django_db


def test_a_renamed_column_is_asked_about_once_and_known_the_next_time():
    world = World()
    actor = world.actor("赵兰")
    renamed = [list(row) for row in UGLY]
    renamed[1][3], renamed[1][4] = "生活上能不能行", "建的时间"
    run = bring(book(renamed), actor, confirm=False)
    columns = {c["header"]: c["field"] for c in run.columns}
    assert columns["身份证号码"] == "id_number" and columns["生活上能不能行"] == ""
    assert run.good == 0  # 自理能力 must be said, and no column says it
    actions.settle(run.pk, {3: "self_care", 4: "since"}, actor=actor)
    claims.drain()
    run.refresh_from_db()
    assert run.good == 3 and not Entry.objects.exists()
    actions.confirm(run.pk, actor=actor)
    claims.drain()
    assert Entry.objects.filter(values__self_care="able").count() == 2
    again = bring(book(renamed), actor, confirm=False)
    assert {c["header"]: (c["field"], c["by"]) for c in again.columns}["生活上能不能行"] == ("self_care", "memory")
    assert again.good == 3


def test_macros_bombs_and_impossible_days_are_refused_in_words_and_leave_nothing(settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    world = World()
    registry.discover()
    client = Desk(world).of("赵兰")
    head = ["老人姓名", "身份证号码", "自理情况", "录入时间"]
    rows = [
        ["一", "", "能自理", day]
        for day in ("2024.2.30", "2024-13-01", "二〇二四年二月三十日", "农历二〇二四年十三月初一", "明年")
    ]
    rows.append(["六", "", "自己能动", "2024.3.5"])
    good = plain_book([head, *rows])
    address = "/desk/registers/lone_elder/import"
    for data, said in (
        (with_part(good, "xl/vbaProject.bin", b"x"), "宏"), (b"\xd0\xcf\x11\xe0" + b"x" * 600, ""), (b"PK\x03\x04", ""), (b"", ""),
        (plain_book([["叫什么", "哪家的"], ["一", "二"]]), "有无变化、姓名"),  # no column is called as it was: some names are told
    ):  # fmt: skip
        sent = {"sheet": SimpleUploadedFile("老人.xlsx", data), "place": world.places["lake"]}
        answer = client.post(address, sent)
        claims.drain()
        page = answer if answer.status_code == 422 else client.get(f"/desk/imports/{ImportRun.objects.latest('pk').pk}")
        text = page.content.decode()
        assert said in text and "可以导入" not in text, data[:8]
    client.post(address, {"sheet": SimpleUploadedFile("老人.xlsx", good), "place": world.places["lake"]})
    claims.drain()
    run = ImportRun.objects.latest("pk")
    assert (run.state, run.good, run.bad) == ("checked", 0, len(rows))
    view = queries.view(run.pk, actor=world.actor("赵兰"), states=("bad",))
    assert ("self_care", "能自理", "") in view.lines[0].cells  # in the words of the sheet, not the register's own code
    assert all(
        any(str(row[3])[:6] in words for words in line.reasons)
        for row, line in zip(rows[:-1], view.lines[:-1], strict=True)
    )
    # A word that is not known is answered with those that are, once: not also as missing.
    assert view.lines[-1].reasons == ["自理情况：“自己能动”认不出，请填这里面的一个：能自理、半自理、不能自理。"]
    assert not Subject.objects.exists() and not Entry.objects.exists()
    typed = {
        "name": "高原",
        "self_care": "able",
        "place": world.places["lake1"],
        "since": "2024-02-30",
        "born": "1950-02-30",
    }
    answer = client.post("/desk/registers/lone_elder/new", typed)
    assert answer.status_code == 422 and not Subject.objects.exists()


def changed(tmp_path: Path, pack: str, file: str, *changes: tuple[str, str]) -> Path:
    """A copy of the shipped packs in which one file reads otherwise."""
    shutil.copytree(PACKS, tmp_path / "packs", dirs_exist_ok=True)
    target = tmp_path / "packs" / pack / file
    text = target.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    target.write_text(text)
    return tmp_path / "packs" / pack


def test_a_rule_over_a_field_the_form_has_no_more_is_refused_at_load_naming_both(tmp_path):
    path = changed(
        tmp_path, "standard-county", "registers/lone_elder.yaml", ("id: gas_alarm, type", "id: alarm, type"),
        ("gas_alarm, confirmed_on", "alarm, confirmed_on"), ("gas_alarm: [", "alarm: ["),
    )  # fmt: skip
    with pytest.raises(Flawed) as refused:
        packs.load(path)
    said = str(refused.value.problems)
    assert "elder-visit" in said and "gas_alarm" in said and "lone_elder" in said


def test_an_upgrade_of_one_pack_may_not_take_a_field_from_a_rule_of_another(tmp_path):
    """The rule lives in a pack that is not loaded when the register's is: the installed one is asked."""
    World("songxi")
    system = people.system("test")
    before = {r.name: r.version for r in definitions.registers()}
    own = tmp_path / "packs" / "other-place"
    shutil.copytree(PACKS / "standard-county", tmp_path / "packs" / "standard-county")
    (own / "duties").mkdir(parents=True)
    (own / "pack.yaml").write_text(
        "pack: other-place\nversion: 1\ntitle: {zh: 别处, en: Elsewhere}\nabout: {zh: 试, en: Try}\nuses: [standard-county]\n"
    )
    (own / "duties" / "skills.yaml").write_text(
        "duty: ask-skills\ntitle: {zh: 问特长, en: Ask}\nover: {register: volunteer}\nwhen: 能做什么 不为空\nseat: {post: grid_worker}\n"
        "rhythm: {every: month}\n"
    )
    packs.install(own, actor=system)
    file = tmp_path / "packs" / "standard-county" / "registers" / "volunteer.yaml"
    text = file.read_text()
    file.write_text(
        text.replace("register: volunteer\n", "register: volunteer\nversion: 9\n")
        .replace("id: skills", "id: talents").replace("team, skills", "team, talents").replace("  skills: [", "  talents: [")
    )  # fmt: skip
    with pytest.raises(Flawed) as refused:
        packs.install(tmp_path / "packs" / "standard-county", actor=system)
    said = str([problem.words for problem in refused.value.problems])
    assert "问特长" in said and "志愿者" in said and "skills" in said
    assert {r.name: r.version for r in definitions.registers()} == before
