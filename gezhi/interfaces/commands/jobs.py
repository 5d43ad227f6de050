"""Look at background work: what is waiting, what was given up; try a given-up job again."""

from __future__ import annotations

import argparse

from django.db.models import Count

from gezhi.foundation.jobs import claims, heartbeat_age
from gezhi.foundation.jobs.models import Job


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="counts by name and state, and every dead letter")
    actions.add_parser("retry", help="give a dead letter all its attempts again").add_argument("id", type=int)


def run(args: argparse.Namespace) -> int:
    if args.action == "retry":
        done = claims.retry(args.id)
        print(f"job {args.id} will run again" if done else f"job {args.id} is not a dead letter")
        return 0 if done else 1
    age = heartbeat_age()
    print("no worker was ever heard of" if age is None else f"last heartbeat {age:.1f} s ago")
    for row in Job.objects.values("name", "state").annotate(count=Count("id")).order_by("name", "state"):
        print(f"{row['count']:8}  {row['state']:5}  {row['name']}")
    for job in claims.dead_letters():
        print(f"dead {job.id}: {job.name} {job.key}, {job.attempts} attempts, {job.last_error}")
    return 0
