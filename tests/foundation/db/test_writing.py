"""write(), attempt(), after_commit(), count_queries()."""

from __future__ import annotations

import pytest

from gezhi.foundation import db
from gezhi.foundation.db.models import Revision
from gezhi.foundation.errors import Conflict


def names() -> set[str]:
    return set(Revision.objects.values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
def test_nothing_is_half_written():
    with pytest.raises(Conflict), db.write():
        Revision.objects.create(name="a", value=1)
        with db.write():
            Revision.objects.create(name="b", value=1)
        raise Conflict
    assert names() == set()


@pytest.mark.django_db(transaction=True)
def test_an_attempt_is_undone_alone():
    with db.write():
        Revision.objects.create(name="a", value=1)
        with pytest.raises(Conflict), db.attempt():
            Revision.objects.create(name="b", value=1)
            raise Conflict
        Revision.objects.create(name="c", value=1)
    assert names() == {"a", "c"}


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_commit_is_dropped_with_a_rollback():
    heard = []
    with db.write():
        db.after_commit(lambda: heard.append("kept"))
        assert heard == []
    assert heard == ["kept"]
    with pytest.raises(Conflict), db.write():
        db.after_commit(lambda: heard.append("lost"))
        raise Conflict
    assert heard == ["kept"]


@pytest.mark.django_db(transaction=True)
def test_a_nested_write_costs_no_statement():
    with db.write(), db.count_queries() as q, db.write():
        Revision.objects.create(name="a", value=1)
    assert q.total == 1
    assert q.control == []


@pytest.mark.django_db
def test_a_refused_write_leaves_a_test_usable():
    with pytest.raises(Conflict), db.write():
        Revision.objects.create(name="a", value=1)
        raise Conflict
    assert names() == set()
