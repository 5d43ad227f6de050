"""Kill server and worker again and again while residents and staff work; then count.

    python -m tests.crash.kill DIRECTORY [--kills 200] [--database-url URL] [--seed 7]

Fills a small county in DIRECTORY, starts `gezhi run`, and lets three clients raise matters and two of the staff
act on them over HTTP, each call with an idempotency key and tried until it is answered, while the demo clock is
moved on. Meanwhile processes are killed with SIGKILL: those that answer requests, the server, the background
worker, now and then the supervisor. Prints a JSON report; `problems` is empty when everything acknowledged is there
exactly once, every due clock has fired exactly once and `gezhi verify` finds nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from gezhi.interfaces.commands.remote import Remote
from tests.crash.running import Site, environment

CLIENTS = 3
CLOCK_STEP = timedelta(hours=11)
# Per hundred kills: whom they hit.
VICTIMS = {"answering": 55, "worker": 30, "server": 10, "supervisor": 5}


@dataclass
class Heard:
    """What clients were told. `made`: key -> answers, all of which must be equal; `done`: case -> actions."""

    made: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    done: dict[int, list[str]] = field(default_factory=dict)
    first_was_200: int = 0
    clock_steps: int = 0
    retries: int = 0
    wrong: list[str] = field(default_factory=list)


class Crowd:
    """Residents and staff, each in a thread, until `stop`."""

    def __init__(self, site: Site, tokens: Tokens) -> None:
        self.remote = Remote(site.url, patience=120.0, sleep=self._try_again)
        self.tokens = tokens
        self.heard = Heard()
        self.stop = threading.Event()
        self._lock = threading.Lock()
        self.threads = [threading.Thread(target=self._resident, args=(n,)) for n in range(CLIENTS)]
        self.threads.append(threading.Thread(target=self._clock))

    def _try_again(self, seconds: float) -> None:
        with self._lock:
            self.heard.retries += 1
        time.sleep(seconds)

    def _call(self, method: str, path: str, *, by: str = "", key: str = "", **more: Any) -> httpx.Response:
        """Tried until answered, with a new token when the clock has outrun the old one."""
        while True:
            headers = {"Idempotency-Key": key} if key else {}
            if by:
                headers["Authorization"] = f"Bearer {self.tokens.of(by)}"
            answer = self.remote.call(method, path, headers=headers, **more)
            if answer.status_code != 401:
                return answer
            self.tokens.forget(by)

    def _resident(self, number: int) -> None:
        n = 0
        while not self.stop.is_set():
            n += 1
            key = f"kill-{number}-{n}"
            body = {"text": f"第 {number}-{n}- 盏路灯不亮了", "place": self.tokens.place}
            answer = self._call("POST", "/requests", key=key, json=body)
            if answer.status_code not in (200, 201):
                self.heard.wrong.append(f"{key}: {answer.status_code} {answer.text[:200]}")
                continue
            with self._lock:
                self.heard.made.setdefault(key, []).append(answer.json())
                self.heard.first_was_200 += answer.status_code == 200
            case = int(answer.json()["id"])
            if n % 4 == 0:
                again = self._call("POST", "/requests", key=key, json=body)
                self.heard.made[key].append(again.json())
            if n % 3 == 0:
                self._act(case, "settle", {"result": "换了灯泡。"})
            elif n % 3 == 1:
                self._act(case, "dispatch", {"sort": "big", "unit": self.tokens.unit})

    def _act(self, case: int, action: str, data: dict[str, Any]) -> None:
        answer = self._call(
            "POST",
            f"/cases/{case}/actions/{action}",
            by="secretary",
            key=f"{action}-{case}",
            json={"item": 1, "data": data},
        )
        if answer.status_code == 200:
            with self._lock:
                self.heard.done.setdefault(case, []).append(action)
        else:
            self.heard.wrong.append(f"{action} {case}: {answer.status_code} {answer.text[:200]}")

    def _clock(self) -> None:
        while not self.stop.wait(0.3):
            now = self._call("GET", "/demo/clock", by="admin")
            to = datetime.fromisoformat(now.json()["now"]) + CLOCK_STEP
            moved = self._call("POST", "/demo/clock", by="admin", json={"to": to.isoformat()})
            # A repeated call whose first try went through asks for what is past by now.
            self.heard.clock_steps += moved.status_code == 200
            if moved.status_code not in (200, 422):
                self.heard.wrong.append(f"clock: {moved.status_code} {moved.text[:200]}")


class Tokens:
    """Tokens, straight from the database: signing in is not what is tried here."""

    def __init__(self) -> None:
        from gezhi.foundation import people, places
        from gezhi.foundation.people.models import Person

        self._person = dict(Person.objects.exclude(username=None).values_list("username", "id"))
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()
        self.unit = people.actor_for(self._person["city"]).seats[0]
        grid = next(p for p in places.directory().of_kind("grid1"))
        self.place = str(grid)

    def of(self, username: str) -> str:
        from gezhi.foundation import people

        with self._lock:
            if username not in self._known:
                person = people.directory().person(self._person[username])
                self._known[username] = people.issue_token(person).secret
            return self._known[username]

    def forget(self, username: str) -> None:
        with self._lock:
            self._known.pop(username, None)


def kill_one(site: Site, who: str, draw: random.Random) -> bool:
    """Kill one process of that kind; False when there is none at this moment."""
    if who == "supervisor":
        site.kill()
        site.start()
        return True
    pids = site.server_workers() if who == "answering" else [site.pid("server" if who == "server" else "worker-0")]
    pid = draw.choice(pids) if pids else None
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def attack(site: Site, crowd: Crowd, kills: int, draw: random.Random) -> Counter[str]:
    """Kill `kills` times (at least 4) at random moments; how often whom. The crowd is heard between any two kills."""
    killed: Counter[str] = Counter()
    # Every kind is hit even in a short run; the order is chance.
    plan = ["supervisor", "server", "worker", "answering"]
    plan = [*plan, *draw.choices(list(VICTIMS), list(VICTIMS.values()), k=max(0, kills - len(plan)))]
    draw.shuffle(plan)
    for who in plan:
        answered = len(crowd.heard.made)
        site.wait(lambda answered=answered: len(crowd.heard.made) > answered, "answering again", 300)
        time.sleep(draw.uniform(0.05, 0.6))
        site.wait(lambda who=who: kill_one(site, who, draw), f"a {who} to kill", 300)
        killed[who] += 1
    return killed


def surge(site: Site, draw: random.Random) -> int:
    """Many clocks become due at once, and the worker is killed in the midst of them; how often."""
    from gezhi.engines.workflows.models import OPEN, WorkItem
    from gezhi.foundation.calendar import clock

    later = clock.now() + timedelta(days=6)
    if not WorkItem.objects.filter(state=OPEN, next_at__lte=later).exists():
        raise AssertionError("nothing will be due: there is no midst to kill in")
    clock.travel_to(later)
    due = WorkItem.objects.filter(state=OPEN, next_at__lte=clock.now())
    for _ in range(2):
        before = due.count()  # none: the worker was through while this process waited for its turn on a busy machine
        site.wait(lambda before=before: not before or due.count() < before, "firing", 300)
        site.wait(lambda: kill_one(site, "worker", draw), "a worker to kill", 300)
    return 2


def settle(site: Site) -> None:
    """Wait until every due job is done and every due clock has fired."""
    from gezhi.engines.workflows.models import OPEN, WorkItem
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.jobs.models import Job

    def quiet() -> bool:
        now = clock.now()
        return not (
            Job.objects.filter(state=Job.READY, run_at__lte=now).exists()
            or WorkItem.objects.filter(state=OPEN, next_at__lte=now).exists()
        )

    site.wait(site.healthy, "healthy", 300)

    def still_quiet() -> bool:
        """Quiet, and so after what was last sealed has been followed: the flows make jobs a second or two later."""
        if not quiet():
            return False
        time.sleep(4)
        return quiet()

    site.wait(still_quiet, "quiet", 300)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--database-url", default="")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    env = environment(args.directory, args.database_url)
    subprocess.run([sys.executable, "-m", "tests.crash.running"], env=env, check=True)
    os.environ.pop("GEZHI_DATABASE_URL", None)
    os.environ.update(env)
    import django

    django.setup()
    from tests.crash import counting

    began = time.monotonic()
    site = Site(env, args.directory / "log")
    site.start()
    try:
        site.wait(site.healthy, "healthy", 300)
        crowd = Crowd(site, Tokens())
        for thread in crowd.threads:
            thread.start()
        try:
            killed = attack(site, crowd, args.kills - 2, random.Random(args.seed))
            # On a slow machine kills come faster than answers: what is counted below must be more than a handful.
            site.wait(lambda: sum(map(len, list(crowd.heard.done.values()))) > args.kills, "work enough", 300)
        finally:
            crowd.stop.set()
            for thread in crowd.threads:
                thread.join()
            crowd.remote.close()
        killed["worker"] += surge(site, random.Random(args.seed))
        settle(site)
    except BaseException:
        site.kill()
        raise
    code = site.stop()
    problems = [*crowd.heard.wrong, *counting.problems(crowd.heard.made, crowd.heard.done)]
    if code:
        problems.append(f"the supervisor ended with {code}")
    verified = site.run("verify")
    if verified.returncode:
        problems.append(verified.stdout + verified.stderr)
    report = {
        "kills": sum(killed.values()),
        "killed": dict(killed),
        "acknowledged": len(crowd.heard.made),
        "acknowledged_by_a_retry": crowd.heard.first_was_200,
        "retries": crowd.heard.retries,
        "clock_steps": crowd.heard.clock_steps,
        "actions": sum(map(len, crowd.heard.done.values())),
        **counting.figures(),
        "seconds": round(time.monotonic() - began, 1),
        "verify": verified.stdout.strip().splitlines()[-1:],
        "problems": problems[:20],
    }
    print(json.dumps(report, ensure_ascii=False))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
