"""The only writers of the room. Every change is an event and moves the revision "people".

`actor` is keyword-only and never None: seeds and imports act as `system("setup")`.
"""

from .changing import on_leave, settle
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

__all__ = [
    "REASONS",
    "NewOrganisation",
    "NewPerson",
    "NewSeat",
    "NewTerm",
    "appoint",
    "appoint_many",
    "close_seat",
    "create_people",
    "create_person",
    "deactivate",
    "end_substitute",
    "find_by_name",
    "find_by_phone",
    "leave",
    "on_leave",
    "open_organisation",
    "open_organisations",
    "open_root",
    "open_seat",
    "open_seats",
    "reactivate",
    "renew",
    "set_contact",
    "set_language",
    "set_password",
    "set_username",
    "settle",
    "substitute",
    "sync_posts",
    "vacate",
]
