"""Whatever the OpenAPI document allows, and what it does not, is answered in words: never a server error.

schemathesis makes up requests from the document, right ones and wrong ones, and sends them to the WSGI application in
this process. Some name a real matter, document or photo and bear a real token, so that they get past the doorstep.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from gezhi.interfaces.api import limits
from gezhi.interfaces.api.urls import api
from gezhi.interfaces.site.wsgi import application
from tests.environment import some
from tests.foundation.files.pictures import jpeg
from tests.promises.scene_access import operations, undone

EXAMPLES = some(12)
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@functools.cache
def schema() -> Any:
    return schemathesis.openapi.from_dict(api.get_openapi_schema())


def find(door: str) -> Any:
    method, path = door.split(" ", 1)
    return schema()[path][method]


@pytest.fixture
def real(world) -> dict[str, Any]:
    """Things that exist, by the name of the parameter, and tokens."""
    code = world.raise_matter()["code"]
    found = world.get("/cases", by="director").json()["items"][0]
    photo = world.client.post(
        "/api/v1/photos", {"photos": _photo()}, headers={"Authorization": f"Bearer {world.token('grid')}"}
    ).json()
    return {
        "case_id": found["id"], "code": code, "action": "dispatch", "photo_id": str(photo["id"]), "document_id": "1",
        "tokens": [world.token(name) for name in ("secretary", "grid", "director", "admin")],
    }  # fmt: skip


@contextmanager
def one_connection() -> Iterator[None]:
    """A server closes connections between requests; here the test's own transaction runs on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        with undone():
            yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def _photo() -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("a.jpg", jpeg(), content_type="image/jpeg")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize("door", operations())
def test_no_request_is_a_server_error(door, mode, real, caplog):
    operation = find(door)
    operation.app = application
    if mode is GenerationMode.NEGATIVE and not _takes_anything(operation):
        pytest.skip("nothing can be wrong: it takes nothing")

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans(), who=st.integers(-1, 3))
    def knock(case: Any, known: bool, who: int) -> None:
        limits.buckets.clear()
        if known and case.path_parameters:
            case.path_parameters = {name: real.get(name, value) for name, value in case.path_parameters.items()}
        headers = {"Authorization": f"Bearer {real['tokens'][who]}"} if who >= 0 else {}
        with one_connection():
            answer = case.call(headers=headers)
        assert answer.status_code < 500, (case.as_curl_command(), answer.content[:500])
        if answer.status_code >= 400 and answer.content:
            error = answer.json()["error"]
            assert error["code"] and error["what"] and error["why"] and error["next"], error

    try:
        knock()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
        pytest.skip("nothing can be wrong: any text may stand there")


def _takes_anything(operation: Any) -> bool:
    return any(True for _ in operation.iter_parameters()) or bool(operation.body)


def test_a_broken_door_is_found(real, monkeypatch):
    """The check above notices: with a fault in it, the door fails."""
    from gezhi.interfaces.api import public

    monkeypatch.setattr(public.case_views, "public_view", lambda code: 1 // 0)
    with pytest.raises(AssertionError):
        test_no_request_is_a_server_error("GET /api/v1/requests/{code}", GenerationMode.POSITIVE, real, None)
