"""GET /healthz: can this process do its work?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

import gezhi
from gezhi.foundation.jobs import heartbeat_age

_migrated = False


def _is_migrated() -> bool:
    # Once true it stays true for this process's code; until then every call looks again.
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


def healthz(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, else 503.

    JSON: `status` "ok" or the reason, `database` vendor, `worker_age` seconds since the worker's last
    heartbeat (null: never), `version`. A silent worker does not make the server unhealthy: what was
    raised is kept and done when it is back; a watcher may alarm on `worker_age`.
    """
    answer: dict[str, object] = {"status": "ok", "database": connection.vendor, "version": gezhi.__version__}
    try:
        if not _is_migrated():
            answer["status"] = "migrations pending"
        else:
            age = heartbeat_age()
            answer["worker_age"] = None if age is None else round(age, 1)
    except DatabaseError:
        answer["status"] = "database unreachable"
    return JsonResponse(answer, status=200 if answer["status"] == "ok" else 503, headers={"Cache-Control": "no-store"})
