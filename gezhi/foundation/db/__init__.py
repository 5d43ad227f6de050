"""The database room: two engines, one way to write, one way to know what changed.

with db.write():            # an atomic block; on SQLite it holds our file lock
    ...
    db.revisions.bump("places")
    db.after_commit(lambda: ...)
"""

from . import revisions
from .counting import Counted, count_queries
from .cursors import Answer, ask, pipelined, prepared, said, tell
from .fetching import asking, fetch, fetch_all, update
from .inserting import fresh, ids_ahead, insert, insert_many, new_ids
from .pacing import Pace, checkpoint
from .writing import after_commit, attempt, write

__all__ = [
    "Answer",
    "Counted",
    "Pace",
    "after_commit",
    "ask",
    "asking",
    "attempt",
    "checkpoint",
    "count_queries",
    "fetch",
    "fetch_all",
    "fresh",
    "ids_ahead",
    "insert",
    "insert_many",
    "new_ids",
    "pipelined",
    "prepared",
    "revisions",
    "said",
    "tell",
    "update",
    "write",
]
