"""How long `events.verify()` takes, beside a plain pass over the same rows in the same run.

Fills an empty home with streams of eight events, a current-state row and one private text each, seals them,
verifies, and reads the rows once more with nothing but json and sha256 in one process. The requirement
is a million events within a minute; a smaller run must keep the same pace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from time import perf_counter

from bench.homes import Home
from bench.lines import Line

BATCH = 250  # streams at a time
LENGTH = 8
EVENTS, SMALL_EVENTS = 1_000_000, 40_000
SECONDS_PER_MILLION = 60.0


def run(home: Home) -> Iterator[Line]:
    count = SMALL_EVENTS if home.small else EVENTS
    # A process and a home of its own: the log of another benchmark would be verified with it.
    before = dict(os.environ)
    home.empty("verify")
    try:
        done = subprocess.run([sys.executable, "-m", "bench.verify", str(count)], stdout=subprocess.PIPE, text=True)
    finally:
        os.environ.clear()
        os.environ.update(before)
    if done.returncode:
        raise RuntimeError(f"verify found something in an untouched log:\n{done.stdout[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    bound = SECONDS_PER_MILLION * count / 1_000_000
    yield Line(
        home.db, f"verify of {count:,} events", found["verify"], "s", found["plain"], found["verify"] / found["plain"],
        bound=f"<= {bound:g} s", ok=found["verify"] <= bound,
    )  # fmt: skip


def main(count: int) -> int:
    """Fill, verify, read plainly; the last line printed is JSON with the seconds of both."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from gezhi.foundation.events import folding, verify
    from tests.foundation.events.cast import FIELDS, Box

    call_command("migrate", verbosity=0)  # every room's tables: whoever sealed something is asked about it
    with connection.schema_editor() as editor:
        editor.create_model(Box)
    folding.STATES.clear()
    folding.register_state("box", Box, FIELDS)
    fill(count, LENGTH)
    report = verify()
    for item in report.findings[:10]:
        print(item)
    print(json.dumps({"verify": report.seconds, "plain": plain_pass(), "events": report.events}))
    return 0 if report.clean and report.events == count else 1


def fill(count: int, length: int) -> None:
    """Write `count` events in streams of `length`, interleaved as a year of cases would be, and seal them."""
    from gezhi.foundation import db
    from gezhi.foundation.events import Draft, record_many, seal_now
    from gezhi.foundation.events.private import keep_many
    from tests.foundation.events.cast import CLERK, Box

    made, streams = 0, 0
    while made < count:
        ids = range(streams + 1, streams + 1 + BATCH)
        streams += BATCH
        with db.write():
            refs = keep_many((f"box:{n}", "note", f"三号楼二单元楼道灯不亮，已经第 {n} 次") for n in ids)
            drafts = []
            for step in range(length):
                for n in ids:
                    drafts.append(_draft(Draft, n, step, refs))
            drafts = drafts[: count - made]
            made += len(drafts)
            heads = dict(zip((draft.stream for draft in drafts), record_many(drafts, actor=CLERK), strict=True))
            state: dict[str, dict] = {}
            for draft in drafts:
                state.setdefault(draft.stream, {}).update(draft.patch)
            Box.objects.bulk_create(
                Box(
                    pk=int(stream[4:]),
                    name=state[stream]["name"],
                    weight=state[stream].get("weight"),
                    marks=state[stream].get("marks", {}),
                    note_ref=state[stream]["note"].id,
                    event_seq=head.seq,
                    event_hash=head.hash,
                )
                for stream, head in heads.items()
            )
    while seal_now():
        pass


def _draft(draft, n: int, step: int, refs):
    stream = f"box:{n}"
    if step == 0:
        return draft(
            stream, "box.made", {"name": f"事项 {n}", "note": refs[stream, "note"], "marks": {"stage": "登记"}}
        )
    values = {"name": f"事项 {n} 第 {step} 步", "weight": f"{step}.50", "marks": {"stage": "办理", "owner": n % 97}}
    return draft(stream, "box.changed", values)


def plain_pass() -> float:
    """Seconds for one process to read the rows in order of id, parse each patch and hash it once."""
    from django.db import connection

    started = perf_counter()
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT stream, seq, kind, at, patch, prev, hash FROM events_event ORDER BY id")
        while rows := cursor.fetchmany(2_000):
            for *_, patch, prev, _hash in rows:
                json.loads(patch)
                sha256(patch.encode() + bytes(prev)).digest()
    return perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
