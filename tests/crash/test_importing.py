"""An import survives what happens to it: two yeses at once, two sheets with one number, death at and inside batches."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from unittest import mock

import pytest
from django.db import connection

from gezhi.engines.workflows.models import Case
from gezhi.foundation import events
from gezhi.foundation.errors import Conflict
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.jobs.models import Job
from gezhi.foundation.sheets import actions
from gezhi.foundation.sheets.models import ImportRun
from tests.crash.importing import BATCH, ROWS
from tests.crash.running import environment
from tests.crash.test_two_officers import race
from tests.foundation.sheets.workbooks import HEAD, book, row
from tests.world import World

database = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(transactional_db, at_ten, settings, tmp_path) -> World:
    settings.GEZHI_HOME = tmp_path
    registry.discover()
    return World()


def checked(world: World, *numbers: str) -> ImportRun:
    data = io.BytesIO(book([HEAD, *(row(n) for n in numbers)]))
    run = actions.upload(data, name="x.xlsx", sender="12345", actor=world.actor("方晓"))
    claims.drain()
    run.refresh_from_db()
    assert run.state == "checked"
    return run


def yeses(world: World, run: ImportRun) -> list[object]:
    return race(
        lambda: actions.confirm(run.pk, actor=world.actor("方晓")),
        lambda: actions.confirm(run.pk, actor=world.actor("丁禾")),
    )


@database
def test_of_two_yeses_at_once_one_counts_and_the_other_is_told(world):
    run = checked(world, "1", "2")
    outcomes = yeses(world, run)
    (told,) = [o for o in outcomes if isinstance(o, Exception)]
    assert isinstance(told, Conflict) and told.code == "sheet.wrong_step"
    claims.drain()
    assert Case.objects.count() == 2
    assert [e.kind for e in events.history(f"import:{run.pk}")].count("import.confirmed") == 1
    assert events.verify().clean


@database
def test_without_the_lock_both_say_yes_and_only_the_chain_keeps_them_apart(world):
    """The twin: each reads the run before the other writes."""
    run = checked(world, "1", "2")
    read = [ImportRun.objects.get(pk=run.pk) for _ in range(2)]
    with mock.patch.object(actions, "locked", lambda _id, *, actor: read.pop()):
        outcomes = yeses(world, run)
    codes = sorted(o.code if isinstance(o, Conflict) else "done" for o in outcomes)
    assert codes == ["done", "event.stale"], outcomes


@database
def test_two_sheets_filled_at_once_make_one_case_of_one_number(world, at_ten):
    runs = [checked(world, "1", "2", "3"), checked(world, "3", "4")]
    for run in runs:
        actions.confirm(run.pk, actor=world.actor("方晓"))
    race(lambda: claims.drain("one"), lambda: claims.drain("two"))
    for _again in range(4):  # a batch that met the other's number waits a little and looks again
        at_ten.shift(60)
        claims.drain()
    assert sorted(Case.objects.values_list("origin", flat=True)) == [f"12345:{n}" for n in "1234"]
    for run in runs:
        run.refresh_from_db()
        assert run.state == "done"
    assert sorted(run.filled for run in runs) in ([1, 3], [2, 2])
    assert not Job.objects.filter(state=Job.DEAD).exists() and events.verify().clean


@database
def test_without_the_index_and_the_second_look_one_number_becomes_two_cases(world):
    """The twin: what keeps them apart is the look inside the batch and the unique index under it."""
    runs = [checked(world, "1"), checked(world, "1")]
    from gezhi.foundation.sheets import targets

    target = targets.TARGETS["cases"]
    blind = type(target)(**{**target.__dict__, "known": lambda _keys: {}})
    with connection.schema_editor() as editor:
        (once,) = [c for c in Case._meta.constraints if c.name == "case_origin_once"]
        editor.remove_constraint(Case, once)
    try:
        with mock.patch.dict(targets.TARGETS, {"cases": blind}):
            for run in runs:
                actions.confirm(run.pk, actor=world.actor("方晓"))
            claims.drain()
        assert list(Case.objects.values_list("origin", flat=True)) == ["12345:1", "12345:1"]
    finally:
        Case.objects.update(origin=None)
        with connection.schema_editor() as editor:
            editor.add_constraint(Case, once)


# --- killed -------------------------------------------------------------------------------------
@pytest.mark.slow
def test_killed_at_and_inside_batches_it_goes_on_from_where_it_was(tmp_path):
    env = environment(tmp_path)
    subprocess.run([sys.executable, "-m", "tests.crash.running"], env=env, check=True)
    prepared = child(env, "prepare")
    assert prepared["rows"] == {"good": ROWS}
    seen = []
    for where in ("inside:1", "after:1", "inside:1", "after:1", "never"):
        report = child(env, where)
        # Every row is a whole case or still waits: what died inside a batch left nothing of it.
        assert report["cases"] == report["rows"].get("filled", 0) == report["items"] == report["opened"]
        assert report["cases"] % BATCH == 0
        seen.append(report["cases"])
    assert seen == [0, BATCH, BATCH, 2 * BATCH, ROWS]
    assert report["state"] == "done" and report["origins"] == ROWS and report["findings"] == 0


def child(env: dict[str, str], where: str) -> dict:
    """A process that works until it is killed there; then another says what is in the database."""
    done = subprocess.run([sys.executable, "-m", "tests.crash.importing", where], env=env)
    killed = where.partition(":")[0] in ("inside", "after")
    assert done.returncode == (-signal.SIGKILL if killed else 0)
    said = subprocess.run([sys.executable, "-m", "tests.crash.importing", "report"], env=env, stdout=subprocess.PIPE)
    return json.loads(said.stdout)
