"""The loop through the API alone: raised, dispatched, accepted, handled, verified, rated, reopened."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_the_whole_loop(world):
    made = world.raise_matter(contact_name="秦一", contact_phone="138 0013 8000")
    assert made["status"] == "received" and made["url"].endswith(f"/r/{made['code']}")
    id = made["id"]
    case = world.get(f"/cases/{id}", by="secretary").json()
    print(case)
    assert case["items"][0]["owner"]["id"] == str(world.seat["secretary"])
    answer = world.act("secretary", id, "dispatch", {"sort": "big", "unit": str(world.seat["department"])})
    assert answer.status_code == 200, answer.content
    assert world.act("department", id, "accept").status_code == 200
    assert world.act("department", id, "finish", {"result": "换了灯泡"}).status_code == 200
    assert world.act("grid", id, "pass").status_code == 200
    seen = world.get(f"/requests/{made['code']}").json()
    print(seen)
    assert seen["status"] == "your_word" and seen["may"] == ["rating"]
    rated = world.post(f"/requests/{made['code']}/rating", {"solved": "yes", "rating": "very"})
    assert rated.status_code == 200, rated.content
    assert rated.json()["state"] == "closed"
    again = world.post(f"/requests/{made['code']}/reopen", {"why": "又不亮了"})
    assert again.status_code == 200 and again.json()["state"] == "open", again.content
