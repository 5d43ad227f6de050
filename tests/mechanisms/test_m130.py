"""M130 社区服务品牌: one brand a community; its page is built from the activities and from nothing else."""

from __future__ import annotations

import pytest

from gezhi.engines.registers import files
from gezhi.foundation import subjects
from gezhi.foundation.errors import Conflict
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall
from tests.mechanisms.partners import entered, event
from tests.mechanisms.roll import thing

pytestmark = mechanism("M130", file="packs/mengzhou/activities/brand_activity.yaml")
SAID = {"promise": "有事一起办", "for_whom": "老人和孩子"}


def test_the_brands_page_is_what_was_done_under_it(county, at_ten):
    hall = meeting_hall(county, at_ten, "mengzhou")
    actor = hall.world.actor("赵兰")
    brand = entered(hall, "service_brand", "湖滨一家亲", **SAID)
    with pytest.raises(Conflict):  # one brand a community
        subjects.enter("service_brand", thing(hall.world, "organisation", "另一个").pk, SAID, actor=actor)

    def page() -> str:
        return Desk(hall.world).of("赵兰").get(f"/desk/subjects/{brand.pk}").content.decode()

    assert "品牌活动" not in page() and "有事一起办" in page()
    done = event(hall, "brand_activity", "2026-11-19 09:00", [brand], [1, 2], heads=3, title="包饺子")
    planned = hall.plan("brand_activity", when="2026-11-25 09:00", partners=[brand.pk], title="修伞")
    other = hall.plan("estate_meeting", when="2026-11-26 09:00", title="座谈", roles={"host": "主持"})
    story = [(one.opens[1], one.text) for one in files.file_of(brand.pk, actor).story if one.source == "sessions"]
    assert story == [(planned.pk, "已排定"), (done.pk, "5 人次")]
    shown = page()
    assert "包饺子" in shown and "修伞" in shown and f"/desk/activities/{other.pk}" not in shown
    from gezhi.engines.matching import planning

    planning.cancel(planned.pk, actor=actor, reason="下雨")
    assert "修伞" not in page()  # what did not take place is not the brand's
