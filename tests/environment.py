"""Loaded before anything else (`-p tests.environment`): a home of our own, and the database to test on.

`GEZHI_TEST_DB=postgres` starts a PostgreSQL cluster for this process. Settings read the environment
when they are imported, so this cannot wait for a fixture.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests.postgres import Cluster

POSTGRES = os.environ.get("GEZHI_TEST_DB") == "postgres"
_worker = os.environ.get("PYTEST_XDIST_WORKER")
# The controller of a run that is spread over processes (-n 2) runs no test itself.
_spread = re.search(r"(?:^| )(?:-n ?|--numprocesses[ =])(?!0\b)\w", " ".join(sys.argv[1:]))
_controls = _worker is None and _spread is not None
_clusters: list[Cluster] = []


def _begin() -> None:
    if _worker is not None:
        root = Path(os.environ["GEZHI_TEST_ROOT"]) / _worker
        root.mkdir()
    else:
        root = Path(tempfile.mkdtemp(prefix="gezhi-test-"))
        atexit.register(shutil.rmtree, root, ignore_errors=True)
        os.environ["GEZHI_TEST_ROOT"] = str(root)
    if not POSTGRES:
        os.environ.pop("GEZHI_DATABASE_URL", None)
    elif _controls:
        os.environ["GEZHI_DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    else:
        # One cluster for each process: the sealer waits for transactions of the whole cluster, and another
        # process may hold one open for as long as a module runs.
        _clusters.append(Cluster.start())
        os.environ["GEZHI_DATABASE_URL"] = _clusters[0].url("gezhi")
    os.environ["GEZHI_HOME"] = str(root / "home")
    os.environ["GEZHI_KEYS"] = str(root / "keys")
    for name in ("GEZHI_ENV", "GEZHI_ROOTS", "GEZHI_ZONES", "GEZHI_PACKS"):
        os.environ.pop(name, None)


def some(examples: int) -> int:
    """How many examples hypothesis tries of what touches a database: all on the first pass, a third on PostgreSQL's.

    `GEZHI_EXAMPLES=10` tries ten times as many, for a night's run.
    """
    wanted = examples if not POSTGRES else max(4, examples // 3)
    return max(1, int(wanted * float(os.environ.get("GEZHI_EXAMPLES", "1"))))


def pytest_unconfigure() -> None:
    while _clusters:
        _clusters.pop().stop()


_begin()
