"""A round from its opening to its awards: what is entered by whom, what is sealed, who may object, who answers."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest
import time_machine

from gezhi.engines.appraisals import marking, objecting, previewing, queries, rounds, rules
from gezhi.engines.appraisals.models import Mark, Result
from gezhi.foundation import events, packs, people
from gezhi.foundation.db import count_queries
from gezhi.foundation.errors import Conflict, Invalid, NotAllowed, NotFound
from gezhi.foundation.people import actions
from tests.engines.appraisals.scene import NEW_YEAR, Stars, score
from tests.foundation.people.county import SETUP

JUDGES = {"姜岩": 90, "姜川": "81.5", "卢山": 10}


@pytest.fixture
def stars(db):
    with time_machine.travel("2026-12-01T02:00:00+00:00", tick=False) as traveller:
        made = Stars()
        made.clock = traveller
        yield made


def entered(stars):
    """A round of 2026 whose year is over, 湖滨 good, 南岗 without its gate, 北岭 without anything."""
    row = stars.open_round()
    stars.judge(row, "lake", "look", JUDGES)
    stars.judge(row, "hill", "look", JUDGES)
    stars.claim(row, "lake", "lessons", 100)
    stars.claim(row, "hill", "lessons", 59)
    stars.clock.move_to(NEW_YEAR)
    return row


def test_a_sealed_round_explains_every_score_and_computes_again_to_the_byte(stars):
    row = entered(stars)
    with pytest.raises(NotAllowed):
        rounds.seal(row.pk, actor=stars.actor("卢山"))
    row = rounds.seal(row.pk, actor=stars.actor("姜岩"))
    lake = stars.result(row, "lake")
    # 100 × 0.3 + 60 (too few matters) × 0.4 + 81.5 × 0.3: the highest and the lowest judge are put aside.
    assert (score(lake), lake.band, lake.eligible) == (Decimal("78.45"), "none", True)
    assert sum(Decimal(line["gives"]) for line in lake.lines) == score(lake)
    assert all(line["records"] for line in lake.lines if not line["missing"])
    hill = stars.result(row, "hill")
    assert (hill.lost, hill.eligible, hill.band) == (["basis"], False, "none")
    again = rounds.recomputed(row)
    assert rules.digest(again) == row.digest and again == rounds.text_of(list(Result.objects.filter(round=row)))
    stars.open("封存以后才来的一件")  # nothing that happens now changes it
    assert rounds.recomputed(row) == again
    with pytest.raises(Conflict, match=r"appraisal\.state"):
        rounds.seal(row.pk, actor=stars.actor("姜岩"))
    assert events.verify().findings == []


def test_it_is_not_sealed_before_its_cut_nor_opened_twice_nor_for_a_wrong_period(stars):
    row = stars.open_round()
    with pytest.raises(Conflict, match=r"appraisal\.early"):
        rounds.seal(row.pk, actor=stars.actor("姜岩"))
    with pytest.raises(Conflict, match=r"appraisal\.twice"):
        stars.open_round()
    for period in ("2026-Q4", "2026-11", "20x6", "99999"):
        with pytest.raises(Invalid, match=r"appraisal\.period"):
            stars.open_round(period=period)
    with pytest.raises(NotAllowed):
        stars.open_round("star_ecology", by="古月")
    rounds.cancel(row.pk, actor=stars.actor("姜川"), reason="开错了地方")
    assert stars.open_round().pk != row.pk


def test_a_judge_never_scores_their_own_unit_nor_sees_anothers_mark(stars):
    row = stars.open_round()
    stars.judge(row, "lake", "look", {"姜岩": 70})
    with pytest.raises(NotAllowed, match=r"appraisal\.not_yours"):
        stars.judge(row, "lake", "look", {"古月": 100})
    actions.appoint(
        stars.seats["hill_star"], stars.people["姜川"], actor=SETUP
    )  # of the task force, and of the village
    with pytest.raises(NotAllowed, match=r"appraisal\.own_unit"):
        stars.judge(row, "hill", "look", {"姜川": 100})
    seen = {
        name: {
            m.id: mark
            for m, parts in marking.to_judge(row, actor=stars.actor(name))
            for item, mark in parts
            if item["id"] == "look"
        }
        for name in ("姜岩", "姜川")
    }
    assert seen["姜岩"][stars.places["lake"]].points == 70
    assert seen["姜川"][stars.places["lake"]] is None
    stars.judge(row, "lake", "look", {"姜川": 71, "卢山": 72})
    _row, kind, board = queries.board(
        row.pk, actor=stars.actor("姜川")
    )  # who opened it judges as well: nothing of a mean
    assert [line["missing"] for s in board for line in s.row["lines"] if line["item"] == "look"] == [True] * 3
    assert {m.person_id for m, _w, _a in queries.marks(row, stars.places["lake"], actor=stars.actor("姜川"))} == {
        stars.people["姜川"]
    }
    stars.judge(row, "lake", "look", {"姜岩": 75})
    assert [m.points for m in Mark.objects.filter(round=row).order_by("points")] == [71, 72, 75]
    with pytest.raises(Invalid):
        stars.judge(row, "lake", "look", {"姜川": "100.01"})


def test_a_claim_cites_records_that_are_there_and_is_checked_by_another(stars):
    row = stars.open_round()
    lake = stars.places["lake"]
    for records in ([], ["case:999999"], ["听说的"]):
        with pytest.raises(Invalid, match=r"appraisal\.invalid"):
            marking.claim(row.pk, lake, "lessons", "开了", actor=stars.actor("古月"), records=records)
    stars.claim(row, "lake", "lessons", None)  # refused with words, claimed anew
    stars.claim(row, "lake", "lessons", 80)
    mark = Mark.objects.get(round=row)
    assert (mark.state, mark.points, len(mark.records)) == ("checked", 80, 1)
    with pytest.raises(Conflict, match=r"appraisal\.marked"):
        marking.claim(row.pk, lake, "lessons", "再报", actor=stars.actor("古月"), records=mark.records)
    with pytest.raises(NotAllowed, match=r"appraisal\.not_yours"):
        marking.check(row.pk, stars.places["hill"], "lessons", actor=stars.actor("桂兰"), points=90)


def test_an_objection_is_answered_by_another_and_changes_its_line_only(stars):
    row = entered(stars)
    rounds.seal(row.pk, actor=stars.actor("姜岩"))
    rounds.publish(row.pk, actor=stars.actor("姜岩"))
    hill, before = stars.places["hill"], stars.result(row, "lake").lines
    made = objecting.object_to(row.pk, hill, "lessons", "少算了两次会", actor=stars.actor("石磊"))
    with pytest.raises(NotAllowed):
        objecting.answer(row.pk, made.number, actor=stars.actor("姜岩"), words="属实", points=60)
    with pytest.raises(Conflict, match=r"appraisal\.window"):
        rounds.close(row.pk, actor=stars.actor("姜岩"))
    objecting.answer(row.pk, made.number, actor=stars.actor("卢山"), words="查了会议记录，属实", points=60)
    found = stars.result(row, "hill")
    assert (found.lost, found.corrected) == ([], True)
    assert {line["item"]: line["points"] for line in found.lines}["lessons"] == "60"
    assert sum(Decimal(line["gives"]) for line in found.lines) == score(found)
    assert stars.result(row, "lake").lines == before
    row.refresh_from_db()
    assert rules.digest(rounds.recomputed(row)) == row.digest
    stars.clock.move_to(row.object_until)
    with pytest.raises(Conflict, match=r"appraisal\.closed"):
        objecting.object_to(row.pk, hill, "lessons", "还是少", actor=stars.actor("石磊"))
    assert rounds.close(row.pk, actor=stars.actor("姜岩")).state == "final"
    assert events.verify().findings == []
    # What the fold of the log does not repeat, the digest still holds: a line somebody edited is told.
    kept = stars.result(row, "lake")
    Result.objects.filter(pk=kept.pk).update(lines=[*kept.lines[:-1], kept.lines[-1] | {"points": "100"}])
    assert [(f.code, f.stream) for f in events.verify().findings] == [("round.digest", f"round:{row.pk}")]
    Result.objects.filter(pk=kept.pk).update(lines=kept.lines)
    Result.objects.filter(pk=kept.pk).delete()
    assert "round.digest" in {f.code for f in events.verify().findings}


def test_committing_a_changed_rule_equals_its_preview(stars):
    row = entered(stars)
    rounds.seal(row.pk, actor=stars.actor("姜岩"))
    body = copy.deepcopy(dict(packs.registry().body("rubric", "star_branch")))
    body["bands"][1]["from"] = "78.45"
    body["items"][0]["weight"], body["items"][1]["weight"] = "0.31", "0.39"
    body["gates"] = []
    version = packs.publish("rubric", "star_branch", body, actor=people.system("test"), how={"note": "test"}).version
    before = {r.subject_id: r.lines for r in Result.objects.filter(round=row)}
    seen = previewing.preview(row.pk, version, actor=stars.actor("姜岩"))
    assert {r.subject_id: r.lines for r in Result.objects.filter(round=row)} == before  # nothing written
    lake, hill, ridge = (stars.places[name] for name in ("lake", "hill", "ridge"))
    moved = {move.subject: move for move in seen.moves}
    assert moved[lake].score == ("78.45", "78.85") and moved[lake].band == ("none", "star")
    assert moved[lake].because == (("lessons", "30", "31"), ("service", "24", "23.4"))
    assert moved[hill].lost == (("basis",), ()) and moved[ridge].because == (("service", "24", "23.4"),)
    with pytest.raises(Conflict, match=r"appraisal\.stale"):
        previewing.rejudge(row.pk, version, actor=stars.actor("姜岩"), seen="0" * 16, reason="试一试")
    done = previewing.rejudge(row.pk, version, actor=stars.actor("姜岩"), seen=seen.seen, reason="按会议决定改")
    assert rounds.text_of(list(Result.objects.filter(round=row))) == seen.body == rounds.recomputed(done)
    assert done.digest == rules.digest(seen.body) and events.verify().findings == []


def test_nobody_sees_results_before_they_are_published(stars):
    row = entered(stars)
    rounds.seal(row.pk, actor=stars.actor("姜岩"))
    with pytest.raises(NotFound):
        objecting.object_to(row.pk, stars.places["lake"], "look", "太低了", actor=stars.actor("钱立"))
    with pytest.raises(NotAllowed):  # they know of it: they may claim
        previewing.preview(row.pk, 1, actor=stars.actor("钱立"))


def test_sealing_asks_as_much_for_three_villages_as_for_one(stars):
    row = entered(stars)
    other = stars.open_round(at="east")
    with count_queries() as three:
        rounds.seal(row.pk, actor=stars.actor("姜岩"))
    with count_queries() as one:
        rounds.seal(other.pk, actor=stars.actor("姜岩"))
    assert three.total <= one.total + 4 and three.total <= 45, (one.total, three.total)
