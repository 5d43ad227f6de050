"""An unsafe production start is refused, each reason by its id."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core import checks

from gezhi.foundation.errors import Refusal
from gezhi.foundation.people import crypto
from gezhi.foundation.people.keys import KeysRefused
from gezhi.interfaces.commands import main
from gezhi.interfaces.jobs import steps
from gezhi.interfaces.site import checks as site_checks

pytestmark = pytest.mark.django_db


@pytest.fixture
def production(settings, tmp_path):
    """A production site in order; tests spoil one thing each."""
    settings.GEZHI_ENV, settings.PRODUCTION = "production", True
    settings.SECRET_KEY = "0123456789abcdef" * 4
    settings.ALLOWED_HOSTS = ["gezhi.example"]
    settings.GEZHI_HOME, settings.GEZHI_KEYS = tmp_path / "home", tmp_path / "keys"
    settings.GEZHI_KEYS.mkdir()
    settings.GEZHI_ROOTS = str(tmp_path / "roots")
    return settings


def ids() -> set[str]:
    return {message.id for message in checks.run_checks(tags=["gezhi"])}


def test_a_site_in_order_starts(production):
    assert ids() == set()
    steps.refuse_unsafe()


@pytest.mark.parametrize(
    ("name", "value", "id"),
    [
        ("SECRET_KEY", "short", "gezhi.E002"),
        ("SECRET_KEY", "a" * 64, "gezhi.E002"),
        ("DEBUG", True, "gezhi.E004"),
        ("ALLOWED_HOSTS", ["*"], "gezhi.E005"),
        ("ALLOWED_HOSTS", [""], "gezhi.E005"),
        ("GEZHI_ENV", "prod", "gezhi.E010"),
        ("GEZHI_ZONES", ("portal", "dsek"), "gezhi.E008"),
        ("GEZHI_ROOTS", "", "gezhi.W001"),
        ("GEZHI_SECOND_FACTOR", ("off",), "gezhi.W002"),
        ("GEZHI_SECOND_FACTOR", ("people.mange",), "gezhi.E011"),
        ("GEZHI_SECOND_FACTOR", ("off", "people.manage"), "gezhi.E011"),
    ],
)
def test_one_thing_wrong_is_named(production, name, value, id):
    setattr(production, name, value)
    assert ids() == {id}


def test_keys_inside_the_home(production):
    production.GEZHI_KEYS = production.GEZHI_HOME / "keys"
    assert ids() == {"gezhi.E003"}


def test_a_key_others_can_read(production):
    key = production.GEZHI_KEYS / "site.key"
    key.write_text("x")
    key.chmod(0o644)
    assert ids() == {"gezhi.E009"}
    key.chmod(0o600)
    assert ids() == set()


def test_several_machines_need_postgresql(production):
    from django.db import connection

    production.GEZHI_MACHINES = 2
    assert ids() == ({"gezhi.E007"} if connection.vendor == "sqlite" else set())


def test_demo_sign_ins_in_production(production, monkeypatch):
    monkeypatch.setattr(site_checks, "demo_people_exist", lambda: True)
    assert ids() == {"gezhi.E001"}
    with pytest.raises(Refusal) as refused:
        steps.refuse_unsafe()
    assert refused.value.code == "run.unsafe"


def test_a_warning_does_not_stop_the_start(production, capsys):
    production.GEZHI_ROOTS = ""
    steps.refuse_unsafe()
    assert "gezhi.W001" in capsys.readouterr().err


def test_development_is_left_alone(settings):
    settings.SECRET_KEY, settings.ALLOWED_HOSTS = "short", ["*"]
    assert ids() == set()


def test_the_file_system_is_that_of_the_nearest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    mounts.write_text("a / ext4 rw 0 0\nb /srv nfs4 rw 0 0\nc /srv/own\\040disk xfs rw 0 0\n")
    assert site_checks.file_system(Path("/var/lib"), mounts) == "ext4"
    assert site_checks.file_system(Path("/srv/gezhi"), mounts) == "nfs4"
    assert site_checks.file_system(Path("/srv/own disk/gezhi"), mounts) == "xfs"
    assert site_checks.file_system(Path("/srv"), tmp_path / "absent") == ""


def test_the_one_start_that_may_make_keys_makes_all_of_them(production, monkeypatch, capsys):
    """A site installed as the guide says has what its first administrator's name is sealed with."""
    monkeypatch.setenv("GEZHI_ENV", "production")
    monkeypatch.delenv("GEZHI_MAKE_KEYS", raising=False)
    with pytest.raises(KeysRefused, match="GEZHI_MAKE_KEYS=1"):
        steps.refuse_unsafe()
    assert not list(production.GEZHI_KEYS.iterdir())
    monkeypatch.setenv("GEZHI_MAKE_KEYS", "1")
    steps.refuse_unsafe()
    monkeypatch.delenv("GEZHI_MAKE_KEYS")
    steps.refuse_unsafe()
    assert crypto.open(crypto.seal("甲某", "x"), "x") == "甲某"
    for lost in production.GEZHI_KEYS.glob("data-*.key"):
        lost.unlink()
    assert main.main(["keys", "list"]) == 1  # in words, not in a traceback
    assert "data-first.key" in capsys.readouterr().err
    with pytest.raises(KeysRefused, match=r"data-first\.key"):
        steps.refuse_unsafe()
