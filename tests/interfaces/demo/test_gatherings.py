"""What the demo plans exists in its packs, and what it holds can be finished."""

from gezhi.engines.matching import minutes
from gezhi.engines.matching.schema import ROLES, activity
from gezhi.interfaces.demo import gatherings
from tests.world import World


def test_every_gathering_is_of_a_kind_there_is_and_can_be_finished(db):
    World("xinhua-street")
    for one in gatherings.PLAN:
        kind = activity(one.activity)
        known = [t["id"] for t in kind.themes["of"]]
        assert one.theme in known if known else (bool(one.theme) or not kind.themes["each"]), one
        assert set(one.roles) <= set(ROLES) and "village_secretary" in kind.organisers, one
        if one.day < 0:
            assert minutes.required_missing(kind, one.done) == [], one
            assert set(kind.roles) <= set(one.roles), one
            assert not kind.record.clean({"summary": one.summary} if one.summary else {})[1], one
            assert not one.lines or kind.assign, one
