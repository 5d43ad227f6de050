"""A sheet of 50,000 rows from another hotline: read and checked, then filled as cases, by the jobs a worker does.

Taken are the seconds of the jobs themselves, one after another, beside a plain pass of the same reader over the same file
(what any import costs at least). The requirement is 60 seconds for both steps together; a smaller run must keep the pace.
Progress counts as shown when no two steps of it lie further apart than ten seconds.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from time import perf_counter, process_time

from bench.homes import Home
from bench.lines import Line

ROWS, SMALL_ROWS = 50_000, 4_000
SECONDS, STEP = 60.0, 10.0


def run(home: Home) -> Iterator[Line]:
    from gezhi.foundation import people, places
    from gezhi.foundation.db import revisions
    from gezhi.foundation.jobs import claims, registry
    from gezhi.foundation.people.models import Person
    from gezhi.foundation.sheets import actions, reading
    from gezhi.foundation.sheets.models import ImportRun

    registry.discover()
    # Only the import's own work: what it sets going (the search index) is measured with creating.
    registry.HANDLERS = claims.HANDLERS = {k: v for k, v in registry.HANDLERS.items() if k.startswith("sheets.")}
    count = SMALL_ROWS if home.small else ROWS
    directory = places.directory()
    names = [places.short_name(directory.place(p).name) for p in directory.of_kind("village")]
    data = workbook(count, names)
    begun = perf_counter()
    assert sum(1 for _row in reading.rows(data)) == count + 1
    plain = perf_counter() - begun
    actor = people.actor_for(Person.objects.get(username="county").id)
    taken = actions.upload(io.BytesIO(data), name="bench.xlsx", sender="12345", actor=actor)
    steps = Steps()
    with revisions.scope():
        cpu = process_time()
        checking = steps.drain(claims)
        cpus = [process_time() - cpu]
        taken.refresh_from_db()
        assert (taken.state, taken.good) == ("checked", count), (taken.state, taken.good, taken.bad, taken.fault)
        actions.confirm(taken.pk, actor=actor)
        cpu = process_time()
        filling = steps.drain(claims)
        cpus.append(process_time() - cpu)
    done = ImportRun.objects.get(pk=taken.pk)
    assert (done.state, done.filled) == ("done", count)
    bound = SECONDS * count / ROWS
    whole = checking + filling
    yield Line(
        home.db, f"sheet of {count:,} rows, checked and filled", whole, "s", plain, whole / plain,
        sum(cpus) * 1000, bound=f"<= {bound:g} s", ok=whole <= bound,
    )  # fmt: skip
    yield Line(home.db, f"sheet of {count:,} rows: the check", checking, "s", plain, checking / plain, cpus[0] * 1000)
    yield Line(home.db, f"sheet of {count:,} rows: the cases", filling, "s", cpu_ms=cpus[1] * 1000)
    yield Line(home.db, "longest batch of cases", steps.longest, "s", bound=f"<= {STEP:g} s", ok=steps.longest <= STEP)


class Steps:
    """Jobs done one at a time; the longest of those that fill."""

    longest = 0.0

    def drain(self, claims) -> float:
        begun = perf_counter()
        while True:
            before = perf_counter()
            jobs = claims.claim("bench", limit=1)
            if not jobs:
                return perf_counter() - begun
            assert claims.perform(jobs[0]), jobs
            if jobs[0].name == "sheets.fill":
                self.longest = max(self.longest, perf_counter() - before)


def workbook(count: int, names: list[str]) -> bytes:
    """A sheet as a hotline sends it: twelve columns, mixed dates, places in words."""
    import openpyxl

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("转办")
    sheet.append(
        ["工单编号", "工单标题", "诉求内容", "事发地址", "问题分类", "诉求类型", "紧急程度", "诉求人姓名", "联系电话", "受理时间", "办理时限", "备注"]
    )  # fmt: skip
    kinds = ["停水", "噪音", "物业管理", "违章建筑", "供暖", "不认识的类"]
    for n in range(count):
        day = 1 + n % 28
        sheet.append(
            [
                f"2026{n:09d}", f"第 {n} 件", f"{names[n % len(names)]}的居民反映，第 {n} 号门前的灯不亮已经三天，晚上出门看不见路，请尽快来修。",
                f"{names[n % len(names)]} {n % 40} 号楼", kinds[n % len(kinds)], "求助", "一般", "王秀兰", f"138{n:08d}",
                f"2026.{1 + n % 9}.{day}", f"2027年{1 + n % 12}月{day}日", None,
            ]
        )  # fmt: skip
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
