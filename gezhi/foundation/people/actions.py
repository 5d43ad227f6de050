"""The only writers of the room. Every change is an event and moves the revision "people".

`actor` is keyword-only and never None: seeds and imports act as `system("setup")`.
"""

from .changing import on_leave, settle
from .committee import change_committee, replace_committee
from .duty import NewShift, Pattern, cancel, plan_rotation, plan_shifts, relieve, swap
from .duty_notes import hand_over_shift, take_over_note
from .persons import (
    NewPerson,
    create_people,
    create_person,
    find_by_name,
    find_by_phone,
    reactivate,
    set_contact,
    set_language,
    set_password,
    set_username,
)
from .posts import sync_posts
from .seats import (
    NewOrganisation,
    NewSeat,
    close_seat,
    open_organisation,
    open_organisations,
    open_root,
    open_seat,
    open_seats,
)
from .terms import (
    REASONS,
    NewTerm,
    appoint,
    appoint_many,
    deactivate,
    end_substitute,
    leave,
    renew,
    substitute,
    vacate,
)
from .trees import NewBranch, add_branch, add_branches, move_branch, remove_branch

__all__ = [
    "REASONS",
    "NewBranch",
    "NewOrganisation",
    "NewPerson",
    "NewSeat",
    "NewShift",
    "NewTerm",
    "Pattern",
    "add_branch",
    "add_branches",
    "appoint",
    "appoint_many",
    "cancel",
    "change_committee",
    "close_seat",
    "create_people",
    "create_person",
    "deactivate",
    "end_substitute",
    "find_by_name",
    "find_by_phone",
    "hand_over_shift",
    "leave",
    "move_branch",
    "on_leave",
    "open_organisation",
    "open_organisations",
    "open_root",
    "open_seat",
    "open_seats",
    "plan_rotation",
    "plan_shifts",
    "reactivate",
    "relieve",
    "remove_branch",
    "renew",
    "replace_committee",
    "set_contact",
    "set_language",
    "set_password",
    "set_username",
    "settle",
    "substitute",
    "swap",
    "sync_posts",
    "take_over_note",
    "vacate",
]
