"""Documents through the API: listed with the case, taken as a file, not there for others."""

from __future__ import annotations

import io

import docx
import pytest

from gezhi.foundation import people
from gezhi.interfaces.api import schemas
from tests.interfaces.api.test_openapi import strict

pytestmark = pytest.mark.django_db


@pytest.fixture
def issued(world):
    from gezhi.flows.papers import doors

    id = world.post("/requests", {"text": "路灯不亮", "place": "990101100001"}).json()["id"]
    by = people.actor_for(world.person["street"])
    row, _ = doors.draft(int(id), "supervision", actor=by)
    return id, doors.issue(row.pk, actor=by, expected_seq=row.event_seq)


def test_a_cases_documents_are_listed_and_taken_as_word(world, issued):
    id, row = issued
    answer = world.get(f"/cases/{id}/documents", by="street")
    strict(schemas.PaperList, answer)
    (item,) = answer.json()["items"]
    assert (item["number"], item["state"], item["kind"]) == (row.number, "issued", "supervision")
    file = world.get(item["url"].removeprefix("/api/v1"), by="street")
    assert file.status_code == 200 and file.headers["Cache-Control"] == "no-store"
    text = "".join(p.text for p in docx.Document(io.BytesIO(file.content)).paragraphs)
    assert row.number in text


def test_who_does_not_see_the_case_finds_no_document(world, issued):
    id, row = issued
    for address in (f"/cases/{id}/documents", f"/documents/{row.pk}"):
        assert world.get(address, by="neighbour").status_code == 404
        assert world.get(address).status_code == 401
    for strange in ("/documents/0", "/documents/x", f"/documents/{10**30}", "/documents/99999"):
        assert world.get(strange, by="street").status_code == 404
    assert world.get(f"/documents/{row.pk}?form=exe", by="street").status_code == 422
