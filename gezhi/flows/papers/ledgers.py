"""A case list as a ledger for signature: the rows the list shows, logged as an export, watermarked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gezhi.engines.publishing import issuers
from gezhi.engines.publishing.ledgers import Column, Ledger, workbook
from gezhi.engines.publishing.rules import said
from gezhi.engines.workflows import queries
from gezhi.engines.workflows.queries import Filters
from gezhi.flows.papers import facts
from gezhi.foundation import exports, packs
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import Actor

MOST = 1000
COLUMNS = (
    Column("案号", 12, whole=True), Column("事项", 40), Column("类别", 14), Column("地点", 24), Column("反映时间", 17, moment=True),
    Column("现在这一步", 12), Column("负责席位", 20), Column("办结时限", 17, moment=True), Column("状态", 8, whole=True),
)  # fmt: skip
STATES = {
    "waiting": "待办", "running": "在期内", "soon": "快到期", "overdue": "超期", "done": "已结案", "parked": "挂账",
}  # fmt: skip


def of_cases(actor: Actor, filters: Filters, *, form: str, said_as: Mapping[str, Any]) -> tuple[Ledger, bytes]:
    """The ledger and, for form "xlsx", the workbook. `said_as`: the filter in words, for the log and the paper's head.

    At most 1,000 cases; the ledger says so when there are more.
    """
    with facts.in_chinese():
        found = queries.page(actor, filters, size=MOST)
        rows = [_row(row) for row in found.rows]
        export = exports.log("cases.ledger", actor=actor, form=form, rows=len(rows), filter=said_as)
        ledger = Ledger(
            title="案件台账",
            org=_org(actor),
            said="，".join(f"{name}：{value}" for name, value in said_as.items() if value) or "全部案件",
            mark=exports.mark(export),
            at=clock.local(clock.now()).replace(tzinfo=None, microsecond=0),
            columns=COLUMNS,
            rows=rows,
            more=f"只列出前 {MOST} 件，其余请缩小范围再打。" if found.next else "",
        )
    return ledger, workbook(ledger) if form == "xlsx" else b""


def _row(row: queries.Row) -> list[str]:
    case = row.case
    category = packs.registry().categories.get(case.category) if case.category else None
    return [
        case.number,
        facts.masked(row.title),
        category.label if category is not None else "",
        row.place_label,
        said("time", case.opened_at),
        row.stage_title,
        row.seat_label,
        said("time", case.due_at),
        STATES.get(row.clock, row.clock),
    ]


def _org(actor: Actor) -> str:
    seat = actor.seat or next(iter(actor.seats), None)
    known = issuers.of_seat(seat).facts if seat is not None else {}
    return known.get("issuer.unit") or f"{known.get('issuer.county', '')}{known.get('issuer.place', '')}"
