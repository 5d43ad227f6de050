"""A home of its own for one benchmark run: database, keys, the demo county's places and people, no cases.

Everything lies in a temporary directory that is gone afterwards. PostgreSQL is a cluster of its own with
the durability a production server has (fsync, synchronous commit); the tests' cluster has neither.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.postgres import Cluster

DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "wal_level": "replica",
    "autovacuum": "on",
    "checkpoint_timeout": "5min",
    "shared_buffers": "512MB",
    "effective_cache_size": "4GB",
    "max_wal_size": "4GB",
    "maintenance_work_mem": "512MB",
    "random_page_cost": "1.1",  # flash storage
}


@dataclass(frozen=True)
class Home:
    """Where this run lives. `cluster` is None on SQLite."""

    db: str
    directory: Path
    cluster: Cluster | None
    small: bool

    @property
    def sqlite_file(self) -> Path:
        return self.directory / "home" / "gezhi.sqlite3"

    def empty(self, name: str) -> None:
        """Point this process at an empty home (and database) of that name; before Django is set up."""
        os.environ["GEZHI_HOME"] = str(self.directory / name)
        os.environ["GEZHI_KEYS"] = str(self.directory / "keys")
        os.environ["DJANGO_SETTINGS_MODULE"] = "gezhi.interfaces.site.settings"
        os.environ["GEZHI_LOG"] = "ERROR"
        os.environ.pop("GEZHI_DATABASE_URL", None)
        if self.cluster is not None:
            self.cluster.create(name)
            os.environ["GEZHI_DATABASE_URL"] = self.cluster.url(name)


@contextmanager
def home(db: str, *, small: bool) -> Iterator[Home]:
    """A fresh home for `db` ("sqlite" or "postgres"); this process's environment points at it."""
    directory = Path(tempfile.mkdtemp(prefix="gezhi-bench-"))
    cluster = Cluster.start(**DURABLE) if db == "postgres" else None
    try:
        made = Home(db, directory, cluster, small)
        made.empty("home")
        yield made
    finally:
        if cluster is not None:
            cluster.stop()
        shutil.rmtree(directory, ignore_errors=True)


def set_up() -> None:
    """Tables, packs, places, seats and people of the demo county, without any case."""
    import django

    django.setup()
    from gezhi.interfaces.demo import seed
    from gezhi.interfaces.jobs import steps

    steps.migrate()
    steps.install_packs()
    seed.fill(cases=0, weeks=1)
