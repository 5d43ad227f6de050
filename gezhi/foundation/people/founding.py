"""The first administrators of a site: two persons who hold the root and manage people, with one-time passwords.

Two, because the root is two people (adr/0031): so nobody is ever alone with it. The passwords are in no event and no
table but as hashes; whoever runs the command hands them over on paper, and the first sign-in replaces them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gezhi.foundation import db, events, places
from gezhi.foundation.events import GENESIS

from . import passwords, refusals
from .actor import Actor
from .changing import lock
from .persons import NewPerson, create_people
from .seats import NewSeat, open_root, open_seats
from .snapshot import directory
from .terms import NewTerm, appoint_many

STREAM = "site:administrators"


@dataclass(frozen=True)
class Founder:
    """One of the first administrators; `password` is known here and nowhere else, once."""

    person_id: int
    username: str
    password: str


def has_administrators() -> bool:
    """Whether the site has a root that somebody holds."""
    people = directory()
    return people.chain.root is not None and bool(people.holders(people.chain.root))


def found_site(
    place_id: int, names: Sequence[str], *, actor: Actor, usernames: Sequence[str] = (), synthetic: bool = False
) -> list[Founder]:
    """Enter two or more persons, open the root at `place_id` and the seats that manage people, and seat them there.

    Raises Conflict people.founded when there are administrators, Invalid people.two_founders, and as `create_people`
    and `open_root`; all or nothing.
    """
    if len(names) < 2 or len(set(names)) != len(names):
        raise refusals.TWO_FOUNDERS()
    accounts = [*usernames, *(f"admin{n}" for n in range(len(usernames) + 1, len(names) + 1))][: len(names)]
    words = [passwords.one_time() for _name in names]
    with db.write():
        lock()
        if has_administrators() or directory().chain.root is not None:
            raise refusals.FOUNDED()
        posts = directory().posts
        level = places.directory().place(place_id).kind
        root = next((code for code, post in posts.items() if post.root), None)
        if root is None:
            raise refusals.NO_POST(post="root")
        rows = [
            NewPerson(name, username=account, password=word, must_change=True)
            for name, account, word in zip(names, accounts, words, strict=True)
        ]
        persons = create_people(rows, actor=actor, synthetic=synthetic)
        seats = [open_root(root, place_id, persons, actor=actor)]
        managing = [c for c, p in posts.items() if "people.manage" in p.powers and p.level == level and not p.root]
        taken = {seat.post for seat in directory().seats_at(place_id)}
        seats += open_seats([NewSeat(code, place_id) for code in managing if code not in taken], actor=actor)
        appoint_many([NewTerm(seat, person) for seat in seats[1:] for person in persons], actor=actor)
        events.record(STREAM, "site.founded", actor=actor, head=GENESIS, patch={"persons": persons, "seats": seats})
    return [Founder(*row) for row in zip(persons, accounts, words, strict=True)]
