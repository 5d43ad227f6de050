"""How well near-duplicates are found in real messages: `python tools/near_messages.py stream.csv`. Nothing is kept.

The file (id, user, topic, time, text) is data at hand, never committed. Each message is compared, as a new case would be,
with the newest of its district; two well-known events of the file, told by their names, say how many are found.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path

EVENTS = {"mixing plant": ("丽发新城", "搅拌"), "parking places": ("滨河苑", "车位")}
SCAN, DAYS = 150, 30


def main(path: str, shown: int) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gezhi.interfaces.site.settings")
    import django

    django.setup()
    from gezhi.foundation.text import near

    rows = sorted(_rows(path), key=lambda row: row[0])
    sketches: list[bytes] = []
    by_place: dict[str, list[int]] = defaultdict(list)
    tops: list[tuple[float, int, int]] = []
    hits: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for here, (at, place, _user, topic, text) in enumerate(rows):
        own = near.sketch(f"{topic}。{text}")
        among = [i for i in by_place[place][-SCAN:] if rows[i][0] >= at - timedelta(days=DAYS)]
        like = near.likenesses(own, [sketches[i] for i in among])
        ranked = sorted(zip(like, among, strict=True), reverse=True)[:5]
        tops += [(score, here, i) for score, i in ranked[:1]]
        for event, words in EVENTS.items():
            mates = {i for i in among if all(w in rows[i][3] + rows[i][4] for w in words)}
            if mates and all(w in topic + text for w in words):
                for least in (10, 12, 16, 20, 25):
                    cell = hits[event, least]
                    cell[0] += 1
                    cell[1] += any(i in mates and score >= least / 100 for score, i in ranked)
        sketches.append(own)
        by_place[place].append(here)
    for (event, least), (asked, found) in sorted(hits.items()):
        print(f"{event}: at {least} {found} of {asked} later reports were led to an earlier one")
    for least in (10, 12, 16, 20, 25):
        print(
            f"at {least}: {sum(score >= least / 100 for score, _i, _j in tops)} of {len(rows)} messages get a suggestion"
        )
    for score, i, j in sorted(tops, reverse=True)[:: max(1, len(tops) // shown)] if shown else ():
        print(f"{score:.2f} {'same writer' if rows[i][2] == rows[j][2] else ''} | {rows[j][3]} || {rows[i][3]}")
    return 0


def _rows(path: str) -> list[tuple[datetime, str, str, str, str]]:
    found = []
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            place = re.search(r"[A-Z]\d+", row["topic"] + row["text"])
            at = datetime.strptime(row["time"].replace("-", "/") + "+0800", "%Y/%m/%d %H:%M:%S%z")
            found.append((at, place.group() if place else "", row["user"], row["topic"], row["text"]))
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
