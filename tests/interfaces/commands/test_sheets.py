"""`gezhi sheets`: what would happen, and bringing a sheet in."""

from __future__ import annotations

from argparse import Namespace

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation.errors import Invalid, NotFound
from gezhi.foundation.people import actions
from gezhi.foundation.sheets.models import ImportRow, ImportRun
from gezhi.interfaces.commands import sheets as command
from tests.foundation.people.county import SETUP
from tests.foundation.sheets.workbooks import HEAD, book, row
from tests.world import World


@pytest.fixture
def world(db, settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    return World()


def bring(file, **more) -> int:
    asked = {"action": "import", "file": file, "sender": "12345", "by": None, "dry_run": False}
    return command.run(Namespace(**{**asked, **more}))


def test_a_dry_run_says_what_would_happen_and_writes_nothing(world, tmp_path, capsys):
    file = tmp_path / "a.xlsx"
    file.write_bytes(book([HEAD, row("1"), row("2", phone="12"), row("1")]))
    assert bring(file, dry_run=True) == 1
    said = capsys.readouterr().out
    assert "工单编号 → number  100%" in said and "第 3 行：这个号码不像电话" in said
    assert "1 行可以导入，1 行有问题，1 行重复。什么都没有写。" in said
    assert not (Case.objects.exists() or ImportRun.objects.exists() or ImportRow.objects.exists())


def test_a_sheet_is_brought_in_in_somebodys_name(world, tmp_path, capsys):
    actions.set_username(world.people["方晓"], "dispatch", actor=SETUP)
    file = tmp_path / "a.csv"
    file.write_bytes("工单编号,诉求内容,事发地址\n1,灯坏了,湖滨社区\n2,停水了,西山镇\n".encode("gb18030"))
    with pytest.raises(Invalid):
        bring(file)
    with pytest.raises(NotFound):
        bring(tmp_path / "none.xlsx", by="dispatch")
    assert bring(file, by="dispatch") == 0
    assert "已导入：2 行，立案 2 件" in capsys.readouterr().out
    assert set(Case.objects.values_list("reporter_id", flat=True)) == {world.people["方晓"]}


def test_the_senders_are_listed(world, capsys):
    assert command.run(Namespace(action="senders")) == 0
    assert capsys.readouterr().out.split()[0] == "12345"
