"""M131 服务队与活动: a person in two teams counts once; hours are posted once per slot."""

from __future__ import annotations

from gezhi.engines.ledger.schema import ledger
from gezhi.engines.matching import access
from gezhi.engines.matching.models import Partner
from gezhi.engines.matching.writing import save
from gezhi.engines.registers import figures
from gezhi.flows import postings
from gezhi.foundation import db, events, subjects
from tests.mechanisms import mechanism
from tests.mechanisms.books import SYSTEM, balance, entered, posted, served, somebody, work

pytestmark = mechanism("M131", file="packs/mengzhou/ledgers/team_hours.yaml")
BOOK = "team_hours"


def test_two_teams_one_person_one_slot_one_posting(county, at_ten):
    world = county("mengzhou")
    one = somebody(world, "甲某", "lake", "service_team", {"team": "红领巾队"})
    subjects.enter("service_team", one.pk, {"team": "护河队"}, actor=SYSTEM)
    two = somebody(world, "乙某", "lake", "service_team", {"team": "护河队"})
    teams = figures.figures(world.actor("赵兰"), "service_team", "team", place_id=world.places["lake"])
    assert (teams.whole.lines, len(teams.whole.subjects)) == (3, 2) and {
        c.said: len(c.subjects) for c in teams.cuts
    } == {
        "红领巾队": 1,
        "护河队": 2,
    }
    assert ledger(BOOK).asset_of("member").said(90) == "90 分钟"
    first = served(world, "team_activity", "2026-11-20 09:00", 90, [one])
    second = served(world, "team_activity", "2026-11-20 09:00", 90, [one, two])
    work()
    assert posted(BOOK) == 0  # planned is not served
    entered(first, world, at_ten)
    entered(second, world, at_ten)
    work()
    assert (balance(BOOK, one), balance(BOOK, two), posted(BOOK), balance(BOOK, "served")) == (90, 90, 2, -180)
    # Another slot of the same day is another hour; reading everything again posts nothing.
    entered(served(world, "team_activity", "2026-11-20 14:00", 30, [one]), world, at_ten)
    work()
    postings.agree({f"session:{first.pk}", f"session:{second.pk}"})
    assert (balance(BOOK, one), posted(BOOK)) == (120, 3)
    # The first list was wrong: the other one still says that they were there.
    away(world, first, one)
    work()
    assert balance(BOOK, one) == 120
    # Both were wrong.
    away(world, second, one)
    work()
    assert (balance(BOOK, one), balance(BOOK, two)) == (30, 90) and events.verify().clean


def away(world, session, who) -> None:
    """The list says that a helper was not there after all."""
    with db.write():
        row = access.locked(session.pk)
        partner = Partner.objects.get(session=row, subject_id=who.pk)
        partner.away = True
        partner.save()
        told = {f"partner:{partner.number}": {"subject_id": who.pk, "away": True}}
        save(row, "session.helper_away", told, actor=world.actor("赵兰"))
