"""Refusals: what happened, why, and what to do next, under a code that stays the same for ever.

register("case.stale", 409, _("..."), _("..."), _("..."))     # once, where the rule lives
raise Conflict("case.stale", number="2026-1186")                # facts fill {number} in the sentences
"""

from .catalogue import ALL, Entry, register
from .refusals import (
    Conflict,
    Flawed,
    Invalid,
    NotAllowed,
    NotFound,
    Problem,
    Refusal,
    SignInNeeded,
    TooLarge,
    TooMany,
    Unavailable,
    as_json,
)

__all__ = [
    "ALL", "Conflict", "Entry", "Flawed", "Invalid", "NotAllowed", "NotFound", "Problem", "Refusal",
    "SignInNeeded", "TooLarge", "TooMany", "Unavailable", "as_json", "register",
]  # fmt: skip
