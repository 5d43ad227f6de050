"""The command `gezhi` finds its subcommands and says refusals in words."""

from __future__ import annotations

import pytest

import gezhi
from gezhi.foundation.errors import NotFound
from gezhi.interfaces.commands import main as command
from gezhi.interfaces.commands import migrate


def test_help_lists_every_subcommand(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])
    assert ended.value.code == 0
    listed = capsys.readouterr().out
    for name in ("run", "serve", "worker", "migrate", "jobs", "verify"):
        assert f"\n    {name} " in listed


def test_an_unknown_subcommand_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["frobnicate"])
    assert ended.value.code == 2
    assert "frobnicate" in capsys.readouterr().err


def test_version(capsys):
    with pytest.raises(SystemExit):
        command.main(["--version"])
    assert capsys.readouterr().out.strip() == gezhi.__version__


def test_a_refusal_is_words_and_exit_code_one(capsys, monkeypatch):
    def refuse(args):
        raise NotFound

    monkeypatch.setattr(migrate, "run", refuse)
    assert command.main(["migrate"]) == 1
    said = capsys.readouterr().err
    assert "[not_found]" in said
    assert NotFound().next in said


@pytest.mark.django_db
def test_jobs_lists_and_retries(capsys):
    from gezhi.foundation import jobs
    from gezhi.foundation.jobs.models import Job

    jobs.enqueue("tests.never", "a")
    Job.objects.update(state=Job.DEAD, last_error="ValueError at x.py:1", attempts=12)
    dead = Job.objects.get()
    assert command.main(["jobs", "list"]) == 0
    assert f"dead {dead.id}: tests.never a, 12 attempts, ValueError at x.py:1" in capsys.readouterr().out
    assert command.main(["jobs", "retry", str(dead.id)]) == 0
    assert command.main(["jobs", "retry", str(dead.id)]) == 1
    assert Job.objects.get().state == Job.READY
