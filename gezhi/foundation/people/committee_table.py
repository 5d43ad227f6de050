"""The new committee from a pasted table: 席位, 姓名, 电话, one person a line. Reading changes nothing.

A seat is meant by its label (湖滨社区书记), its title (书记) or title and number (委员 2); a person by phone, else by
a name only one person bears, else they are new. 空缺 or - as the name leaves the seat vacant.
"""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

from django.utils.translation import gettext as _

from gezhi.foundation.errors import Invalid

from . import crypto, refusals
from .actor import Actor
from .changing import need_to_manage
from .models import Person
from .queries import seats_within
from .records import SeatInfo

MOST = 200
_HEADINGS = {"席位", "岗位", "职务", "seat", "post"}
_VACANT = {"空缺", "-", "—", "——", "vacant"}
_SPLIT = re.compile(r"[\t,，;；|]|[ \u3000]{2,}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line read: whom it puts where; `problem` in words when it cannot be used. `new`: to be entered."""

    line: int
    seat_id: int | None
    seat: str
    name: str
    phone: str
    person_id: int | None
    new: bool
    problem: str = ""

    @property
    def vacant(self) -> bool:
        return self.person_id is None and not self.new and not self.problem


def read_table(text: str, place_id: int, *, actor: Actor) -> list[Row]:
    """The rows of a pasted table, each with its problem when it has one (two queries).

    Raises Invalid people.table_long, NotAllowed, NotFound people.no_place.
    """
    need_to_manage(actor, place_id)
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(lines) > MOST:
        raise refusals.TABLE_LONG(most=MOST)
    cells = [(number, _cells(line)) for number, line in lines]
    cells = [(number, found) for number, found in cells if found[0].lower() not in _HEADINGS]
    seats = _seats(place_id)
    by_phone, by_name = _known([found for _number, found in cells])
    rows = [_row(number, found, seats, by_phone, by_name) for number, found in cells]
    taken: set[tuple[int | None, str, str]] = set()
    checked = []
    for row in rows:
        key = (row.seat_id, row.name, row.phone)
        if not row.problem and key in taken:
            row = _wrong(row, _("这个人在这个席位上写了两次。"))
        taken.add(key)
        checked.append(row)
    return checked


def _cells(line: str) -> tuple[str, str, str]:
    found = [cell.strip() for cell in _SPLIT.split(line)]
    if len(found) == 1:  # single spaces: the last words are phone and name, titles hold no space
        found = line.split()
    found += ["", "", ""]
    return found[0], found[1], found[2]


def _seats(place_id: int) -> dict[str, list[SeatInfo]]:
    names: dict[str, list[SeatInfo]] = defaultdict(list)
    bare: dict[str, list[SeatInfo]] = defaultdict(list)
    for seat in seats_within(place_id):
        if seat.closed:
            continue
        words = {_plain(seat.label)}
        if seat.place_id == place_id and not seat.in_tree:  # a bare title means the place's own seat, nobody else's
            words.add(_plain(seat.titles[0] + seat.mark))
            bare[_plain(seat.titles[0])].append(seat)
        for word in words:
            names[word].append(seat)
    return bare | names  # of twins the one without a number is meant by the bare title


def _plain(text: str) -> str:
    return "".join(text.split())


def _known(cells: list[tuple[str, str, str]]) -> tuple[dict[bytes, list[tuple[int, bytes]]], dict[bytes, list[int]]]:
    """Active persons by the blind index of phone and of name."""
    phones, names = set(), set()
    for _seat, name, phone in cells:
        if name:
            names.add(crypto.blind("name", name))
        if phone:
            with suppress(Invalid):  # said at its row
                phones.add(crypto.blind("phone", phone))
    by_phone: dict[bytes, list[tuple[int, bytes]]] = defaultdict(list)
    by_name: dict[bytes, list[int]] = defaultdict(list)
    people = Person.objects.filter(active=True)
    for id_, held, called in people.filter(phone_hash__in=phones).values_list("id", "phone_hash", "name_hash"):
        by_phone[bytes(held or b"")].append((id_, bytes(called)))
    for id_, called in people.filter(name_hash__in=names).order_by("id").values_list("id", "name_hash"):
        by_name[bytes(called)].append(id_)
    return by_phone, by_name


def _row(
    number: int,
    cells: tuple[str, str, str],
    seats: dict[str, list[SeatInfo]],
    by_phone: dict[bytes, list[tuple[int, bytes]]],
    by_name: dict[bytes, list[int]],
) -> Row:
    words, name, phone = cells
    found = seats.get(_plain(words), [])
    row = Row(number, found[0].id if len(found) == 1 else None, words, name, phone, None, new=False)
    if len(found) != 1:
        return _wrong(row, _("这里没有这个席位。") if not found else _("有几个这样的席位，请写全名或编号。"))
    if name.lower() in _VACANT:
        return row
    if not name:
        return _wrong(row, _("没有写姓名；留空的席位请写“空缺”。"))
    name_hash = crypto.blind("name", name)
    if phone:
        try:
            there = by_phone.get(crypto.blind("phone", phone), [])
        except Invalid:
            return _wrong(row, _("电话不对。"))
        same = [id_ for id_, known in there if known == name_hash]
        if len(same) == 1:
            return _person(row, same[0])
        if there:
            return _wrong(row, _("这个电话登记的是另一个人。"))
        return Row(number, row.seat_id, words, crypto.normalise_name(name), phone, None, new=True)
    there_by_name = by_name.get(name_hash, [])
    if len(there_by_name) == 1:
        return _person(row, there_by_name[0])
    if there_by_name:
        return _wrong(row, _("同名的有几位，请加上电话。"))
    return Row(number, row.seat_id, words, crypto.normalise_name(name), "", None, new=True)


def _person(row: Row, person_id: int) -> Row:
    return Row(row.line, row.seat_id, row.seat, row.name, row.phone, person_id, new=False)


def _wrong(row: Row, problem: str) -> Row:
    return Row(row.line, row.seat_id, row.seat, row.name, row.phone, None, new=False, problem=problem)
