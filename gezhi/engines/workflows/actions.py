"""The only writers of cases: open one, act on one. Lock, look, decide, write, record, announce.

Both are idempotent by key: the same key and body answer as the first time; the same key with another
body is refused. Both cost a bounded number of queries whatever the case's age (tests/engines/workflows/test_budget.py).
The work is done in opening, firing, stepping (what an action changes), seating (whose a new item is), marking
(branches) and writing (the record); bulk opens many at once.
"""

from __future__ import annotations

from gezhi.engines.workflows.firing import fire
from gezhi.engines.workflows.opening import CHANNELS, MAX_TEXT, Draft, decide, open_case, opening_patch

__all__ = ["CHANNELS", "MAX_TEXT", "Draft", "decide", "fire", "open_case", "opening_patch"]
