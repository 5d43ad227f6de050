"""M120 人人持证: a certificate has issue, expiry and proof; the holders at a date are 3; expiry warns."""

from __future__ import annotations

from datetime import date

from gezhi.engines.matching import learning
from gezhi.foundation import events
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused

pytestmark = mechanism("M120", file="packs/mengzhou/competences.yaml")


def test_three_holders_at_the_date_with_proof_and_a_warning_before_it_runs_out(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    world, director = hall.world, hall.world.actor("于沐阳")
    world.seat("village_secretary", "ridge", "岭书")
    issued = {"赵兰": date(2025, 3, 1), "钱立": date(2026, 9, 1), "岭书": date(2024, 1, 1)}
    ends = {"赵兰": date(2028, 2, 29), "钱立": None, "岭书": date(2026, 12, 10)}
    for name, day in issued.items():
        for wrong in ({"proof": ""}, {"proof": "社工证 1 号", "expires_on": date(2020, 1, 1)}):
            with refused("session.invalid"):
                learning.issue(world.people[name], "social_work", day, actor=director, **wrong)
        learning.issue(
            world.people[name], "social_work", day, actor=director, expires_on=ends[name], proof="社工证 1 号"
        )
    with refused("certificate.twice"):
        learning.issue(world.people["赵兰"], "social_work", issued["赵兰"], actor=director, proof="社工证 1 号")
    with refused("session.not_organiser"):
        learning.issue(world.people["赵兰"], "social_work", date(2026, 1, 1), actor=world.actor("何苗"), proof="社工证")
    assert len(learning.holders("social_work")) == 3
    assert len(learning.holders("social_work", on=date(2024, 6, 1))) == 1
    assert len(learning.holders("social_work", on=date(2026, 12, 11))) == 2
    assert [c.person_id for c in learning.expiring(30)] == [world.people["岭书"]] and learning.expiring(10) == []
    learning.issue(
        world.people["岭书"],
        "social_work",
        date(2026, 11, 18),
        actor=director,
        proof="社工证 9 号",
        expires_on=date(2029, 11, 17),
    )
    assert learning.expiring(30) == []  # renewed
    assert "社工证" not in str([e.patch for e in events.history("certificate:1")]) and events.verify().clean
