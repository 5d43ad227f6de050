"""Methods: the library with sixty of them, and what one change in the editor costs: read and proved again.

The library's own page is rendered for a dispatcher. A change is looked at as data (the form) and as YAML (typed), on the
longest shipped method and on one of ordinary size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bench.homes import Home
from bench.lines import Line, percentile, timed

PAGE_MS = EDIT_MS = 200.0
METHODS = 60


def run(home: Home) -> Iterator[Line]:
    from gezhi.engines.workflows.methods import reading, source
    from gezhi.foundation import db, packs, people
    from gezhi.foundation.db import revisions

    times = 5 if home.small else 20
    with db.write():
        for n in range(max(0, METHODS - len(packs.registry().names("workflow")))):
            body = {**packs.registry().body("workflow", "dispute"), "name": f"method_{n}"}
            packs.publish("workflow", f"method_{n}", body, actor=people.system("bench"), how={})
    revisions.forget()
    count = len(packs.registry().names("workflow"))
    taken, cpu = timed(_page, times)
    middle = percentile(taken, 0.5)
    yield Line(
        home.db, f"library page, {count} methods", middle, "ms", cpu_ms=cpu, bound=f"<= {PAGE_MS:g} ms",
        ok=middle <= PAGE_MS,
    )  # fmt: skip
    for name in ("dispute", "request"):
        written = source.of_body(packs.registry().body("workflow", name))
        text = source.as_yaml(written)
        lines, steps = text.count("\n"), len(written["stages"])
        typed = _typing(text)
        checks: list[tuple[str, Any, float]] = [
            ("a change in the form", lambda w=written, n=name: reading.check(w, n), EDIT_MS),
            ("a change in YAML", lambda t=typed, n=name: reading.check_text(next(t), n), EDIT_MS),
        ]
        for what, look, bound in checks:
            taken, cpu = timed(look, times)
            middle = percentile(taken, 0.5)
            yield Line(
                home.db, f"{what}, {steps} steps, {lines} lines", middle, "ms", cpu_ms=cpu,
                bound=f"<= {bound:g} ms", ok=middle <= bound,
            )  # fmt: skip


def _typing(text: str) -> Iterator[str]:
    """The text as somebody changes one limit in it, again and again: no two are the same."""
    place = text.index("limit: ") + len("limit: ")
    number = 0
    while True:
        number += 1
        yield text[:place] + str(number) + text[place:]


def _page() -> None:
    """The library as a dispatcher opens it."""
    from django.test import RequestFactory

    from gezhi.foundation import people
    from gezhi.foundation.calendar import clock
    from gezhi.foundation.db import revisions
    from gezhi.interfaces.desk.views.methods import methods

    directory = people.directory()
    seat = next(s for s in directory.seats.values() if s.post == "county_dispatcher")
    request: Any = RequestFactory().get("/desk/methods")
    request.actor = people.actor_for(min(directory.holders(seat.id, clock.now())))
    request.id, request.LANGUAGE_CODE, request.session = "bench", "zh-hans", {}
    with revisions.scope():  # as around every request
        answer = methods(request)
    assert answer.status_code == 200, answer.content
