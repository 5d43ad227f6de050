"""The pages of rosters and stores: what somebody plans, switches, lends and takes back, in few queries."""

from __future__ import annotations

from gezhi.engines.matching.models import Loan, Rota
from gezhi.foundation.db import count_queries
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms.matching import enter_all
from tests.world import World


def test_a_roster_is_planned_switched_and_somebody_stands_in(db, at_ten):
    world = World("yongxingtun-village")
    who = enter_all(world, "patroller", "person", "lake", [(f"队{n}", {"fit": True}) for n in range(12)])
    client, url = Desk(world).of("赵兰"), "/desk/rosters/dyke_patrol"
    assert "防汛巡堤" in client.get("/desk/matches").content.decode()
    assert Desk(world).of("秦英").get(url).status_code == 404
    assert client.post(url, {"do": "level", "level": "blue", "reason": ""}).status_code == 422
    client.post(url, {"do": "level", "level": "blue", "reason": "县里通知"})
    with count_queries() as queries:
        page = client.get(f"{url}?first=2026-11-19&last=2026-11-20").content.decode()
    assert queries.total <= 32 and "蓝色预警" in page and "就这样定" in page
    seen = page.split('name="seen" value="')[1].split('"')[0]
    sent = {"do": "adopt", "seen": seen, "first": "2026-11-19", "last": "2026-11-20"}
    assert client.post(url, sent).status_code == 302 and client.post(url, sent).status_code == 409
    turn = Rota.objects.get().turns.get(number=1)
    answer = client.post(url, {"do": "relieve", "turn": turn.pk, "who": who[11].pk})
    assert answer.status_code == 302 and "换好了" in client.get(url).content.decode()
    client.post(url, {"do": "level", "level": "red", "reason": "水涨了"})
    assert "缺" not in client.get(url).content.decode().split("排一段")[0].split("两周的班")[0]
    assert client.post(url, {"do": "nothing"}).status_code == 404


def test_a_tool_is_lent_taken_back_and_the_phone_needs_a_reason(db, at_ten):
    world = World("songxi")
    (ladder,) = enter_all(world, "tool", "asset", "lake", [("人字梯", {"sort": "ladder", "fit": True})])
    client, url = Desk(world).of("赵兰"), "/desk/stores/tool_lending"
    sent = {"do": "lend", "thing": ladder.pk, "name": "柳一", "phone": "13800001234", "until": "2026-11-19T09:00"}
    assert client.post(url, sent).status_code == 302
    loan = Loan.objects.get()
    with count_queries() as queries:
        page = client.get(url).content.decode()
    assert queries.total <= 24 and "柳○" in page and "13800001234" not in page and "柳一" not in page
    assert client.post(url, sent).status_code == 409
    assert client.post(url, {"do": "phone", "loan": loan.pk, "purpose": ""}).status_code == 422
    assert (
        "13800001234"
        in client.post(url, {"do": "phone", "loan": loan.pk, "purpose": "梯子过期没还，打电话催"}).content.decode()
    )
    at_ten.move_to("2026-11-20T02:00:00+00:00")
    client = Desk(world).of("赵兰")
    assert "过了时间还没还" in client.get(url).content.decode()
    assert client.post(url, {"do": "back", "loan": loan.pk}).status_code == 302
    page = client.get(url).content.decode()
    assert "还回来了" in page and "借在外面的" not in page and Desk(world).of("秦英").get(url).status_code == 404
