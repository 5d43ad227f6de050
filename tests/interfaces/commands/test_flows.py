"""`gezhi flows`: what would become of open cases is said before it is done."""

from __future__ import annotations

import pytest

from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, packs, people
from gezhi.interfaces.commands import main
from tests.world import World


@pytest.fixture
def world(db):
    return World()


def test_a_preview_writes_nothing_and_yes_takes_the_cases_over(world, capsys):
    case = world.open("路灯坏了")
    with db.write():
        body = packs.registry().body("workflow", "request")
        to = packs.publish("workflow", "request", body, actor=people.system("test"), how={}).version
    at = ["flows", "migrate", "request", "--from", str(case.version)]
    assert main.main(at) == 0 and "--yes" in capsys.readouterr().out
    assert Case.objects.get(pk=case.pk).version == case.version
    assert main.main([*at, "--yes"]) == 0
    assert Case.objects.get(pk=case.pk).version == to
    assert main.main(["flows", "list"]) == 0 and f"request  v{to}  own" in capsys.readouterr().out
    assert main.main([*at, "--to", str(case.version)]) == 1, "the same version is no other"
