"""The books on the desk: every number opens to its postings; entering, a second person, a correction; one's own at the portal."""

from __future__ import annotations

import pytest

from gezhi.engines.ledger.models import Transfer
from gezhi.foundation.db import count_queries
from tests.engines.ledger.conftest import BOOK, PHONES, Shop
from tests.interfaces.desk.conftest import Desk
from tests.numbers import says

PAGE = f"/desk/ledgers/{BOOK}"


@pytest.fixture
def shop(db) -> Shop:
    return Shop()


def test_a_reward_is_entered_opens_to_its_posting_and_is_corrected(shop):
    zhao = Desk(shop.world).of("赵兰")
    assert "爱心积分" in zhao.get("/desk/ledgers").content.decode()
    given = {"do": "enter", "entry": "award", "key": "a", "amount": "30", "who-resident": str(shop.ids["甲"])}
    again = zhao.post(PAGE, given)  # no reason
    assert again.status_code == 422 and 'value="30"' in again.content.decode() and not Transfer.objects.exists()
    for _twice in range(2):
        assert zhao.post(PAGE, given | {"reason": "打扫楼道"}).status_code == 302
    row = Transfer.objects.get()
    with count_queries() as few:
        shown = zhao.get(f"{PAGE}?kind=resident").content.decode()
    mine = shop.account("甲")
    assert says(shown, "30") and f"/desk/ledgers/accounts/{mine.pk}" in shown
    for _more in range(3):
        shop.give("乙", 5)
    with count_queries() as many:
        zhao.get(f"{PAGE}?kind=resident")
    assert many.total <= few.total <= 40
    lines = zhao.get(f"/desk/ledgers/accounts/{mine.pk}").content.decode()
    assert "奖励积分" in lines and f"/desk/ledgers/transfers/{row.pk}" in lines
    one = f"/desk/ledgers/transfers/{row.pk}"
    assert "打扫楼道" in zhao.get(one).content.decode()
    assert zhao.post(one, {"reason": ""}).status_code == 422
    assert zhao.post(one, {"reason": "记错了人"}).status_code == 302 and shop.balance("甲") == 0
    assert "后来更正了" in zhao.get(one).content.decode()
    # Whoever has nothing to do with these books learns nothing of them.
    for url in (f"{PAGE}?place={shop.lake}", one, f"/desk/ledgers/accounts/{mine.pk}"):
        assert Desk(shop.world).of("钱立").get(url).status_code == 404
        assert Desk(shop.world).of("马东").get(url).status_code == 404


def test_what_waits_is_confirmed_by_another_and_a_holder_sees_their_own(shop, client):
    zhao, street = Desk(shop.world).of("赵兰"), Desk(shop.world).of("周敏")
    given = {"do": "enter", "entry": "award_large", "key": "b", "amount": "200", "who-resident": str(shop.ids["甲"])}
    zhao.post(PAGE, given | {"reason": "救人"})
    row = Transfer.objects.get()
    here = f"{PAGE}?place={shop.lake}"
    assert "确认入账" not in zhao.get(here).content.decode() and "确认入账" in street.get(here).content.decode()
    assert street.post(here, {"do": "confirm", "transfer": row.pk}).status_code == 302 and shop.balance("甲") == 200
    client.post("/me/phone", {"phone": PHONES["甲"]})
    from gezhi.engines.workflows import phones
    from gezhi.foundation.people import crypto

    mark = crypto.blind("phone", PHONES["甲"])
    client.post("/me/phone", {"mine": mark.hex(), "digits": phones.digits_for(mark), "tail": ""})
    mine = client.get("/me").content.decode()
    assert "爱心积分" in mine and "200 分" in mine and "大额奖励" in mine
