"""One process of the race: `python -m tests.concurrency.writers NAME SECONDS THREADS MODE` prints a JSON report.

Each thread notes a counter, then in one transaction reads it, writes it back plus one and adds a row of
its own, again and again until the time is up. How far the counter moved between the note and the
transaction is how many writers went first.

MODE "door": our engine. "sleep": Django's engine with BEGIN IMMEDIATE, where writers sleep and try
again. "bare": Django's engine as it comes, with deferred transactions.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import django
from django.conf import settings


def race(name: str, seconds: float, threads: int, mode: str) -> list[dict]:
    from django.db import DatabaseError, connection, transaction

    from gezhi.foundation import db
    from gezhi.foundation.db.models import Revision

    write = db.write if mode == "door" else transaction.atomic
    Revision.objects.get(name="counter")
    print("ready", flush=True)
    sys.stdin.readline()  # all begin together
    until = time.monotonic() + seconds
    report: list[dict] = []

    def work(number: int) -> None:
        waits, overtaken, refused = [], [], 0
        while time.monotonic() < until:
            noted = Revision.objects.get(name="counter").value
            begun = time.perf_counter()
            try:
                with write():
                    found = Revision.objects.get(name="counter").value
                    Revision.objects.filter(name="counter").update(value=found + 1)
                    Revision.objects.create(name=f"{name}-{number}-{len(waits)}", value=1)
            except DatabaseError:
                refused += 1
                continue
            waits.append(time.perf_counter() - begun)
            overtaken.append(found - noted)
        connection.close()
        report.append({"done": len(waits), "refused": refused, "waits": waits, "overtaken": overtaken})

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return report


if __name__ == "__main__":
    name, seconds, threads, mode = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if mode != "door":
        settings.DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"
        settings.DATABASES["default"]["OPTIONS"] = {
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL",
            "transaction_mode": "IMMEDIATE" if mode == "sleep" else None,
        }
    django.setup()
    print(json.dumps(race(name, seconds, threads, mode)))
