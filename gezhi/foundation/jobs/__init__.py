"""Work that happens after the commit: outbox, background work and the scheduler, on one leased table.

jobs.enqueue("text.index", f"case:{case.id}", {"case": case.id})     # inside the transaction

@jobs.handler("text.index")
def index(job):
    with job.complete():          # the effect and the job's completion commit together
        ...

@jobs.every(1, "events.seal")
def seal(): ...
"""

from .queue import enqueue, enqueue_many, heartbeat_age
from .registry import batch_handler, every, handler

__all__ = ["batch_handler", "enqueue", "enqueue_many", "every", "handler", "heartbeat_age"]
