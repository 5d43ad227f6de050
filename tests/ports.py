"""Ports for servers that a test starts some time after asking.

The kernel hands what `bind(("", 0))` gave back to whoever connects anywhere next, and a house takes half a minute to be
filled before its server listens. These lie below the kernel's own range, begin at another place in every process, and
are given once in a process.
"""

from __future__ import annotations

import os
import socket
from itertools import count

FIRST, LAST = 15_000, 32_000  # Linux connects from 32768 on
_turns = count(os.getpid() * 97)


def free_port() -> int:
    """A port of this machine nobody listens on, not given before in this process."""
    for turn in _turns:
        port = FIRST + turn % (LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("counting ends nowhere")
