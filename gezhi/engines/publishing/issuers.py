"""In whose name a seat writes: the unit of the seat, or the place it serves; and the name that signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gezhi.foundation import events as log
from gezhi.foundation import people, places
from gezhi.foundation.people import Actor
from gezhi.foundation.people.models import Person

_ENDINGS = (
    "街道办事处",
    "社区居民委员会",
    "村民委员会",
    "居民委员会",
    "街道",
    "社区",
    "镇",
    "乡",
    "县",
    "市",
    "区",
    "村",
)


@dataclass(frozen=True)
class Issuer:
    """`level`: county | town | village | unit (a seat of an organisation); `facts`: issuer.* for templates."""

    place_id: int
    level: str
    facts: Mapping[str, str]


def of_seat(seat_id: int) -> Issuer:
    """Who speaks when this seat writes. A grid's or building's seat speaks for its village."""
    directory, known = people.directory(), places.directory()
    seat = directory.seat(seat_id)
    path = known.path(seat.place_id)
    place = next(
        (id for id in (path.village_id, path.town_id, path.county_id) if id is not None), seat.place_id
    )  # fmt: skip
    info = known.place(place)
    organisation = directory.organisations.get(seat.organisation_id) if seat.organisation_id else None
    level = "unit" if organisation else info.kind if info.kind in ("county", "town", "village") else "county"
    name = places.short_name(info.name)
    county = known.get(path.county_id) if path.county_id is not None else None
    return Issuer(
        place,
        level,
        {
            "issuer.place": name,
            "issuer.short": organisation.short or organisation.name if organisation else _short(name),
            "issuer.county": county.name if county is not None and county.id != place else "",
            "issuer.unit": organisation.name if organisation else "",
            "issuer.seat": seat.label,
        },
    )


def signer_name(actor: Actor) -> str:
    """The signer's own name, as it stands on paper: signing is an official act, done by name."""
    ref = Person.objects.filter(pk=actor.person_id).values_list("name_ref", flat=True).first()
    return (log.read_private([ref])[ref] if ref else None) or actor.name


def _short(name: str) -> str:
    for ending in _ENDINGS:
        if name.endswith(ending) and len(name) > len(ending) + 1:
            return name[: -len(ending)]
    return name
