"""A PostgreSQL cluster for one test session: own directory, own port, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port

# Nothing here survives the session, so nothing needs to reach the disk, be replicated or be tidied up behind a test.
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "listen_addresses": "127.0.0.1",
}


def _program(name: str) -> str:
    found = shutil.which(name) or _packaged(name)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "postgresql"], check=True)
        found = _packaged(name)
    if not found:
        raise RuntimeError(
            f"{name} is not installed. These tests need PostgreSQL 15 or newer; install it and run again."
        )
    return found


def _packaged(name: str) -> str:
    """Where Debian keeps it: one folder per version, none of them on the path."""
    return str(max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), default=""))


@dataclass(frozen=True)
class Cluster:
    """A running cluster; databases are made by whoever wants one."""

    directory: Path
    port: int

    @classmethod
    def start(cls, **settings: str) -> Cluster:
        """Make and start a cluster; `settings` replace the tests' own (benchmarks want theirs durable).

        As root it runs as the user `postgres`, which PostgreSQL insists on.
        """
        directory = Path(tempfile.mkdtemp(prefix="gezhi-pg-"))
        if os.geteuid() == 0:
            shutil.chown(directory, "postgres", "postgres")
        cluster = cls(directory, free_port())
        cluster._run(
            "initdb", "-D", str(directory / "data"), "-U", "gezhi", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        chosen = "".join(f" -c {name}={value}" for name, value in {**_SETTINGS, **settings}.items())
        options = f"-p {cluster.port} -k {directory}{chosen}"
        cluster._run(
            "pg_ctl",
            "-D",
            str(directory / "data"),
            "-l",
            str(directory / "log"),
            "-w",
            "-t",
            "300",
            "-o",
            options,
            "start",
        )
        return cluster

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self.directory / "data"), "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.directory, ignore_errors=True)

    def create(self, database: str) -> None:
        """An empty database."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "gezhi", database)

    def url(self, database: str) -> str:
        return f"postgresql://gezhi@127.0.0.1:{self.port}/{database}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [_program(program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", text=True)
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{done.stdout}")
