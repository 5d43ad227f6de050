"""One process of the crowd: `python -m tests.crash.crowd NAME THREADS CASES` prints a JSON report.

Each thread raises CASES matters and settles each of them, through the engine's own doors.
"""

from __future__ import annotations

import json
import sys
import threading

import django


def work(name: str, threads: int, cases: int) -> list[dict]:
    from django.db import connection

    from gezhi.engines.workflows import actions
    from gezhi.foundation import people, places
    from gezhi.foundation.db import revisions
    from gezhi.foundation.people.models import Person

    place = places.directory().of_kind("grid1")[0]
    secretary = Person.objects.get(username="secretary").pk
    report: list[dict] = []
    print("ready", flush=True)
    sys.stdin.readline()  # all begin together

    def one(number: int) -> None:
        made, failed = [], []
        for n in range(cases):
            try:
                with revisions.scope():
                    case, _new = actions.open_case(
                        "request",
                        {"text": f"{name}-{number}-{n}- 路灯不亮"},
                        actor=people.resident(),
                        place_id=place,
                        channel="api",
                        key=f"{name}-{number}-{n}",
                    )
                    actions.fire(
                        case.id,
                        "settle",
                        item=1,
                        expected_seq=1,
                        actor=people.actor_for(secretary),
                        data={"result": "换了灯泡"},
                    )
            except Exception as fault:  # whatever it is, it is told, and the test fails by it
                failed.append(f"{type(fault).__name__}: {fault}")
            else:
                made.append(case.id)
        connection.close()
        report.append({"made": made, "failed": failed})

    workers = [threading.Thread(target=one, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return report


if __name__ == "__main__":
    django.setup()
    print(json.dumps(work(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
