"""Numbers: gapless per issuer, mark and year, never twice, whoever presses at once."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.db import IntegrityError, connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from gezhi.engines.publishing import numbering
from gezhi.engines.publishing.models import Document, Series
from gezhi.foundation import db
from gezhi.foundation.calendar import clock


def begin(place: int, mark: str, year: int, *, about: str) -> int:
    """What `draft` does about its number, without a case around it."""
    with db.write():
        serial = numbering.next_serial(place, mark, year)
        Document.objects.create(
            about=about, template="supervision", version=1, body_hash="", issuer_seat=1, issuer_place=place, mark=mark,
            year=year, serial=serial, number=f"{mark}〔{year}〕{serial}号", drafted_by=1, drafted_at=clock.now(),
            content_ref=1, event_hash=b"",
        )  # fmt: skip
    return serial


class Gapless(TestCase):
    @settings(max_examples=15)
    @given(st.lists(st.tuples(st.sampled_from((7, 8)), st.sampled_from("督转"), st.sampled_from((2026, 2027)),
                              st.booleans()), max_size=20))  # fmt: skip
    def test_each_series_counts_from_one_without_a_gap_whatever_fails_between(self, draws):
        counted: Counter = Counter()
        for index, (place, mark, year, fails) in enumerate(draws):
            if fails:
                with pytest.raises(RuntimeError), db.write():
                    begin(place, mark, year, about=f"case:{index}")
                    raise RuntimeError("the case could not be read")
                continue
            counted[place, mark, year] += 1
            assert begin(place, mark, year, about=f"case:{index}") == counted[place, mark, year]
        assert numbering.gaps() == []
        assert Document.objects.count() == sum(counted.values())


def many_at_once(monkeypatch, people: int = 4, each: int = 3):
    """Serials and faults of several who begin documents in the same instant."""
    start = threading.Barrier(people)
    serials: list[int] = []
    faults: list[str] = []

    def work(person: int) -> None:
        try:
            start.wait(timeout=60)
            for number in range(each):
                try:
                    serials.append(begin(7, "督", 2026, about=f"case:{person * 100 + number}"))
                except IntegrityError:
                    faults.append("double")
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(person,)) for person in range(people)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(serials), faults


@pytest.mark.django_db(transaction=True)
def test_twelve_documents_begun_by_four_at_once_are_numbered_one_to_twelve(monkeypatch):
    assert many_at_once(monkeypatch) == (list(range(1, 13)), [])
    assert numbering.gaps() == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_would_be_given_the_same_number(monkeypatch):
    if connection.vendor == "sqlite":
        # One writer at a time whatever we do: the lock is the database's own door.
        monkeypatch.setattr(Series.objects, "select_for_update", Series.objects.all)
        assert many_at_once(monkeypatch) == (list(range(1, 13)), [])
        return
    begin(7, "督", 2026, about="case:1")
    looked = threading.Barrier(2)
    monkeypatch.setattr(Series.objects, "select_for_update", lambda: _Waiting(looked))
    serials, faults = many_at_once(monkeypatch, people=2, each=1)
    # Both read 1 as the last; the unique constraint lets only one of the two documents stand.
    assert (serials, faults) == ([2], ["double"])


class _Waiting:
    """Reads without a lock, and lets the other read as well before anybody writes."""

    def __init__(self, looked: threading.Barrier) -> None:
        self.looked = looked

    def get(self, **wanted):
        found = Series.objects.get(**wanted)
        self.looked.wait(timeout=60)
        return found
