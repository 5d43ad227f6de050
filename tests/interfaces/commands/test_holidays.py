"""`gezhi holidays`: a notice is judged, then taken in whole or not at all; clocks that run follow."""

from __future__ import annotations

from argparse import Namespace
from datetime import date

import pytest
import time_machine

from gezhi.foundation import calendar, events
from gezhi.foundation.calendar.models import Holiday
from gezhi.interfaces.commands import holidays as command
from tests.world import World

GOOD = "日期,名称,是否上班\n2026-11-23,县庆,休息\n2026-11-28,县庆调休,上班\n"


def bring(file, *, yes=True):
    return command.run(Namespace(action="import", file=file, yes=yes))


@pytest.mark.django_db
def test_a_notice_is_judged_then_taken_in_and_the_clocks_follow(tmp_path, capsys):
    with time_machine.travel("2026-11-20T10:00:00+08:00", tick=False):
        world = World()
        case = world.to_handle(world.open())
        before = world.main(case).due_at
        file = tmp_path / "notice.csv"
        file.write_text(GOOD, encoding="utf-8-sig")
        assert bring(file, yes=False) == 0
        assert "2026-11-23 县庆 休息" in capsys.readouterr().out and not Holiday.objects.exists()
        assert bring(file) == 0 and "改了 2 天" in capsys.readouterr().out
        assert not calendar.is_workday(date(2026, 11, 23)) and calendar.is_workday(date(2026, 11, 28))
        assert bring(file) == 0 and "改了 0 天" in capsys.readouterr().out
        from gezhi.foundation.jobs import claims, registry

        registry.discover()
        claims.drain()
        assert world.main(case).due_at != before
        assert command.run(Namespace(action="list", year=2026)) == 0
        assert "县庆调休" in capsys.readouterr().out
    assert events.verify().clean


@pytest.mark.django_db
@pytest.mark.parametrize("text", [GOOD + "2026-13-01,坏日子,休息\n", "日期,名称,是否上班\n", "x"])
def test_a_flawed_notice_is_refused_whole(tmp_path, capsys, text):
    file = tmp_path / "notice.csv"
    file.write_text(text)
    assert bring(file) == 1 and not Holiday.objects.exists()
    assert "没有导入" in capsys.readouterr().out
    file.write_bytes("日期,名称\n".encode("gb18030"))
    assert bring(file) == 1 and "UTF-8" in capsys.readouterr().out
