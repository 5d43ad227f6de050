"""M062 孤寡残障免费理发·节日慰问: festivals on their lunar days every year; each listed person one visit a festival, none
for who has died or moved."""

from datetime import UTC, date, datetime, timedelta

from gezhi.engines.duties import actions, closing
from gezhi.engines.duties.models import Done
from gezhi.engines.duties.schema import rule
from gezhi.foundation import calendar, subjects
from tests.mechanisms import mechanism
from tests.mechanisms.duties import SYSTEM, enter, owed, person, publish, standing

pytestmark = mechanism("M062", file="packs/songxi/duties/festival-visit.yaml")


def test_festivals_fall_on_their_days_and_each_person_has_one_visit(county, at_ten):
    world = county("songxi")
    publish()
    known = rule("festival-visit")
    for year in range(2024, 2044):
        days = [p.last for p in known.periods(date(year, 1, 1), date(year, 12, 31)) if p.last.year == year]
        wanted = calendar.lunar_festivals(year)
        assert days == sorted(wanted[name] for name in ("春节", "端午节", "中秋节"))
    stays, moves, dies = (person(world, name) for name in ("秦老", "吴老", "钱老"))
    for who in (stays, moves, dies):
        enter("care_group", who, kind="lonely")
    at_ten.move_to(datetime(2027, 2, 3, 1, tzinfo=UTC))  # 春节 is 6 February: three days before
    assert {o.subject_id for o in owed(world, "赵兰", "festival-visit")} == {stays.pk, moves.pk, dies.pk}
    subjects.end_subject(moves.pk, "moved_out", actor=SYSTEM, on=date(2027, 2, 3))
    at_ten.shift(timedelta(days=1))
    actions.fulfil("festival-visit", stays.pk, "2027L1-1", {}, actor=world.actor("赵兰"))
    subjects.end_subject(dies.pk, "died", actor=SYSTEM, on=date(2027, 2, 4))
    assert owed(world, "赵兰", "festival-visit") == []
    at_ten.shift(timedelta(days=5))
    closing.close_windows()
    assert [(d.subject_id, d.state) for d in Done.objects.filter(rule="festival-visit")] == [(stays.pk, "done")]
    assert standing("festival-visit", date(2027, 2, 6)).due == 1
    assert standing("festival-visit", date(2027, 6, 8)).due == 1  # 端午: who is left
