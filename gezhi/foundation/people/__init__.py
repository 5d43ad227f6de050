"""The people room: persons, posts, seats, who answers for what, signing in, secrets.

    directory().effective(seat, at, unlike={doer})      # who does it: persons, never the doer
    actor_for(person_id).may("case.see", path)          # this person, this act, here
    actions.appoint(...), leave, substitute, vacate     # the only writers; each is an event
    crypto.seal(text, aad), crypto.blind("phone", ...)  # secrets; keys lie outside GEZHI_HOME
    reveal(ref, actor=, purpose=, about=, field=)       # a masked value, seen by name and reason

docs/rules/seats.md, docs/rules/secrets.md
"""

from gezhi.foundation.late import late

# Modules that need tables or settings are loaded on first use: settings import `people.keys`.
_LATE = {
    "Actor": "actor",
    "COLUMNS": "actor",
    "Effective": "records",
    "Grant": "actor",
    "POWERS": "actor",
    "People": "snapshot",
    "PersonInfo": "records",
    "PostInfo": "records",
    "SeatInfo": "records",
    "actor_for": "actor",
    "change_password": "signin",
    "current_person": "signin",
    "demo_people_exist": "demo",
    "directory": "snapshot",
    "grid_roles": "queries",
    "hand_over_list": "queries",
    "has_administrators": "founding",
    "issue_token": "tokens",
    "on_duty": "roster",
    "label_on": "queries",
    "on_leave": "changing",
    "person_for_token": "tokens",
    "resident": "actor",
    "reveal": "revealing",
    "reveal_name": "revealing",
    "reveals": "revealing",
    "revoke_token": "tokens",
    "roles_at": "queries",
    "began_lately": "signin",
    "first_step": "signin",
    "half_signed": "signin",
    "second_step": "signin",
    "sign_in": "signin",
    "start_half": "signin",
    "unfinished": "second_factor",
    "sign_out": "signin",
    "sign_out_everywhere": "signin",
    "start_session": "signin",
    "sync_posts": "posts",
    "system": "actor",
}

__all__ = list(_LATE)

_find = late(__name__, _LATE)


def __getattr__(name: str):
    return _find(name)
