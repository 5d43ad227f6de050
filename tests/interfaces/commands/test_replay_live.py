"""`gezhi replay` against a live server with several connections at a time."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.interfaces.commands.main import main
from tests.interfaces.api.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_replay_from_the_command_line_with_four_connections(live_server, tmp_path, capsys):
    World()
    path = tmp_path / "messages.csv"
    with path.open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(["id", "user", "topic", "time", "text"])
        rows.writerows([n, f"A{n % 9}", f"路灯 {n}", "", f"第 {n} 盏路灯不亮"] for n in range(40))
    acks = tmp_path / "acks.tsv"
    command = ["replay", str(path), "--url", live_server.url, "--jobs", "4", "--acks", str(acks)]
    assert main([*command, "--limit", "15"]) == 0
    assert Case.objects.count() == 15
    assert main(command) == 0
    assert "新建 25，已有 15" in capsys.readouterr().out
    assert Case.objects.count() == 40
    lines = Path(acks).read_text(encoding="utf-8").splitlines()
    answered = dict(line.split("\t")[:2] for line in lines)
    assert len(lines) == 55 and len(answered) == 40
    assert set(answered.values()) == {str(id) for id in Case.objects.values_list("id", flat=True)}


def test_an_unreachable_server_is_said_and_nothing_hangs(tmp_path, capsys):
    path = tmp_path / "messages.csv"
    path.write_text("text\n路灯\n", encoding="utf-8")
    assert main(["replay", str(path), "--url", "http://127.0.0.1:9", "--patience", "0.1"]) == 1
    assert "服务器没有应答" in capsys.readouterr().err
