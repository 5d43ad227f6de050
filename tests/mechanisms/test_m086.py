"""M086 助学金与应急备用金, M194 募集资金 崇文重教: gifts with receipts into an earmarked fund, 300 to 500 yuan for a student, the
reserve for hardship only; donors are named by consent."""

from __future__ import annotations

from django.test import Client

from gezhi.engines.ledger import entries, queries
from gezhi.engines.ledger.models import Account
from gezhi.foundation import events, subjects
from tests.engines.matching.conftest import refused
from tests.interfaces.desk.conftest import Desk
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, entered_by_two, somebody, work

BOOK = "study_fund"


@mechanism("M086", file="packs/yueshi-village/ledgers/study_fund.yaml")
@mechanism("M086", file="packs/yueshi-village/registers/study_award.yaml")
@mechanism("M194", file="packs/yueshi-village/ledgers/study_fund.yaml")
@mechanism("M194", file="packs/yueshi-village/registers/study_donation.yaml")
def test_gifts_are_earmarked_rewards_stay_within_300_to_500_and_the_reserve_is_for_hardship(county):
    world = county("yueshi-village")
    lake, zhao = world.places["lake"], world.actor("赵兰")

    def given(name: str, yuan: int, receipt: str, **more: object) -> int:
        row = subjects.add("matter", {"name": name}, actor=zhao, place_id=lake, synthetic=True)
        values = {"amount": yuan, "given_on": "2026-11-17", "receipt": receipt, **more}
        return subjects.enter("study_donation", row.pk, values, actor=zhao).pk

    line = given("第 1 笔", 800, "J-001", agreed=True, shown_as="甲先生")
    given("第 2 笔", 500, "J-002", shown_as="乙女士")  # did not agree
    with refused("subject.one_only"):  # every gift has its own receipt
        given("第 3 笔", 100, "J-001")
    with refused("subject.values"):
        given("第 4 笔", 100, "")
    work()
    work()
    assert balance(BOOK, "fund") == 1300_00 and balance(BOOK, "gift") == -1300_00
    assert [t.entry for t in queries.about(f"entry:{line}")] == ["given"]
    page = Client().get("/open/study_donation").content.decode()
    assert "甲先生" in page and "乙女士" not in page and "800" in page and "500" in page
    fund = Account.objects.get(ledger=BOOK, kind="fund")
    shown = Desk(world).of("赵兰").get(f"/desk/ledgers/accounts/{fund.pk}").content.decode()
    assert shown.count("收到捐款") == 2 and "1,300.00 元" in shown
    student, other = (somebody(world, name, "lake", "study_award", {"school": "中学"}) for name in ("丙某", "丁某"))
    entries.enter(BOOK, "keep_back", lake, 600_00, actor=zhao, key="back", reason="应急")
    for yuan in (299, 501):
        with refused("ledger.invalid"):
            entered_by_two(world, BOOK, "reward", yuan, student=student)
    entered_by_two(world, BOOK, "reward", 300, student=student)
    with refused("ledger.short"):  # 400 are left for rewards; the reserve is not drawn
        entered_by_two(world, BOOK, "reward", 500, student=other)
    assert (balance(BOOK, "fund"), balance(BOOK, "reserve")) == (400_00, 600_00)
    entered_by_two(world, BOOK, "hardship", 600, student=other)
    with refused("ledger.short"):
        entered_by_two(world, BOOK, "hardship", 1, student=other)
    # A gift entered by mistake is taken back, by a reversal that stays in sight.
    subjects.withdraw_entries(
        [subjects.Entry.objects.get(register="study_donation", values__receipt="J-002").pk], actor=SYSTEM
    )
    work()
    assert balance(BOOK, "fund") == 400_00  # spent money is not taken below zero: it is listed
    assert len(queries.unbacked(BOOK, lake, actor=zhao)) == 1
    assert events.verify().clean
