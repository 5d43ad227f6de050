"""M161 选修+必修: the programme is all required and k of the electives."""

from __future__ import annotations

from itertools import combinations

from gezhi.engines.matching import learning, rules
from gezhi.engines.matching.schema import course
from gezhi.foundation.people import actions
from tests.foundation.people.county import SETUP
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall

pytestmark = mechanism("M161", file="packs/zhongzhan-district/courses/star_course.yaml")


def test_all_required_and_any_three_of_the_electives(county, at_ten):
    hall = meeting_hall(county, at_ten, "zhongzhan-district")
    kind, world = course("star_course"), hall.world
    assert (kind.required, len(kind.elective), kind.body["choose"]) == (("party", "law"), 5, 3)
    for chosen in combinations(kind.elective, 3):
        assert rules.standing(kind.required, kind.elective, 3, {*kind.required, *chosen}).complete
        assert not rules.standing(kind.required, kind.elective, 3, {*kind.required, *chosen[:2]}).complete
        assert not rules.standing(kind.required, kind.elective, 3, {"party", *kind.elective}).complete
    branch = actions.open_organisation(
        "star_village", "湖滨党组织", kind="star_village_work", place_id=world.places["lake"], actor=SETUP
    )
    seat = actions.open_seat("star_village", world.places["lake"], actor=SETUP, organisation_id=branch)
    actions.appoint(seat, world.person("学员"), actor=SETUP)
    learning.enrol("star_course", [world.people["学员"]], actor=world.actor("于沐阳"))
    for lesson, done in (
        ("party", False),
        ("law", False),
        ("online", False),
        ("base_village", False),
        ("college_farm", True),
    ):
        learning.learned("star_course", [(world.people["学员"], lesson)], actor=world.actor("于沐阳"))
        assert [p.standing.complete for p in learning.progress("star_course")] == [done]
