"""The form of an action as the desk draws it: seats and categories to choose from, conditions as data for the script.

What may be asked comes from the definition (`queries.possible`); here it is only given its choices and its first value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gezhi.engines.workflows import registering
from gezhi.engines.workflows.models import Case
from gezhi.foundation import expressions, packs, people, places
from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.forms import Field, Form
from gezhi.foundation.people import posts
from gezhi.interfaces.site.fields import MANY

LIMITS = ("4 work_hour", "1 work_day", "2 work_day", "3 work_day", "5 work_day", "10 work_day")
PLACES_OFFERED = 200
ABOUT = "about"  # whom a complaint names: anybody
STANDING = ("urgent",)  # ticks that a matter has already: shown as they stand
GRIDS_OFFERED = 60  # of a village; more nobody reads


@dataclass(frozen=True)
class Drawn:
    """A field for `{% field %}`: `spec` with choices, `value`, `error`, and `when` as JSON {field: [values]}."""

    spec: dict[str, Any]
    value: Any
    error: str
    when: str
    groups: list[tuple[str, list[dict[str, str]]]]

    @property
    def title(self) -> str:
        """The question in the reader's language."""
        return titled(self.spec["title"])

    @property
    def many(self) -> bool:
        """Whether several may be chosen."""
        return self.spec["type"] in MANY

    @property
    def chosen(self) -> str:
        """The value as an option's value."""
        return str(self.value)


def drawn(
    form: Form,
    case: Case,
    *,
    data: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    first: Mapping[str, Any] | None = None,
) -> list[Drawn]:
    """Every field of the form with its choices. `data`: what was typed; `first`: suggested first values."""
    data, errors, first = data or {}, errors or {}, first or {}
    found = []
    for asked in form.fields:
        value = data.get(asked.id) if asked.id in data else first.get(asked.id, asked.default)
        stands = asked.type == "truth" and asked.id in STANDING
        if stands:
            # The tick is as the matter stands; a form that shows it says so, and no tick then means no.
            value = str(value).lower() == "true" if asked.id in data else bool(getattr(case, asked.id))
        spec: dict[str, Any] = {
            "id": asked.id,
            "title": dict(asked.title),
            "type": asked.type,
            "required": asked.required,
            "required_when": asked.required_when,
            "max": asked.limit or "",
            "help": asked.help,
            "stands": stands,
        }
        groups: list[tuple[str, list[dict[str, str]]]] = []
        if asked.type == "choice":
            spec["choices"] = [{"value": o.value, "title": o.label} for o in asked.choices]
        elif asked.type == "seat":
            groups = seat_groups(case, value, all_of_them=asked.id == ABOUT)
        elif asked.type == "seats":
            groups = seat_groups(case)
        elif asked.type in ("place", "places"):
            groups = place_groups(case)
        elif asked.type == "entry":
            spec["type"] = "seat"  # drawn as a list to choose from
            lines = registering.choices(asked.register or "", case)
            groups = [(_("台账"), [{"value": str(id), "title": label} for id, label in lines])]
        elif asked.type == "category":
            groups = category_groups(value)
        elif asked.type == "limit":
            spec["choices"] = [{"value": text, "title": str(limit_words(text))} for text in LIMITS]
        found.append(
            Drawn(spec, "" if value is None else value, str(errors.get(asked.id, "")), _when(form, asked), groups)
        )
    return found


def titled(title: Mapping[str, str]) -> str:
    """A {zh, en} title in the reader's language."""
    return packs.localised(title)


def limit_words(text: str) -> str:
    """`3 work_day` -> 3 个工作日, in the reader's language."""
    limit = parse_limit(text)
    if limit.by is not None:
        return limit.words
    value = format(limit.value.normalize(), "f")
    words = {
        "urgent_hour": _("{n} 小时（昼夜连着算）"),
        "urgent_day": _("{n} 天（昼夜连着算）"),
        "work_hour": _("{n} 个工作小时"),
        "work_day": _("{n} 个工作日"),
        "calendar_day": _("{n} 天"),
    }[limit.unit.value if hasattr(limit.unit, "value") else str(limit.unit)]
    if limit.unit == "calendar_day" and limit.value == 0:
        return _("当天")
    return words.format(n=value)


def seat_groups(case: Case, chosen: Any = None, *, all_of_them: bool = False) -> list[tuple[str, list[dict[str, str]]]]:
    """Open seats that serve the case's place, nearest level first; a chosen one from elsewhere stays choosable.

    Those whose post handles nothing (an auditor) are left out, unless it is asked whom something is about.
    """
    directory, where = people.directory(), places.directory()
    groups: list[tuple[str, list[dict[str, str]]]] = []
    titles = {"grid": _("网格"), "village": _("社区（村）"), "town": _("街道（乡镇）"), "county": _("县里")}
    for level, column in (("village", case.village_id), ("town", case.town_id), ("county", case.county_id)):
        if column is None:
            continue
        seats = [seat for seat in directory.seats_at(column) if all_of_them or posts.handles(seat.post)]
        if seats:
            groups.append((titles[level], [{"value": str(s.id), "title": s.label} for s in seats]))
    seats = [seat for grid in _grids_of(case, where) for seat in directory.seats_at(grid)]
    if seats:
        groups.append((titles["grid"], [{"value": str(s.id), "title": s.label} for s in seats]))
    known = {option["value"] for _title, options in groups for option in options}
    if chosen and str(chosen) not in known and str(chosen).isdigit() and int(chosen) in directory.seats:
        groups.insert(0, (_("已选"), [{"value": str(chosen), "title": directory.seats[int(chosen)].label}]))
    return groups


def place_groups(case: Case) -> list[tuple[str, list[dict[str, str]]]]:
    """Open places around a case's own, finer ones under the one they lie in: its town's villages and their grids."""
    where = places.directory()
    top = case.town_id or case.county_id
    groups: list[tuple[str, list[dict[str, str]]]] = []
    for above in (top, *(c for c in where.children(top) if where.open(c))):
        here = [p for p in where.children(above) if where.open(p)][:PLACES_OFFERED]
        if here:
            groups.append(
                (where.label(above, "town"), [{"value": str(p), "title": where.label(p, "village")} for p in here])
            )
    return groups


def _grids_of(case: Case, where: places.Directory) -> list[int]:
    """The grid of a case with those it lies in; of a matter that names only its village, every grid there."""
    if case.grid_id is not None and where.get(case.grid_id) is not None:
        around = [case.grid_id, *where.ancestors(case.grid_id)]
    else:
        around = list(where.descendants(case.village_id)) if case.village_id is not None else []
    return [id for id in around if where.get(id).kind in places.GRIDS][:GRIDS_OFFERED]


def category_groups(chosen: Any = None) -> list[tuple[str, list[dict[str, str]]]]:
    """Categories under their group, requests first; the codes of matters and components follow."""
    catalogue = packs.registry().categories
    groups: dict[str, list[dict[str, str]]] = {}
    for scheme in ("request", "matter", "component"):
        for category in catalogue:
            if category.scheme == scheme:
                title = f"{category.l1} › {category.l2}" if category.l2 != category.l1 else category.l1
                groups.setdefault(title, []).append({"value": category.code, "title": category.name})
    return list(groups.items())


def _when(form: Form, asked: Field) -> str:
    """A condition on one choice of the same form, as the values with which the question is asked; else nothing.

    The server decides again in any case (`Form.clean` drops answers to questions that were not asked).
    """
    if asked.when is None:
        return ""
    program = expressions.compile(asked.when, form.types(), expect=expressions.Truth, aliases=form.aliases())
    if len(program.reads) != 1:
        return ""
    (name,) = program.reads
    source = form.get(name)
    if source is None or source.type != "choice":
        return ""
    return json.dumps({name: [o.value for o in source.choices if program.holds({name: o.value})]})
