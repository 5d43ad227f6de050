"""我的信息: who proves the phone sees what registers keep about them and nobody else, and has it set right."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gezhi.engines.workflows.models import Case
from gezhi.flows import visits
from gezhi.foundation import people, subjects
from gezhi.foundation.db import count_queries
from tests.foundation.subjects.test_subjects import number
from tests.mechanisms.duties import owed, publish

pytestmark = pytest.mark.django_db
PHONE = "13800000077"
MEMBER = {"branch": "湖滨支部", "standing": "full"}


@pytest.fixture
def kept(world):
    """柳青山, entered twice over, with a helper, a visit and somebody who looked; her sister on the same phone."""
    clerk = world.actor("赵兰")
    one, other = (
        subjects.add(
            "person", {"name": name, "id_number": number("19400305", serial), "phone": PHONE}, actor=clerk,
            place_id=world.places["lake1"],
        )
        for name, serial in (("柳青山", 31), ("柳如云", 47))
    )  # fmt: skip
    values = {"self_care": "able", "contact": "柳小妹", "contact_phone": "13900000088", "illness": "高血压，忌盐"}
    line = subjects.enter("lone_elder", one.pk, values, actor=clerk)
    hidden = subjects.enter("party_member", one.pk, MEMBER, actor=clerk)
    theirs = subjects.enter("lone_elder", other.pk, {"self_care": "unable"}, actor=clerk)
    helper = subjects.add("person", {"name": "程前进"}, actor=clerk, place_id=world.places["lake1"])
    subjects.relate("helper", one.pk, helper.pk, actor=clerk)
    people.reveal(one.private_ref, actor=clerk, purpose="约好上门看望", about=f"subject:{one.pk}", field="facts")
    return one, other, line, hidden, theirs


def proved(client: Client, tail: str, phone: str = PHONE):
    asked = client.post("/me/phone", {"phone": phone}).content.decode()
    mine, digits = re.search(r'name="mine" value="([0-9a-f]+)"', asked)[1], re.search(r"<b>(\d{6})</b>", asked)[1]
    return client.post("/me/phone", {"mine": mine, "digits": digits, "tail": tail}, follow=True)


def tail_of(row) -> str:
    from gezhi.foundation.subjects.personal import opened

    return opened([row.private_ref])[row.private_ref]["id_number"][-4:]


def text(answer) -> str:
    return answer.content.decode()


def test_nothing_is_shown_before_the_phone_and_the_number_are_proved(kept):
    one, *_ = kept
    client = Client()
    assert "收验证码" in text(client.get("/me")) and "柳" not in text(client.get("/me"))
    for tail in ("", "0000", "999"):
        page = (
            text(proved(client, tail))
            if len(tail) != 3
            else text(client.post("/me/phone", {"digits": "1", "tail": tail}))
        )
        assert "柳" not in page and "独居老人" not in page
    other = text(proved(Client(), tail_of(one), "13800000078"))
    assert "没有查到" in other and "独居老人" not in other
    forged = Client()
    forged.cookies["me"] = f"{'0' * 32}:{one.pk}"
    assert "独居老人" not in text(forged.get("/me"))


def test_who_is_proved_sees_her_own_lines_her_visits_and_who_looked_and_nothing_of_others(world, kept):
    one, other, line, hidden, theirs = kept
    publish()
    (due,) = [o for o in owed(world, "秦英") if o.subject_id == one.pk][:1]
    visits.visit(due.rule.name, one.pk, due.period, {}, actor=world.actor("秦英"), note="邻居王二麻子说她常忘关火")
    client = Client()
    with count_queries() as spent:
        page = text(proved(client, tail_of(one).lower()))
    assert spent.total <= 60, spent.statements
    assert "柳青山" in page and "独居老人" in page and "高血压，忌盐" in page and "能自理" in page
    assert "13900000088" not in page and "139****0088" in page and "柳小妹" not in page  # a relative is somebody else
    assert "程○○" in page or "程○" in page
    assert "程前进" not in page
    assert "约好上门看望" in page and "赵兰" not in page  # the seat that looked, not the officer
    assert "秦英" not in page and "王二麻子" not in page and "记的是一切正常" in page
    assert "党员" not in page and "湖滨支部" not in page  # for the inside: not there
    assert "柳如云" not in page and "不能自理" not in page
    with count_queries() as spent:
        client.get("/me")
    assert spent.total <= 32, spent.statements
    client.post("/me/leave")
    assert "柳" not in text(client.get("/me"))


def test_a_correction_is_a_case_that_names_the_line_and_only_one_of_hers(world, kept):
    one, other, line, hidden, theirs = kept
    client = Client()
    assert client.post("/me/correct", {"entry": line.pk, "words": "自理不对"}).status_code == 422
    proved(client, tail_of(one))
    for foreign in (hidden, theirs):
        answer = client.post("/me/correct", {"entry": foreign.pk, "words": "改一下"})
        missing = client.post("/me/correct", {"entry": 987654, "words": "改一下"})
        assert answer.status_code == missing.status_code == 404 and text(answer).count("支部") == 0
    empty = client.post("/me/correct", {"entry": line.pk, "words": "  "})
    assert empty.status_code == 422 and "请写一句" in text(empty)
    sent = {"entry": line.pk, "words": "我是半自理，不是能自理。", "key": f"abcdefgh-{line.pk}"}
    first, again = client.post("/me/correct", sent), client.post("/me/correct", sent)
    assert first.status_code == 303 and first["Location"] == again["Location"]
    case = Case.objects.get()
    assert (case.place_id, case.channel, case.workflow) == (world.places["lake1"], "portal", "request")
    assert f"登记号 {line.pk}" in text(client.get(first["Location"].removesuffix("/receipt")))
    line.refresh_from_db()
    assert line.values["self_care"] == "able"  # asked for, not done


def test_a_record_without_a_number_shows_what_is_open_and_closes_what_is_sealed(world):
    clerk = world.actor("赵兰")
    one = subjects.add("person", {"name": "白露", "phone": PHONE}, actor=clerk, place_id=world.places["lake1"])
    subjects.enter("lone_elder", one.pk, {"self_care": "partly", "illness": "糖尿病"}, actor=clerk)
    page = text(proved(Client(), ""))
    assert "半自理" in page and "糖尿病" not in page and "不在网上显示" in page and "白露" not in page
    subjects.end_subject(one.pk, "died", actor=clerk)
    assert "半自理" not in text(proved(Client(), ""))
