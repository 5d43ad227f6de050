"""Awards that are decided, and what each of them pays, in one write: an award posts once, whatever is run again."""

from __future__ import annotations

from collections.abc import Collection

from gezhi.engines.appraisals import awarding
from gezhi.engines.appraisals.models import Result
from gezhi.engines.appraisals.schema import rubric
from gezhi.engines.ledger import entries
from gezhi.foundation import db, people
from gezhi.foundation.people import Actor

#: Ledgers of money count fen; rubrics say yuan.
FEN = 100


def decide(
    round_id: int, chosen: Collection[int], *, actor: Actor, seen: str, reason: str = "", consents: Collection[int] = ()
) -> int:
    """`awarding.decide`, and one entry in the rubric's ledger for each award. How many were posted. Raises as both do."""
    with db.write():
        row = awarding.decide(round_id, chosen, actor=actor, seen=seen, reason=reason, consents=consents)
        return pay(row.pk)


def pay(round_id: int) -> int:
    """Post what the awards of a decided round pay; what was posted before is not posted again. How many are new."""
    with db.write():
        results = list(
            Result.objects.filter(round_id=round_id, awarded=True).select_related("round").order_by("subject_id")
        )
        if not results:
            return 0
        row = results[0].round
        award = rubric(row.rubric, row.version).award
        if award is None or not award["pay"] or not award["book"]:
            return 0
        book, new = award["book"], 0
        for result in results:
            holders = {book["account"]: f"subject:{result.subject_id}"} if book["account"] else {}
            _transfer, made = entries.enter(
                book["ledger"], book["entry"], result.place_id, award["pay"] * FEN, actor=people.system("awards"),
                key=f"award:{row.pk}:{result.subject_id}", holders=holders, about=f"round:{row.pk}",
            )  # fmt: skip
            new += made
        return new
