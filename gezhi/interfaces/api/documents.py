"""What operations say about themselves in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from gezhi.interfaces.api import round_shapes, schemas

KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "description": "Kept for ever. The same key with the same body is answered as the first time and changes "
    "nothing; with another body 409. Send one whenever a lost connection might make you send again.",
}


def faults(*statuses: int) -> dict[int, Any]:
    """Error responses of an operation: one shape for all."""
    return dict.fromkeys(statuses, schemas.ErrorOut)


def reference(name: str) -> dict[str, str]:
    """A schema of `schemas` by name; `components` puts it into the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def body(name: str, *, kind: str = "application/json", idempotent: bool = False) -> dict[str, Any]:
    """The request body of an operation that reads it itself."""
    return bodies({kind: name}, idempotent=idempotent)


def bodies(by_kind: dict[str, str], *, idempotent: bool = False) -> dict[str, Any]:
    """Like `body`, for several media types."""
    said: dict[str, Any] = {
        "requestBody": {
            "required": True,
            "content": {kind: {"schema": reference(name)} for kind, name in by_kind.items()},
        }
    }
    if idempotent:
        said["parameters"] = [KEY]
    return said


def components() -> dict[str, Any]:
    """Schemas of request bodies, which Ninja does not collect because the operations read bodies themselves."""
    found: dict[str, Any] = {}
    for model in (
        schemas.RequestIn,
        schemas.RequestForm,
        schemas.RatingIn,
        schemas.ReopenIn,
        schemas.SessionIn,
        schemas.ActionIn,
        schemas.ProtectIn,
        schemas.RestoreIn,
        schemas.PhotoForm,
        schemas.ClockIn,
        schemas.DemoSessionIn,
        *round_shapes.BODIES,
    ):
        found[model.__name__] = model.model_json_schema(ref_template="#/components/schemas/{model}")
    return found
