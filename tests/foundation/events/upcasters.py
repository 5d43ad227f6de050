"""Two old shapes of the demonstration kinds in corpus.jsonl, and how they read today.

Version 1 knew `title`; version 2 calls it `name`; version 3 measures in grams and the event is called
`crate.opened`.
"""

from __future__ import annotations

from gezhi.foundation.events import upcaster


@upcaster("crate.made", 1)
def title_is_name(patch: dict) -> dict:
    patch["name"] = patch.pop("title")
    return patch


@upcaster("crate.made", 2, to_kind="crate.opened")
def kilograms_are_grams(patch: dict) -> dict:
    if "kilograms" in patch:
        patch["grams"] = round(patch.pop("kilograms") * 1000)
    return patch


@upcaster("crate.moved", 1)
def place_is_a_pair(patch: dict) -> dict:
    patch["place"] = [patch.pop("town"), patch.pop("village", None)]
    return patch
