"""M043 培训班选人: exactly ten, by the rule that was said beforehand, and a reason for everybody who was not chosen."""

from __future__ import annotations

from gezhi.foundation import events
from tests.mechanisms import mechanism
from tests.mechanisms.matching import adopt, enter_all, propose

pytestmark = mechanism("M043", file="packs/yunhe-district/matches/provincial_class.yaml")


def test_exactly_ten_are_chosen_and_the_others_read_why(county):
    world = county("yunhe-district")
    world.seat("training_office", "county", "训练")
    rows = [  # rise, stars, years, been
        (n % 3, 3 + n % 2, 2 + n, n == 5) for n in range(14)
    ] + [(3, 5, 0, False)]  # fmt: skip
    values = [
        (f"候选{n}", dict(zip(("rise", "stars", "years", "been"), row, strict=True))) for n, row in enumerate(rows)
    ]
    people = enter_all(world, "class_candidate", "person", "lake", values)
    found = propose(world, "provincial_class", "county", "训练")
    able = [n for n, (_r, _s, years, been) in enumerate(rows) if not been and years >= 1]
    ranked = sorted(able, key=lambda n: rows[n][:3], reverse=True)
    assert len(found.chosen) == 10 and found.chosen == tuple(people[n].pk for n in ranked[:10])
    why = {n: found.why(people[n].pk) for n in range(len(rows)) if people[n].pk not in found.chosen}
    assert why == {5: "三年内参加过，让给别人", 14: "任书记不满一年"} | {
        n: f"名额满了，排在第 {rank}" for rank, n in enumerate(ranked[10:], 11)
    }
    row = adopt(world, "provincial_class", "county", "训练")
    assert [p["need"] for p in row.pairs] == list(found.chosen) and len(row.left) == 5 and events.verify().clean
