"""What leaves is written down before it leaves: who, in which seat, what, how many, narrowed by what."""

from __future__ import annotations

import json

import pytest

from gezhi.foundation import db, events, exports, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import count_queries
from gezhi.foundation.exports.models import Export
from tests.foundation.people.county import County


@pytest.fixture
def county(db):
    made = County()
    made.seat("street_officer", "east", "周敏")
    return made


def test_an_export_is_logged_with_seat_rows_and_filter_and_verify_agrees(county):
    made = exports.log(
        "cases.ledger", actor=county.actor("周敏"), form="xlsx", rows=38, filter={"词": "王桂兰", "状态": "在办"}
    )
    (seen,) = exports.recent()
    assert (seen.id, seen.who, seen.seat, seen.form, seen.rows) == (made.id, "周○", "东街街道综治中心值守", "xlsx", 38)
    assert seen.what == "案件台账" and seen.filter == {"词": "王桂兰", "状态": "在办"}
    assert list(events.verify().findings) == []
    Export.objects.filter(pk=made.id).update(rows=3)
    assert [f.code for f in events.verify().findings] == ["state.altered"]


def test_what_was_searched_for_is_no_plain_text_in_the_log(county):
    made = exports.log("cases.ledger", actor=county.actor("周敏"), form="print", rows=1, filter={"词": "王桂兰"})
    (event,) = events.history(f"export:{made.id}")
    assert "王桂兰" not in json.dumps(event.patch, ensure_ascii=False)
    events.erase(f"export:{made.id}", None, actor=people.system("test"), ground="个人信息保护法第四十七条")
    assert exports.recent()[0].filter is None


def test_the_watermark_names_who_where_when_and_which_export(county):
    made = exports.log("cases.ledger", actor=county.actor("周敏"), form="xlsx", rows=2)
    said = exports.mark(made)
    assert "周○" in said and "东街街道综治中心值守" in said
    assert f"{clock.local(made.at):%Y-%m-%d %H:%M}" in said and str(made.id) in said


def test_a_kind_without_a_title_is_a_programming_error(county):
    with pytest.raises(KeyError):
        exports.log("secrets", actor=county.actor("周敏"), form="xlsx", rows=1)
    assert not Export.objects.exists()


def test_the_log_joins_the_write_of_its_caller(county):
    with pytest.raises(RuntimeError), db.write():
        exports.log("cases.ledger", actor=county.actor("周敏"), form="xlsx", rows=1)
        raise RuntimeError("the bytes could not be made")
    assert not Export.objects.exists()


def test_reading_the_log_costs_the_same_for_one_and_for_many(county):
    def queries():
        with count_queries() as q:
            exports.recent()
        return q.total

    exports.log("cases.ledger", actor=county.actor("周敏"), form="xlsx", rows=1, filter={"词": "井盖"})
    first = queries()
    for number in range(9):
        exports.log("cases.ledger", actor=county.actor("周敏"), form="xlsx", rows=number, filter={"词": "井盖"})
    assert queries() == first <= 5
