"""Loaded before anything else (`-p tests.environment`): a home of our own, and the database to test on.

`GEZHI_TEST_DB=postgres` starts a PostgreSQL cluster for this session. Settings read the environment
when they are imported, so this cannot wait for a fixture.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from tests.postgres import Cluster

POSTGRES = os.environ.get("GEZHI_TEST_DB") == "postgres"
_worker = os.environ.get("PYTEST_XDIST_WORKER")


def _begin() -> None:
    if _worker is not None:
        root = Path(os.environ["GEZHI_TEST_ROOT"]) / _worker
        root.mkdir()
    else:
        root = Path(tempfile.mkdtemp(prefix="gezhi-test-"))
        atexit.register(shutil.rmtree, root, ignore_errors=True)
        os.environ["GEZHI_TEST_ROOT"] = str(root)
        if POSTGRES:
            cluster = Cluster.start()
            atexit.register(cluster.stop)
            os.environ["GEZHI_DATABASE_URL"] = cluster.url("gezhi")
        else:
            os.environ.pop("GEZHI_DATABASE_URL", None)
    os.environ["GEZHI_HOME"] = str(root / "home")
    os.environ["GEZHI_KEYS"] = str(root / "keys")
    for name in ("GEZHI_ENV", "GEZHI_ROOTS", "GEZHI_ZONES", "GEZHI_PACKS"):
        os.environ.pop(name, None)


_begin()
