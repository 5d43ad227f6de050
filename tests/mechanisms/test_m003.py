"""M003 1对1帮带: one live mentor each, no mentor above the load, no two who would rather have each other, contact records due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gezhi.engines.duties import actions, closing
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.mechanisms import mechanism
from tests.mechanisms.duties import owed, publish
from tests.mechanisms.matching import SYSTEM, adopt, enter_all, propose

pytestmark = mechanism("M003", file="packs/boai-county/matches/mentors.yaml")
NEW = {
    "甲新": ("lake", "industry", 6), "乙新": ("lake", "industry", 2), "丙新": ("hill", "mediation", 0),
    "丁新": ("ridge", "industry", 9), "戊新": ("hill", "accounts", 1),
}  # fmt: skip
OLD = {"老赵": ("lake", "industry", 20, 1), "老钱": ("hill", "industry", 9, 1), "老孙": ("hill", "mediation", 30, 2),
       "小李": ("lake", "accounts", 2, 3)}  # fmt: skip


@pytest.fixture
def pairs(county):
    """Five new cadres; three mentors with room for four, and one who has not served long enough."""
    world = county("boai-county")
    world.seat("organisation_office", "county", "干部科")
    world.new, world.old = {}, {}
    for name, (place, topic, base) in NEW.items():
        (world.new[name],) = enter_all(
            world, "new_cadre", "person", place, [(name, {"topic": topic, "industry": base})]
        )
    for name, (place, topic, years, load) in OLD.items():
        values = {"topic": topic, "years": years, "load": load}
        (world.old[name],) = enter_all(world, "mentor", "person", place, [(name, values)])
    return world


def likes(new, old):
    """By hand, not from the pack: (how much the new cadre wants the mentor, the mentor the new cadre)."""
    place, topic, base = NEW[new]
    where, strong, years, _load = OLD[old]
    town = {"lake": "east", "hill": "west", "ridge": "west"}
    mine = 100 * (topic == strong) + years + 20 * (town[place] == town[where])
    return mine, 50 * (topic == strong) + base + 5 * (place == where)


def test_the_pairing_is_stable_within_the_loads(pairs):
    found = propose(pairs, "mentors", "county", "干部科")
    names = {s.pk: n for n, s in (*pairs.new.items(), *pairs.old.items())}
    got = {names[n]: names[o] for n, o in found.pairs}
    assert len(got) == 4 and "小李" not in got.values()
    held = {old: [n for n, o in got.items() if o == old] for old in OLD}
    assert all(len(held[old]) <= OLD[old][3] for old in OLD)
    for new in NEW:
        for old in ("老赵", "老钱", "老孙"):
            mine, theirs = likes(new, old)
            rather = new not in got or mine > likes(new, got[new])[0]
            room = len(held[old]) < OLD[old][3] or any(theirs > likes(n, old)[1] for n in held[old])
            assert not (rather and room), (new, old)
    (left,) = found.left
    assert found.why(left) == "合适的选了更合适的"


def test_one_live_mentor_each_and_a_contact_due_each_month_with_its_record(pairs, at_ten):
    pairs.seat("department", "county", "孙老师")
    subjects.link_colleague(pairs.old["老孙"].pk, pairs.people["孙老师"], actor=SYSTEM)
    adopt(pairs, "mentors", "county", "干部科")
    mentee = pairs.new["丙新"].pk
    with pytest.raises(Conflict):
        subjects.relate("mentored_by", mentee, pairs.old["老赵"].pk, actor=SYSTEM)
    assert mentee not in {s.pk for s in subjects.unrelated("new_cadre", actor=SYSTEM)}
    assert len(subjects.unrelated("new_cadre", actor=SYSTEM)) == 1
    publish()
    mine = {o.subject_id for o in owed(pairs, "孙老师", "mentor-contact")}
    assert mentee in mine and len(mine) <= 2
    record = {"topic": "mediation", "did": "一起调了一件邻里事，下次看账。"}
    actions.fulfil("mentor-contact", mentee, "2026-11", record, actor=pairs.actor("孙老师"))
    at_ten.shift(timedelta(days=14))
    closing.close_windows()
    now = {(o.subject_id, o.period, o.state) for o in owed(pairs, "孙老师", "mentor-contact")}
    assert (mentee, "2026-12", "open") in now and (mentee, "2026-11", "missed") not in now
