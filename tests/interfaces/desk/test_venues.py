"""Venues, enrolment forms and certificates on the desk, through the forms a person fills in."""

from __future__ import annotations

import pytest
import time_machine

from gezhi.engines.matching import learning
from gezhi.engines.matching.models import Certificate, Hold, Session, Trainee, Venue
from gezhi.foundation import events, exports, people
from gezhi.foundation.db import count_queries
from gezhi.interfaces.api import limits
from tests.engines.matching.conftest import Hall
from tests.interfaces.desk.conftest import Desk
from tests.world import World

ROOM = {"name": "二楼活动室", "kind": "活动室", "capacity": "30", "opens": "09:00", "closes": "18:00"}
CLASS = {"activity": "evening_school", "day": "2026-11-20", "role_teacher": "王老师"}


@pytest.fixture
def hall(db):
    limits.buckets.clear()
    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:  # Wednesday, ten in the morning
        yield Hall(World("boai-county"), traveller)


@pytest.fixture
def secretary(hall):
    return Desk(hall.world).of("赵兰")


def text(client, url, status=200):
    answer = client.get(url)
    assert answer.status_code == status, (answer.status_code, url)
    return answer.content.decode()


def test_a_room_is_entered_seen_free_booked_and_never_twice(hall, secretary):
    lake = hall.world.places["lake"]
    assert "还没有登记场地" in text(secretary, "/desk/venues")
    assert secretary.post("/desk/venues", ROOM | {"place": lake, "closes": "08:00"}).status_code == 422
    assert secretary.post("/desk/venues", ROOM | {"place": lake}).status_code == 302
    room = Venue.objects.get()
    page = text(secretary, f"/desk/venues/{room.pk}")
    link = f"/desk/activities/new?venue={room.pk}&amp;day=2026-11-20&amp;from=09:00&amp;to=18:00"
    assert link in page and "day=2026-11-16" not in page  # what is past is not offered
    assert "day=2026-11-18&amp;from=10:00" in page  # from now on
    chooser = text(secretary, link.replace("&amp;", "&"))
    assert f"activity=evening_school&amp;venue={room.pk}&amp;day=2026-11-20" in chooser
    form = text(secretary, link.replace("&amp;", "&") + "&activity=evening_school")
    assert f'value="{room.pk}" selected' in form and 'value="2026-11-20"' in form
    sent = CLASS | {"place": lake, "venue": room.pk, "from": "10:00", "to": "12:00", "key": "one"}
    assert secretary.post("/desk/activities/new", sent).status_code == 302
    busy = secretary.post("/desk/activities/new", sent | {"from": "11:00", "to": "13:00", "key": "two"})
    assert busy.status_code == 409 and "已经有安排" in busy.content.decode()
    late = secretary.post("/desk/activities/new", sent | {"from": "17:00", "to": "19:00", "key": "three"})
    assert late.status_code == 409 and Session.objects.count() == 1
    assert (
        secretary.post("/desk/activities/new", sent | {"from": "12:00", "to": "13:00", "key": "four"}).status_code
        == 302
    )
    page = text(secretary, f"/desk/venues/{room.pk}")
    for hours in ("10:00–12:00", "12:00–13:00"):
        assert hours in page
    assert "from=09:00&amp;to=10:00" in page and "from=13:00&amp;to=18:00" in page
    with count_queries() as queries:
        text(secretary, f"/desk/venues/{room.pk}")
    assert queries.total <= 14, queries.statements
    # Another village's colleague sees that it is taken, not what for.
    other = text(Desk(hall.world).of("钱立"), f"/desk/venues/{room.pk}")
    party = hall.plan("party_day", "2026-11-20 14:00", theme="学习", venue_id=room.pk)
    assert "10:00–12:00" in other
    other = text(Desk(hall.world).of("钱立"), f"/desk/venues/{room.pk}")
    assert party.title not in other and "14:00–16:00" in other and "有安排" in other
    assert events.verify().clean and Hold.objects.filter(lane=f"venue:{room.pk}").count() == 3


def test_a_room_is_not_closed_over_what_was_promised(hall, secretary):
    secretary.post("/desk/venues", ROOM | {"place": hall.world.places["lake"]})
    room = Venue.objects.get()
    hall.plan(venue_id=room.pk, when="2026-11-20 15:00")
    again = {"seq": room.event_seq, "kind": "会议室", "capacity": "20", "opens": "09:00", "closes": "16:00"}
    assert secretary.post(f"/desk/venues/{room.pk}", again).status_code == 409
    assert (
        secretary.post(f"/desk/venues/{room.pk}", again | {"closes": "17:00", "until": "2026-12-31"}).status_code == 302
    )
    room.refresh_from_db()
    assert (room.kind, room.capacity, str(room.closes), str(room.until)) == ("会议室", 20, "17:00:00", "2026-12-31")
    assert secretary.post(f"/desk/venues/{room.pk}", again | {"closes": "17:00"}).status_code == 409  # an old page
    assert Desk(hall.world).of("钱立").post(f"/desk/venues/{room.pk}", again).status_code == 403
    assert events.verify().clean


def test_people_are_put_on_a_course_by_ticking_and_the_form_is_printed(hall):
    client = Desk(hall.world).of("方晓")
    page = text(client, "/desk/courses/industry_class/enrol")
    lan, li = hall.world.people["赵兰"], hall.world.people["钱立"]
    assert f'value="{lan}"' in page and f'value="{hall.world.people["秦英"]}"' not in page  # for secretaries only
    assert client.post("/desk/courses/industry_class/enrol", {}).status_code == 422
    grid = {"person": [hall.world.people["秦英"]]}
    assert client.post("/desk/courses/industry_class/enrol", grid).status_code == 422
    assert client.post("/desk/courses/industry_class/enrol", {"person": [lan, li]}).status_code == 302
    assert Trainee.objects.filter(course="industry_class", state="learning").count() == 2
    assert f'value="{lan}"' not in text(client, "/desk/courses/industry_class/enrol")
    answer = client.post("/desk/courses/industry_class/sheet")
    said = answer.content.decode()
    assert answer.status_code == 200 and "报名表" in said and "赵○" in said and "赵兰" not in said
    assert [e.what for e in exports.recent()][:1] == ["培训报名表"]
    assert Desk(hall.world).of("赵兰").get("/desk/courses/industry_class/enrol").status_code == 403


def test_certificates_by_when_they_run_out_and_one_is_printed_with_a_reason(hall):
    client, lan = Desk(hall.world).of("方晓"), hall.world.people["赵兰"]
    actor = hall.world.actor("方晓")
    learning.enrol("industry_class", [lan], actor=actor)
    lessons = [lesson["id"] for lesson in learning.course("industry_class").lessons]
    learning.learned("industry_class", [(lan, id) for id in lessons], actor=actor)
    sent = {
        "person": hall.world.people["钱立"], "competence": "party_work", "issued_on": "2024-11-30",
        "expires_on": "2026-12-01", "proof": "市委党校 2024-118",
    }  # fmt: skip
    assert client.post("/desk/certificates", sent | {"issued_on": "2027-01-01"}).status_code == 422
    assert client.post("/desk/certificates", sent).status_code == 302
    assert client.post("/desk/certificates", sent | {"competence": "governance", "issued_on": "2022-01-01", "expires_on": "2023-01-01"}).status_code == 302  # fmt: skip
    rows = {row.competence: row for row in Certificate.objects.all()}

    def shown(query: str) -> set[str]:
        page = text(client, f"/desk/certificates{query}")
        return {code for code, row in rows.items() if f'/desk/certificates/{row.pk}"' in page}

    assert shown("") == {"industry", "party_work", "governance"}
    assert (shown("?show=soon"), shown("?show=expired"), shown("?show=valid")) == (
        {"party_work"}, {"governance"}, {"industry", "party_work"},
    )  # fmt: skip
    assert shown("?competence=industry") == {"industry"}
    url = f"/desk/certificates/{rows['industry'].pk}"
    assert "赵○" in text(client, url) and "赵兰" not in text(client, url)
    assert client.post(url, {"purpose": ""}).status_code == 422
    printed = client.post(url, {"purpose": "发给本人存档"}).content.decode()
    assert "赵兰" in printed and "结业" in printed and "有效到 2028 年 11 月 17 日" in printed
    assert [e.what for e in exports.recent()][:1] == ["证书"]
    assert [r.field for r in people.reveals(f"certificate:{rows['industry'].pk}")] == ["name"]
    # Nobody else's: a secretary sees their own, and others are not there.
    own = Desk(hall.world).of("赵兰")
    assert url in text(own, "/desk/certificates") and "钱○" not in text(own, "/desk/certificates")
    assert own.get(f"/desk/certificates/{rows['party_work'].pk}").status_code == 404
    with count_queries() as queries:
        text(client, "/desk/certificates")
    assert queries.total <= 14, queries.statements
    assert events.verify().clean
