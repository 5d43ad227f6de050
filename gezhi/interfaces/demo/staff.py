"""Seats and synthetic people of the demo county, and the demo sign-ins."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from gezhi.foundation import packs, people, places
from gezhi.foundation.people import actions
from gezhi.foundation.people.posts import open_organisations_of
from gezhi.interfaces.demo import standing
from gezhi.interfaces.demo.matters import name_of, phone_of

PASSWORD = "gezhi-demo"  # published on purpose: a production start refuses while it works
COUNTY = "410883"
TOWN = "410883001"
# username -> (post, where); where is "county", "town", "village", "grid" or an organisation's code
SIGN_INS = {
    "county": ("county_dispatcher", "county"),
    "street": ("street_officer", "town"),
    "secretary": ("village_secretary", "village"),
    "grid": ("grid_worker", "grid"),
    # Two who decide: what is put to the county (挂账), and what a street proposes not to accept (不予受理).
    "director": ("county_director", "county"),
    "leader": ("town_secretary", "town"),
    "department": ("department", "city_management"),
    "auditor": ("auditor", "county"),
    "admin": ("admin", "county"),
}


def fill(since: datetime) -> dict[str, int]:
    """Open the seats of the county and appoint people to them from `since` on; returns person ids by sign-in."""
    actor = people.system("setup")
    known = places.directory()
    county = known.by_code(COUNTY)
    assert county is not None
    numbers = count(1)
    for name in packs.registry().names("posts"):
        people.sync_posts(packs.registry().body("posts", name), actor=actor)

    def persons(n: int) -> list[int]:
        # A name to act under (`gezhi demo work`), but no password: only the demo accounts can sign in.
        rows = [actions.NewPerson(name_of(k), phone_of(k), f"p{k:04d}") for k in (next(numbers) for _ in range(n))]
        return actions.create_people(rows, actor=actor, synthetic=True)

    actions.open_root("county_director", county, persons(2), actor=actor, since=since)
    towns = known.children(county)
    organisations = packs.registry().body("posts", "standard-county")["organisations"]
    of_units = [
        seat for place in (county, *towns) for seat in open_organisations_of(organisations, place, actor=actor).values()
    ]
    wanted = [actions.NewSeat(post, county) for post in ("county_dispatcher", "auditor", "admin")]
    for town in towns:
        wanted += [actions.NewSeat("town_secretary", town), actions.NewSeat("street_officer", town)]
        for village in known.children(town):
            wanted.append(actions.NewSeat("village_secretary", village))
            if village % 3 == 0:
                wanted.append(actions.NewSeat("village_mediator", village))
    staffing = places.staffing(packs.registry().body("places", "mengzhou"))
    wanted += [actions.NewSeat(s.post, s.place_id) for s in staffing]
    how_many = {(s.post, s.place_id): s.count for s in staffing}
    seats = actions.open_seats(wanted, actor=actor, at=since)
    terms = [(seat, 1) for seat in of_units]
    for seat, row in zip(seats, wanted, strict=True):
        # The duty desks of county and streets have two, so that one can verify what the other did.
        default = 2 if row.post in ("county_dispatcher", "street_officer") else 1
        terms.append((seat, how_many.get((row.post, row.place_id), default)))
    everybody = iter(persons(sum(n for _s, n in terms)))
    actions.appoint_many(
        [actions.NewTerm(seat, next(everybody), since, None) for seat, n in terms for _ in range(n)], actor=actor
    )
    standing.duty_roster(demo_place("town"), persons, since, actor)
    standing.party_tree(demo_place("village"), persons, since, actor)
    return sign_ins(actor)


def demo_place(kind: str) -> int:
    """The demo's county, street, community or grid: those the sign-ins work in."""
    known = places.directory()
    town = known.by_code(TOWN)
    county = known.by_code(COUNTY)
    assert town is not None and county is not None
    # A community with several grids and with buildings: plates to scan, another grid's worker to verify.
    village = max(
        known.children(town),
        key=lambda v: (
            any(known.get(p).kind == "building" for p in known.descendants(v)),
            min(sum(known.get(c).kind == "grid1" for c in known.children(v)), 3),
            -v,
        ),
    )
    grid = next(c for c in known.children(village) if known.get(c).kind == "grid1")
    return {"county": county, "town": town, "village": village, "grid": grid}[kind]


def villages() -> list[int]:
    """The demo's own village, then those beside it."""
    known, first = places.directory(), demo_place("village")
    beside = [id for id in known.children(known.parent(first) or first) if known.get(id).kind == "village"]
    return [first, *(id for id in beside if id != first)]


def unit_seat(code: str, place: int) -> int:
    """The seat of the unit of this code that serves a place: of the town (codes town_…) or of the county."""
    directory = people.directory()
    organisation = directory.organisation(code, place)
    assert organisation is not None, code
    post = "town_unit" if code.startswith("town_") else "department"
    return next(s.id for s in directory.seats_at(organisation.place_id, post) if s.organisation_id == organisation.id)


def sign_ins(actor: people.Actor) -> dict[str, int]:
    """Give the demo accounts to those who sit in their seats."""
    directory = people.directory()
    found: dict[str, int] = {}
    for username, (post, where) in SIGN_INS.items():
        if where in ("county", "town", "village", "grid"):
            seat = directory.seats_at(demo_place(where), post)[0].id
        else:
            seat = unit_seat(where, demo_place("county"))
        found[username] = directory.holders(seat)[0]
        actions.set_username(found[username], username, actor=actor)
        actions.set_password(found[username], PASSWORD, actor=actor)
    return found
