"""A topic from the door plate to its result, on the pages of residents and of the desk."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from gezhi.engines.workflows.models import Ballot, Case, Voice
from gezhi.foundation.db import count_queries
from gezhi.foundation.exports.models import Export
from gezhi.interfaces.api import limits
from tests.engines.workflows import talks
from tests.foundation.files.pictures import jpeg
from tests.interfaces.desk.conftest import Desk

from .conftest import Resident


@pytest.fixture
def world(db, at_ten):
    limits.buckets.clear()
    return talks.world()


@pytest.fixture
def at_ten():
    import time_machine

    with time_machine.travel("2026-11-18T02:00:00+00:00", tick=False) as traveller:
        yield traveller


def text(response) -> str:
    return response.content.decode()


def raised(world) -> Case:
    resident = Resident(world)
    plate = resident.plate()
    sent = {"text": "楼后排水沟老堵，想一起改。", "talk": "true", "contact": "none", "key": resident.key(plate),
            "place": world.places["block7"]}  # fmt: skip
    answer = resident.client.post(plate, sent, follow=True)
    assert answer.status_code == 200
    return Case.objects.latest("id")


def test_from_the_plate_to_the_desk_to_the_vote_and_back_to_the_board(world):
    case = raised(world)
    assert (case.workflow, case.channel) == ("seven_steps", "scan")
    public, clerk = Client(), Desk(world).of("赵兰")
    assert public.get(f"/talks/{case.number}").status_code == 404  # no topic until the community has set one
    form = {"_item": 1, "_seq": case.event_seq, "topic": "改造三号楼后排水沟", "plan": "清淤，换管。"}
    assert clerk.post(f"/desk/cases/{case.id}/do/propose", form).status_code == 302
    panel = talks.panel_of(case)
    page = text(clerk.get(f"/desk/cases/{case.id}"))
    assert f"/desk/panels/{panel.id}" in page and "等录名册" in page
    wrong = clerk.post(f"/desk/panels/{panel.id}/do/enrol", {"roll": "1-101,房东"})
    assert wrong.status_code == 422 and "第 1 行" in text(wrong) and "1-101,房东" in text(wrong)
    assert clerk.post(f"/desk/panels/{panel.id}/do/enrol", {"roll": talks.ROLL}).status_code == 302
    slips = text(clerk.get(f"/desk/panels/{panel.id}/codes"))
    codes = re.findall(r'class="mono">([0-9A-Z-]+)<', slips)
    assert len(codes) == 5 and Export.objects.filter(what="panel.codes").count() == 1
    # The household votes with the code of its slip, once.
    with count_queries() as spent:
        page = text(public.get(f"/talks/{case.number}"))
    assert spent.total <= 14, spent.statements
    assert "改造三号楼后排水沟" in page and "请了 5 户" in page and "想一起改" not in page
    assert public.post(f"/talks/{case.number}/vote", {"choice": "yes", "code": "123"}).status_code == 422
    forged = talks.code(talks.topic(world), "1-101")
    refused = public.post(f"/talks/{case.number}/vote", {"choice": "yes", "code": forged})
    assert refused.status_code == 404 and "没有这个投票码" in text(refused)
    for code in codes[:2]:
        assert public.post(f"/talks/{case.number}/vote", {"choice": "yes", "code": code.lower()}).status_code == 303
    again = public.post(f"/talks/{case.number}/vote", {"choice": "no", "code": codes[0]})
    assert again.status_code == 409 and "已经投过" in text(again)
    ballot = Ballot.objects.get(panel=panel, label="1-201")
    assert f'id="r-{ballot.number}" name="reason"' in text(clerk.get(f"/desk/panels/{panel.id}"))
    typed = {
        "ballot": ballot.number,
        "choice": "no",
        "way": "paper",
        "reason": "怕挖坏燃气管。",
    }  # what stands on the paper
    assert clerk.post(f"/desk/panels/{panel.id}/do/cast", typed).status_code == 302
    with count_queries() as spent:
        page = text(clerk.get(f"/desk/panels/{panel.id}"))
    assert spent.total <= 20, spent.statements
    assert "纸票" in page and "同意 2，不同意 1" in page and "怕挖坏燃气管" in page
    assert Desk(world).of("孙田").get(f"/desk/panels/{panel.id}").status_code == 404
    case.refresh_from_db()
    shut = {"_item": 2, "_seq": case.event_seq, "minutes": "会议记录在册。"}
    assert clerk.post(f"/desk/cases/{case.id}/do/close_panel", shut).status_code == 302
    drawn = text(clerk.get("/desk/methods/seven_steps"))
    assert "大家议" in drawn and "居民从" in drawn and "一共最多开 2 次" in drawn and "没有通过" in drawn
    assert "居民在看" in text(clerk.get(f"/desk/cases/{case.id}"))
    page = text(public.get(f"/talks/{case.number}"))
    assert "商：通过" in page and "是决定" in page and "收票" not in page
    assert "参加 3" in text(clerk.get(f"/desk/cases/{case.id}"))
    late = public.post(f"/talks/{case.number}/vote", {"choice": "yes", "code": codes[3]})
    assert late.status_code == 409 and "已经收票" in text(late)
    assert "在 收了票" not in text(late), "it says when it was closed, also after the matter went on"
    listed = text(public.get(f"/talks?place={world.places['lake']}"))
    assert "改造三号楼后排水沟" in listed and "/talks?place=" in text(public.get(Resident(world).plate()))


def test_who_speaks_has_a_verified_phone_and_what_needs_a_look_waits(world):
    case = talks.topic(world)
    public, clerk = Client(), Desk(world).of("赵兰")
    url = f"/talks/{case.number}"
    assert public.post(f"{url}/say", {"kind": "comment", "words": "好"}).status_code == 422
    assert public.post(f"{url}/phone", {"phone": "12345"}).status_code == 422
    asked = text(public.post(f"{url}/phone", {"phone": "139 0000 0001"}))
    mine = re.search(r'name="mine" value="([0-9a-f]{32})"', asked)[1]
    digits = re.search(r"<b>(\d{6})</b>", asked)[1]  # a demo without a gateway shows it
    wrong = public.post(f"{url}/phone", {"mine": mine, "digits": f"{(int(digits) + 1) % 1_000_000:06d}"})
    assert wrong.status_code == 422
    assert public.post(f"{url}/phone", {"mine": mine, "digits": digits}).status_code == 303
    assert Client().post(f"{url}/phone", {"mine": mine, "digits": digits}).status_code == 422  # a code serves once
    assert public.post(f"{url}/say", {"kind": "comment", "words": "我家也堵。"}).status_code == 303
    photo = SimpleUploadedFile("a.jpg", jpeg(), "image/jpeg")
    said = public.post(f"{url}/say", {"kind": "flag", "words": "没有围挡。", "photos": photo, "key": "k" * 12})
    assert said.status_code == 303 and said["Location"].endswith("said=flag#said")
    flag = Voice.objects.get(kind="flag")
    page = text(public.get(url))
    assert "我家也堵。" in page and "没有围挡" not in page
    assert public.get(f"{url}/photo/{flag.photos[0]}").status_code == 404
    assert clerk.get(f"/desk/voices/{flag.id}/photos/{flag.photos[0]}").status_code == 200
    voices = clerk.get(f"/desk/cases/{case.id}/voices").content.decode()
    assert (
        "没有围挡" in voices and 'name="ground" required><option value="">' in voices
    )  # the ground is chosen, never given
    assert clerk.post(f"/desk/voices/{flag.id}/remove", {}).status_code == 422
    assert clerk.post(f"/desk/voices/{flag.id}/show").status_code == 302
    assert "没有围挡" in text(public.get(url)) and public.get(f"{url}/photo/{flag.photos[0]}").status_code == 200
    assert clerk.post(f"/desk/voices/{flag.id}/remove", {"ground": "untrue"}).status_code == 302
    assert "没有围挡" not in text(public.get(url))
    assert "回复居民监督" in text(clerk.get(f"/desk/cases/{case.id}"))
