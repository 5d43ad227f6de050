"""The notices room: who is told what, in the app at once and outside it when it suits them.

notices.post([Draft(...)])            # inside the caller's write: rows in the app, and what is to go out
notices.unread(person_id)             # the bell, one query
notices.guard("case")(fn)             # who may still see what a notice is about, asked again when it is sent
sending.send_due()                    # the worker's turn: nothing is sent inside a request

docs/rules/notices.md
"""

from gezhi.foundation.late import late

# Modules that need tables are loaded on first use.
_LATE = {
    "Draft": "posting",
    "Shown": "queries",
    "channels_ready": "posting",
    "decline": "choosing",
    "failures": "queries",
    "guard": "guards",
    "inbox": "queries",
    "mark_read": "choosing",
    "post": "posting",
    "put_away": "forgetting",
    "retry": "choosing",
    "take_back": "forgetting",
    "told_already": "forgetting",
    "unread": "queries",
    "unread_about": "forgetting",
}

__all__ = list(_LATE)

_find = late(__name__, _LATE)


def __getattr__(name: str):
    return _find(name)
