"""Registers out of sheets: who a row is, what it says, whether we know them; filled, updated or merely confirmed.

Registered with foundation.sheets as the target "registers". A row that carries a line's own number updates that line
(无变化 only confirms it); any other row is somebody: known by the number, by phone and name, or new. Undone as one step:
what was entered is withdrawn, what was changed is as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import events, places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Invalid
from gezhi.foundation.forms.numerals import chinese_integer
from gezhi.foundation.places.naming import Namer
from gezhi.foundation.sheets import layouts, problems, targets
from gezhi.foundation.sheets.targets import Ask, Target, Wrong
from gezhi.foundation.subjects import access, definitions
from gezhi.foundation.subjects.definitions import Register
from gezhi.foundation.subjects.lines import clean, clean_kept, kept_values
from gezhi.foundation.subjects.models import UNDONE, Entry, Subject
from gezhi.foundation.subjects.personal import Identity, identity

from .layout import CHANGED, FACTS, NO_CHANGE, NUMBER, layout

SAME = frozenset({NO_CHANGE, "无", "没变化", "没有变化", "一致", "nochange", "no"})
# A number or phone that is in the table with this many rows of one name is not a person's own.
MANY = 3

problems.register(
    {
        "register.said": _("{words}"),
        "register.twice": _("表里前面已经有这一个。"),
        "register.no_number": _("没有登记号 {cell} 这一条，或者它不在您管的范围里。"),
        "register.like": _("和已登记的{label}很像，导入后请看“可能重复”。"),
        "register.known": _("已经登记过，导入后更新那一条。"),
        "register.place_unsure": _("没认出是哪个村或网格，先放在“{place}”。"),
        "register.place_elsewhere": _("“{cell}”不在这次导入的范围“{place}”里。"),
        "register.future": _("登记日期不能晚于今天。"),
    }
)


def _register(ask: Ask) -> Register:
    return definitions.register(ask.layout.options["register"])


def check(values: dict[str, Any], ask: Ask) -> list[Wrong]:
    """Everything that can be said of a row before it counts; the values gain `place_id`."""
    declared = _register(ask)
    if values.get(NUMBER):
        return _check_returned(values, declared, ask)
    wrong: list[Wrong] = []
    who = None
    facts = {name: values[name] for name in FACTS if values.get(name)}
    try:
        who = identity(definitions.kind(declared.of), facts)
    except Invalid as refused:
        wrong += [Wrong(name, "register.said", {"words": str(words)}) for name, words in refused.field_errors.items()]
    wrong += _wrong_values(values, declared)
    if values.get("since") and date.fromisoformat(values["since"]) > clock.today():
        wrong.append(Wrong("since", "register.future", {}))
    wrong += _find_place(values, ask)
    if who is not None:
        wrong += _wrong_person(who, facts, ask)
    return wrong


def _wrong_values(values: Mapping[str, Any], declared: Register) -> list[Wrong]:
    own = {asked.id: values[asked.id] for asked in declared.form if values.get(asked.id) not in (None, "")}
    try:
        clean(declared, own)
    except Invalid as refused:
        return [Wrong(name, "register.said", {"words": str(words)}) for name, words in refused.field_errors.items()]
    return []


def _check_returned(values: dict[str, Any], declared: Register, ask: Ask) -> list[Wrong]:
    number = values[NUMBER]
    lines = ask.memory.get("lines")
    if lines is None:
        where = access.scopes(ask.actor, declared, "edit")
        mine = Entry.objects.filter(access.within(where), register=declared.name, until=None)
        lines = ask.memory["lines"] = set(mine.values_list("pk", flat=True))
    if not number.isdigit() or int(number) not in lines:
        return [Wrong(NUMBER, "register.no_number", {"cell": number[:20]})]
    if number in ask.memory.setdefault("numbers", set()):
        return [Wrong(NUMBER, "register.twice", {})]
    ask.memory["numbers"].add(number)
    given = {a.id: values[a.id] for a in declared.form if values.get(a.id) not in (None, "")}
    _values, errors = declared.form.clean(given)
    return [Wrong(name, "register.said", {"words": str(words)}) for name, words in errors.items() if name in given]


def _wrong_person(who: Identity, facts: Mapping[str, Any], ask: Ask) -> list[Wrong]:
    here = _here(ask)
    mark = who.ident_hash or (who.label, facts.get("name"), who.born, who.phone_hash)
    seen = ask.memory.setdefault("seen", set())
    if mark in seen:
        return [Wrong("id_number" if who.ident_hash else "name", "register.twice", {})]
    seen.add(mark)
    if _match(who, here) is not None:
        return []
    like = here["like"].get((who.label, who.born)) if who.born else None
    if like:
        return [Wrong("name", "register.like", {"label": who.label}, harmless=True)]
    return []


def _here(ask: Ask) -> dict[str, dict[Any, Any]]:
    """Who is known in the import's place: by number, by phone and masked name, by masked name and birthday. One query a pass."""
    if "here" not in ask.memory:
        kind = _register(ask).of
        known: dict[str, dict[Any, Any]] = {"ident": {}, "phone": {}, "like": {}}
        rows = Subject.objects.filter(access.lying(ask.place_id), kind=kind, ended="").order_by("pk")
        for id, label, ident, phone, born in rows.values_list("pk", "label", "ident_hash", "phone_hash", "born"):
            if ident:
                known["ident"][bytes(ident)] = id
            if phone:
                known["phone"].setdefault((bytes(phone), label), []).append(id)
            if born:
                known["like"].setdefault((label, born), []).append(id)
        ask.memory["here"] = known
    return ask.memory["here"]


def _match(who: Identity, here: Mapping[str, Mapping[Any, Any]]) -> int | None:
    """The subject a row is about: by its number; without one by phone and name, when they are one person's."""
    if who.ident_hash is not None:
        return here["ident"].get(who.ident_hash)
    if who.phone_hash is not None:
        found = here["phone"].get((who.phone_hash, who.label), ())
        return found[0] if len(found) == 1 else None
    return None


@lru_cache(maxsize=8)
def _namer(_revision: int, _day: Any, within: int) -> Namer:
    return Namer(places.directory(), within)


_WITH_NUMBER = re.compile(
    r"第?([\d一二三四五六七八九十-]+)号?(微网格|网格|村民小组|小组|组|片区|片)|(微网格|网格|组|片)([\d一二三四五六七八九十-]+)"
)
_SAME_UNIT = {"村民小组": "组", "小组": "组", "片区": "片"}


def _numbered(name: str) -> tuple[str, str] | None:
    """(number, unit) of 第一网格, 1 网格, 网格１, 三组; None for any other name."""
    found = _WITH_NUMBER.fullmatch("".join(unicodedata.normalize("NFKC", name).split()))
    if found is None:
        return None
    written, unit = found[1] or found[4], found[2] or found[3]
    number = written if written.replace("-", "").isdigit() else str(chinese_integer(written) or "")
    return (number, _SAME_UNIT.get(unit, unit)) if number else None


@lru_cache(maxsize=8)
def _numbers(_revision: int, _day: Any, within: int) -> dict[tuple[str, str], list[int]]:
    """The places inside one that have a number and a unit for a name: people write them in many ways."""
    found: dict[tuple[str, str], list[int]] = {}
    directory = places.directory()
    for id in directory.descendants(within):
        place = directory.place(id)
        if not place.closed and (mark := _numbered(place.name)) is not None:
            found.setdefault(mark, []).append(id)
    return found


def _find_place(values: dict[str, Any], ask: Ask) -> list[Wrong]:
    within, directory = ask.place_id, places.directory()
    values["place_id"] = within
    said = values.get("place", "")
    if not said:
        return []
    # 第 1 网格 is a name in every village: here it is the one inside the place of the import.
    inside = directory.by_name(said, within)
    if len(inside) == 1:
        values["place_id"] = inside[0]
        return []
    if (mark := _numbered(said)) is not None:
        inside = _numbers(revisions.current().get("places", 0), clock.today(), within).get(mark, inside)
        if len(inside) == 1:
            values["place_id"] = inside[0]
            return []
    found = _namer(revisions.current().get("places", 0), clock.today(), within).find(said)
    if found is not None:
        values["place_id"] = found
        return []
    facts = {"cell": said[:20], "place": directory.label(within, "county")}
    if not inside and directory.by_name(said):
        return [Wrong("place", "register.place_elsewhere", facts)]
    return [Wrong("place", "register.place_unsure", facts, harmless=True)]


def fill(rows: Sequence[tuple[str, dict[str, Any]]], ask: Ask) -> list[int]:
    """A line for each row: entered, changed or confirmed. The lines' ids, in order."""
    declared, source = _register(ask), f"import:{ask.run_id}"
    found: list[int] = [0] * len(rows)
    returned = [(at, values) for at, (_key, values) in enumerate(rows) if values.get(NUMBER)]
    fresh = [(at, values) for at, (_key, values) in enumerate(rows) if not values.get(NUMBER)]
    updates: list[tuple[int, int, dict[str, Any]]] = []
    for at, values in returned:
        same = str(values.get(CHANGED, "")).replace(" ", "").lower() in SAME
        updates.append((at, int(values[NUMBER]), {} if same else _own(values, declared)))
    whos = [identity(definitions.kind(declared.of), {n: v[n] for n in FACTS if v.get(n)}) for _at, v in fresh]
    ids = _subjects(fresh, whos, declared, ask, source)
    live = dict(
        Entry.objects.filter(register=declared.name, subject_id__in=ids, until=None).order_by("-pk").values_list("subject_id", "pk")
    ) if declared.one else {}  # fmt: skip
    new = []
    for (at, values), id in zip(fresh, ids, strict=True):
        if id in live:
            updates.append((at, live[id], _own(values, declared)))
        else:
            new.append((at, (id, _own(values, declared), _since(values))))
    if new:
        lines = subjects.enter_many(declared.name, [row for _at, row in new], actor=ask.actor, source=source)
        for (at, _row), line in zip(new, lines, strict=True):
            found[at] = line.pk
    for at, id in _update(updates, declared, ask, source):
        found[at] = id
    return found


def _own(values: Mapping[str, Any], declared: Register) -> dict[str, Any]:
    return {asked.id: values[asked.id] for asked in declared.form if values.get(asked.id) not in (None, "")}


def _since(values: Mapping[str, Any]) -> date | None:
    return date.fromisoformat(values["since"]) if values.get("since") else None


def _subjects(
    fresh: Sequence[tuple[int, dict[str, Any]]], whos: Sequence[Identity], declared: Register, ask: Ask, source: str
) -> list[int]:
    """Who each row is about; those nobody knows are added, all in one go."""
    here: dict[str, dict[Any, Any]] = {"ident": {}, "phone": {}, "like": {}}
    idents = [w.ident_hash for w in whos if w.ident_hash]
    phones = [w.phone_hash for w in whos if w.phone_hash and not w.ident_hash]
    around: Any = Subject.objects.filter(access.lying(ask.place_id), kind=declared.of, ended="")
    for id, ident in around.filter(ident_hash__in=idents).values_list("pk", "ident_hash") if idents else ():
        here["ident"][bytes(ident)] = id
    found = around.filter(phone_hash__in=phones).values_list("pk", "phone_hash", "label") if phones else ()
    for id, phone, label in found:
        here["phone"].setdefault((bytes(phone), label), []).append(id)
    ids = [_match(who, here) for who in whos]
    directory = places.directory()
    missing = [at for at, id in enumerate(ids) if id is None]
    rows = []
    for at in missing:
        values = fresh[at][1]
        place = values.get("place_id", ask.place_id)
        place = place if directory.open(place) else ask.place_id
        facts = {name: values[name] for name in FACTS if values.get(name)}
        rows.append((facts, place, _since(values)))
    if rows:
        added = subjects.add_many(
            declared.of, rows, actor=ask.actor, known=False, source=source, whos=[whos[at] for at in missing]
        )
        for at, row in zip(missing, added, strict=True):
            ids[at] = row.pk
    return [id for id in ids if id is not None]


def _update(
    updates: Sequence[tuple[int, int, dict[str, Any]]], declared: Register, ask: Ask, source: str
) -> list[tuple[int, int]]:
    """Change what differs, confirm the rest in one go."""
    if not updates:
        return []
    lines = {line.pk: line for line in Entry.objects.filter(pk__in=[id for _at, id, _values in updates])}
    same = []
    for _at, id, values in updates:
        line = lines[id]
        before = kept_values(line) if values else {}
        if not values or clean(declared, before | values) == clean_kept(declared, before):
            same.append(id)
        else:
            subjects.change(id, values, actor=ask.actor, source=source)
    subjects.confirm(same, actor=ask.actor, source=source)
    return [(at, id) for at, id, _values in updates]


def touched(ids: Sequence[int]) -> list[str]:
    """Labels of the lines somebody has worked on since an import did."""
    busy: list[int] = []
    for start in range(0, len(ids), 500):
        part = ids[start : start + 500]
        lines = list(Entry.objects.filter(pk__in=part))
        later = [line for line in lines if line.event_seq > 1 or line.until is not None]
        pasts = events.histories([f"entry:{line.pk}" for line in later])
        for line in later:
            last = pasts[f"entry:{line.pk}"][-1]
            if not str(last.patch.get("by", "")).startswith("import:") and last.kind != "entry.restated":
                busy.append(line.subject_id)
    labels = Subject.objects.in_bulk(busy[:500])
    return [labels[id].label for id in busy if id in labels]


def withdraw(ids: Sequence[int], ask: Ask) -> list[int]:
    """Take back what the run did: its own lines and the subjects it brought are withdrawn, changed ones as they were."""
    source = f"import:{ask.run_id}"
    lines = list(Entry.objects.filter(pk__in=ids, until=None).order_by("pk"))
    own = [line for line in lines if line.source == source]
    subjects.withdraw_entries([line.pk for line in own], actor=ask.actor)
    back = subjects.revert([line.pk for line in lines if line.source != source], by=source, actor=ask.actor)
    brought = Subject.objects.filter(pk__in=[line.subject_id for line in own], source=source, ended="")
    kept = Entry.objects.filter(subject_id__in=brought.values("pk")).exclude(end_reason=UNDONE).values("subject_id")
    subjects.withdraw_subjects(brought.exclude(pk__in=kept).values_list("pk", flat=True), actor=ask.actor)
    return [line.pk for line in (*own, *back)]


def register() -> None:
    """Make the target and its layouts known; called once when Django starts."""
    layouts.provider(layout)
    targets.register(
        Target(
            "registers", _("台账"), (), check, lambda keys: {}, fill, touched, withdraw, "register.edit", {},
        )
    )  # fmt: skip
