"""How long `events.verify()` takes, beside a plain pass over the same rows in the same run.

    python bench/verify.py [--events 100000] [--length 8] [--processes N]

Fills a home of its own in the temporary directory with streams of `--length` events, a current-state row and one
private text each, seals them, verifies, and reads the rows once more with nothing but json and sha256
in one process. Printed: events per second, and verify's time as a ratio to the plain pass.
Set GEZHI_DATABASE_URL to an empty database to measure PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from hashlib import sha256
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
BATCH = 250  # streams at a time


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--length", type=int, default=8)
    parser.add_argument("--processes", type=int, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gezhi-bench-") as directory:
        os.environ["GEZHI_HOME"] = str(Path(directory) / "home")
        os.environ["GEZHI_KEYS"] = str(Path(directory) / "keys")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
        os.environ.setdefault("GEZHI_LOG", "ERROR")  # filling writes in large pieces
        return measure(args)


def measure(args: argparse.Namespace) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from gezhi.foundation.events import folding, verify
    from tests.foundation.events.cast import FIELDS, Box

    for app in ("db", "calendar", "events"):
        call_command("migrate", app, verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Box)
    folding.STATES.clear()
    folding.register_state("box", Box, FIELDS)

    started = perf_counter()
    fill(args.events, args.length)
    print(f"filled   {args.events:>9,} events in {perf_counter() - started:7.1f} s")
    report = verify(processes=args.processes)
    for item in report.findings[:10]:
        print(item)
    print(
        f"verify   {report.events:>9,} events in {report.seconds:7.1f} s  {report.events / report.seconds:>9,.0f}/s"
        f"  {report.blocks} blocks, {len(report.findings)} findings"
    )
    plain = plain_pass()
    print(f"plain    {report.events:>9,} events in {plain:7.1f} s  {report.events / plain:>9,.0f}/s")
    print(f"ratio    {report.seconds / plain:.2f}")
    return 0 if report.clean and report.events == args.events else 1


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
    raise SystemExit(main())
