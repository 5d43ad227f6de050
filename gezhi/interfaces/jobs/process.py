"""What a process of the house owes the others: to die with its parent, to hold its name alone."""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import signal
import socket
import sys
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from gezhi.foundation.errors import Refusal, register

HOME_IN_USE = register(
    "run.home_in_use",
    409,
    _("这个数据目录已经有一个格治在运行。"),
    _("{home} 由进程 {pid} 占用；两个一起跑会互相抢活。"),
    _("请先停下那一个，或用 GEZHI_HOME 换一个目录。"),
)
_PR_SET_PDEATHSIG = 1

# Locks held until this process ends; the kernel lets them go, however it ends.
_held: list[int] = []


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies, so that no orphan goes on serving (Linux)."""
    parent = os.environ.get("GEZHI_DIE_WITH_PARENT")
    if sys.platform == "linux" and parent:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died while this process was starting: the kernel will not tell any more
            os.kill(os.getpid(), signal.SIGKILL)


def keep_what_is_loaded() -> None:
    """What was loaded stays for the life of the process: it need not be looked through for cycles again with every request
    or job. A sheet of 50,000 rows costs a seventh less."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 20, 20)


def _run_dir() -> Path:
    directory = settings.GEZHI_HOME / "run"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def hold_home() -> None:
    """Be the only supervisor of this home. Raises Refusal `run.home_in_use`."""
    path = _run_dir() / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(descriptor, 20).decode(errors="replace").strip()
        os.close(descriptor)
        raise Refusal(HOME_IN_USE, home=settings.GEZHI_HOME, pid=pid or "?") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    _held.append(descriptor)


def slot_name(slot: int) -> str:
    """The worker name of a slot of this home on this machine."""
    return f"{socket.gethostname()[:40]}/{slot}"


def hold_slot(slot: int, *, slow: bool = False) -> None:
    """Wait until nobody else on this machine holds the slot, then hold it until this process ends."""
    descriptor = os.open(
        _run_dir() / f"worker-{slot}{'-slow' if slow else ''}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
    )
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    _held.append(descriptor)
