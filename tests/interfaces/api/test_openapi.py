"""The document tells the truth: every reference resolves, and answers have the shapes it promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from gezhi.interfaces.api import schemas

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(world) -> dict[str, Any]:
    answer = world.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_every_reference_resolves(document):
    found = set(references(document))
    assert len(found) > 10
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_the_contract_is_there(document):
    operations = {
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert {
        ("POST", "/api/v1/requests"),
        ("GET", "/api/v1/requests/{code}"),
        ("POST", "/api/v1/requests/{code}/rating"),
        ("POST", "/api/v1/requests/{code}/reopen"),
        ("POST", "/api/v1/session"),
        ("GET", "/api/v1/cases"),
        ("GET", "/api/v1/cases/{case_id}"),
        ("POST", "/api/v1/cases/{case_id}/actions/{action}"),
        ("POST", "/api/v1/cases/{case_id}/protect"),
        ("POST", "/api/v1/cases/{case_id}/restore"),
    } <= operations
    create = document["paths"]["/api/v1/requests"]["post"]
    assert set(create["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert {"201", "200", "409", "413", "422", "429"} <= set(create["responses"])
    assert create["parameters"][0]["name"] == "Idempotency-Key"


def test_every_error_has_the_one_shape(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
                    assert schema in ("ErrorOut", "StaleOut"), (path, method, status)


def test_protected_operations_say_so(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            public = "public" in operation["tags"] or (method, path) == ("post", "/api/v1/session")
            assert bool(operation.get("security")) is not public, (method, path)


def strict(model: type, answer: Any) -> None:
    """The answer has exactly the documented names, all the way down."""
    body = answer.json()
    parsed = TypeAdapter(model).validate_python(body, strict=False)
    assert parsed.model_dump(mode="json") == body


def test_answers_have_the_documented_shapes(world):
    made = world.post("/requests", {"text": "路灯不亮", "place": "990101100001", "contact_name": "秦一"})
    strict(schemas.RequestMade, made)
    id, code = made.json()["id"], made.json()["code"]
    strict(schemas.RequestOut, world.get(f"/requests/{code}"))
    strict(schemas.CasePage, world.get("/cases", by="street"))
    strict(schemas.CaseOut, world.get(f"/cases/{id}", by="secretary"))
    after = world.act("secretary", id, "dispatch", {"sort": "big", "unit": world.seat["department"]})
    strict(schemas.CaseOut, after)
    stale = world.post(f"/cases/{id}/actions/dispatch", {"item": 1, "expected_seq": 1}, by="secretary")
    assert stale.status_code == 409
    strict(schemas.StaleOut, stale)
    strict(schemas.SessionOut, world.post("/session", {"username": "street", "password": "gezhi-demo"}))
    strict(schemas.PlaceList, world.get("/places"))
    strict(schemas.CategoryList, world.get("/categories?q=路灯"))
    strict(schemas.DemoStaffList, world.get("/demo/staff", by="admin"))
    strict(schemas.ClockOut, world.get("/demo/clock", by="admin"))
    strict(schemas.ErrorOut, world.get("/requests/NOPE"))
