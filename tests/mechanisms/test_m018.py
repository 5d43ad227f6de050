"""M018 直播课: a class has topic, host and audience count; its page works without video."""

from __future__ import annotations

import re

from django.test import Client

from gezhi.engines.matching import minutes, planning
from tests.mechanisms import mechanism
from tests.mechanisms.meetings import meeting_hall, refused

pytestmark = mechanism("M018", file="packs/taoyuan-community/activities/live_class.yaml")


def test_topic_host_and_audience_and_a_page_without_video(county, at_ten, settings, tmp_path):
    hall = meeting_hall(county, at_ten, "taoyuan-community")
    secretary = hall.world.actor("赵兰")
    with refused("session.invalid"):
        hall.plan("live_class", when="2026-11-20 20:00")  # no topic
    live = hall.plan("live_class", when="2026-11-20 20:00", theme="medicine", title="冬天怎么养胃")
    page = Client().get(f"/activities/{live.pk}").content.decode()
    assert "冬天怎么养胃" in page and "中医养生" in page
    assert not re.search(r"<(video|iframe|embed|object)\b", page)
    hall.held(live, heads=57)
    with refused("session.unfinished"):
        minutes.close(live.pk, {}, actor=secretary)  # nobody named as host
    planning.change(live.pk, actor=secretary, roles={"host": "陶医生"})
    closed = minutes.close(live.pk, {}, actor=secretary)
    assert (closed.person_times, closed.attended, closed.theme) == (57, 0, "medicine")
