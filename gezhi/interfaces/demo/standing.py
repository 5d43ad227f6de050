"""What stands in the demo besides cases: the duty roster of its street and the party tree of its community."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from gezhi.foundation import people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.people import actions

TREE = "xinhua-party"
WEEKS_AHEAD = 13


def duty_roster(town: int, persons: Callable[[int], list[int]], since: datetime, actor: people.Actor) -> None:
    """Seats of the roster and three months of shifts from `since` on: five officers, three leading officers."""
    leader, officer = actions.open_seats(
        [actions.NewSeat("duty_leader", town), actions.NewSeat("duty_officer", town)], actor=actor, at=since
    )
    first = clock.local(since).date()
    last = first + timedelta(weeks=WEEKS_AHEAD)
    everybody = persons(8)
    whole_days = actions.Pattern(workday=actions.Pattern().restday)  # a leading officer has the day round
    actions.plan_rotation(officer, everybody[:5], first, last, actor=actor)
    actions.plan_rotation(leader, everybody[5:], first, last, actor=actor, pattern=whole_days)


def party_tree(village: int, persons: Callable[[int], list[int]], since: datetime, actor: people.Actor) -> None:
    """A committee, a branch for each grid, a group and two households for each building; one group has no leader."""
    known = places.directory()

    def add(rows: list[actions.NewBranch]) -> list[int]:
        return actions.add_branches(TREE, rows, actor=actor, at=since)

    name = places.short_name(known.place(village).name)
    (root,) = add([actions.NewBranch("party", f"{name}党委", "community_committee", village)])
    grids = [place for place in known.children(village) if known.place(place).kind == "grid1"]
    branches = add([actions.NewBranch("party", f"{known.place(g).name}党支部", "grid_branch", g, root) for g in grids])
    branch_of = dict(zip(grids, branches, strict=True))
    buildings = {
        place: branch_of[up]
        for place in known.descendants(village)
        if known.place(place).kind == "building"
        for up in known.ancestors(place)
        if up in branch_of
    }
    groups = add(
        [
            actions.NewBranch("party-group", f"{known.place(b).name}党小组", "courtyard_group", b, branch)
            for b, branch in buildings.items()
        ]
    )
    homes = add(
        [
            actions.NewBranch(f"party-home-{n}", f"{known.place(b).name}中心户 {n}", "member_household", b, group)
            for b, group in zip(buildings, groups, strict=True)
            for n in (1, 2)
        ]
    )
    wanted = [actions.NewSeat("committee_secretary", village, root)]
    wanted += [actions.NewSeat("branch_secretary", g, branch) for g, branch in branch_of.items()]
    wanted += [actions.NewSeat("group_leader", b, group) for b, group in zip(buildings, groups, strict=True)]
    wanted += [
        actions.NewSeat("household_member", b, home)
        for b, home in zip([b for b in buildings for _n in (1, 2)], homes, strict=True)
    ]
    seats = actions.open_seats(wanted, actor=actor, at=since)
    vacant = next((n for n, row in enumerate(wanted) if row.post == "group_leader"), -1)
    held = [seat for n, seat in enumerate(seats) if n != vacant]
    terms = [actions.NewTerm(seat, person, since) for seat, person in zip(held, persons(len(held)), strict=True)]
    actions.appoint_many(terms, actor=actor)
