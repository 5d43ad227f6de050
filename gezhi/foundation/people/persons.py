"""Persons: made, given a password, renamed, deactivated. Every change is an event of stream `person:<id>`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password

from gezhi.foundation import events
from gezhi.foundation.db import revisions
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.events import GENESIS, Draft, Head, PrivateRef
from gezhi.foundation.events.private import keep_many

from . import crypto, passwords, refusals
from .actor import Actor
from .changing import REVISION, need_to_manage, of_persons
from .models import Person, Sitting, Token
from .snapshot import directory

_USERNAME = re.compile(r"[a-z\u4e00-\u9fff][a-z0-9\u4e00-\u9fff._-]{1,39}")


@dataclass(frozen=True)
class NewPerson:
    """What to know of a person: no more than this. `password` only together with `username`.

    `must_change`: the password is one-time; nothing works until the person has replaced it.
    """

    name: str
    phone: str | None = None
    username: str | None = None
    password: str | None = None
    language: str = "zh-hans"
    must_change: bool = False


def normal_username(text: str) -> str:
    """Lower case, half-width. Raises Invalid people.username_wrong."""
    username = unicodedata.normalize("NFKC", text).strip().lower()
    if not _USERNAME.fullmatch(username):
        raise refusals.USERNAME_WRONG()
    return username


def create_person(
    name: str,
    *,
    actor: Actor,
    phone: str | None = None,
    username: str | None = None,
    password: str | None = None,
    language: str = "zh-hans",
    synthetic: bool = False,
) -> int:
    """Enter one person; returns the id. Raises as `create_people`."""
    row = NewPerson(name, phone, username, password, language)
    return create_people([row], actor=actor, synthetic=synthetic)[0]


def create_people(rows: Iterable[NewPerson], *, actor: Actor, synthetic: bool = False) -> list[int]:
    """Enter persons; returns their ids in order. `synthetic` = made up for a demonstration.

    Raises Invalid name.wrong, phone.wrong, people.username_wrong, password.weak; Conflict
    people.username_taken; NotAllowed.
    """
    actor.need("people.manage")
    wanted = [_checked(row, synthetic) for row in rows]
    hashes = _password_hashes(wanted, synthetic)
    with of_persons():
        _refuse_taken([row.username for row in wanted if row.username])
        ids = new_ids(Person, len(wanted))
        texts = []
        for id_, row in zip(ids, wanted, strict=True):
            texts.append((f"person:{id_}", "name", row.name))
            if row.phone:
                texts.append((f"person:{id_}", "phone", row.phone))
        refs = keep_many(texts)
        people, drafts = [], []
        for id_, row in zip(ids, wanted, strict=True):
            stream = f"person:{id_}"
            name, phone = refs[stream, "name"], refs.get((stream, "phone"))
            drafts.append(
                Draft(
                    stream,
                    "person.created",
                    {"name": name, "phone": phone, "language": row.language, "active": True}
                    | ({"synthetic": True} if synthetic else {})
                    | ({"must_change": True} if row.must_change else {}),
                    head=GENESIS,
                )
            )
            people.append(_row(id_, row, name, phone, hashes.get(row.password or "", ""), synthetic))
        for person, head in zip(people, events.record_many(drafts, actor=actor), strict=True):
            person.event_seq, person.event_hash = head
        Person.objects.bulk_create(people, batch_size=500)
    return ids


def set_password(person_id: int, password: str, *, actor: Actor) -> None:
    """Give a new password: one's own, or that of somebody all of whose seats one manages.

    Ends the person's sessions and tokens. One that a colleague gave has to be changed at the next sign-in.
    Raises Invalid password.weak, NotFound, NotAllowed.
    """
    known = Person.objects.filter(pk=person_id).values_list("username", "synthetic").first()
    if known is None:
        raise refusals.NO_PERSON(person=person_id)
    passwords.check(password, username=known[0], synthetic=known[1])
    encoded = make_password(password)
    with of_persons():
        person = _locked(person_id)
        if actor.person_id != person_id:
            need_to_manage_person(actor, person_id)
        person.password = encoded
        _end_sessions(person)
        person.must_change = actor.kind == "staff" and actor.person_id != person_id
        patch = {"session_epoch": person.session_epoch, "must_change": person.must_change}
        _store(person, "person.password_set", patch, actor)


def end_sessions(person_id: int, *, actor: Actor) -> None:
    """End all sessions and tokens of a person: one's own, or of somebody all of whose seats one manages.

    Raises NotFound, NotAllowed.
    """
    with of_persons():
        person = _locked(person_id)
        if actor.person_id != person_id:
            need_to_manage_person(actor, person_id)
        _end_sessions(person)
        _store(person, "person.sessions_ended", {"session_epoch": person.session_epoch}, actor)


def set_username(person_id: int, username: str | None, *, actor: Actor) -> None:
    """Give, change or take away the sign-in name. Raises as `create_people`."""
    wanted = None if username is None else normal_username(username)
    with of_persons():
        person = _locked(person_id)
        need_to_manage_person(actor, person_id)
        _refuse_taken([wanted] if wanted else [], unless=person_id)
        person.username = wanted
        if wanted is None:
            person.password = ""
        _end_sessions(person)
        _store(person, "person.sign_in_changed", {"session_epoch": person.session_epoch}, actor)


def set_language(person_id: int, language: str, *, actor: Actor) -> None:
    """The language the person reads; anybody sets their own."""
    with of_persons():
        person = _locked(person_id)
        if actor.person_id != person_id:
            need_to_manage_person(actor, person_id)
        person.language = language
        _store(person, "person.language_set", {"language": language}, actor)


def set_contact(person_id: int, *, actor: Actor, name: str | None = None, phone: str | None = None) -> None:
    """Correct name or phone; an empty phone takes it away. The old text is erased, not kept beside the new.

    Raises Invalid name.wrong, phone.wrong; NotFound, NotAllowed.
    """
    texts: dict[str, str] = {}
    if name is not None:
        texts["name"] = _name(name)
    if phone:
        texts["phone"] = _phone(phone)
    with of_persons():
        need_to_manage_person(actor, person_id)
        replaced = [field for field, new in (("name", name), ("phone", phone)) if new is not None]
        if _locked(person_id).phone_ref is None:
            replaced = [field for field in replaced if field != "phone"]
        if replaced:
            events.erase(f"person:{person_id}", replaced, actor=actor, ground="更正")
        person = _locked(person_id)
        refs = events.keep(f"person:{person_id}", texts)
        patch: dict[str, PrivateRef | None] = dict(refs)
        if "name" in texts:
            person.name_ref = refs["name"].id
            person.name_hash = crypto.blind("name", texts["name"])
            person.name_public = crypto.mask_name(texts["name"])
        if phone is not None:
            patch.setdefault("phone", None)
            person.phone_ref = refs["phone"].id if phone else None
            person.phone_hash = crypto.blind("phone", texts["phone"]) if phone else None
        _store(person, "person.contact_set", patch, actor)


def reactivate(person_id: int, *, actor: Actor) -> None:
    """Let a deactivated person hold seats and sign in again; old seats do not come back."""
    with of_persons():
        actor.need("people.manage")
        person = _locked(person_id)
        person.active = True
        _store(person, "person.reactivated", {"active": True}, actor)


def find_by_phone(phone: str) -> list[int]:
    """Ids of persons with this phone, by blind index. Raises Invalid phone.wrong."""
    return list(
        Person.objects.filter(phone_hash=crypto.blind("phone", phone)).order_by("id").values_list("id", flat=True)
    )


def find_by_name(name: str) -> list[int]:
    """Ids of persons with exactly this name, by blind index."""
    return list(Person.objects.filter(name_hash=crypto.blind("name", name)).order_by("id").values_list("id", flat=True))


@events.on_erase
def _forget(stream: str, names: tuple[str, ...]) -> None:
    """An erased name or phone leaves no mask and no index behind either."""
    prefix, _, person_id = stream.partition(":")
    if prefix != "person":
        return
    if "name" in names:
        Person.objects.filter(pk=int(person_id)).update(name_public="○", name_hash=b"")
    if "phone" in names:
        Person.objects.filter(pk=int(person_id)).update(phone_hash=None)
    revisions.bump(REVISION)


def _locked(person_id: int) -> Person:
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise refusals.NO_PERSON(person=person_id)
    return person


def _store(person: Person, kind: str, patch: dict, actor: Actor) -> None:
    head = Head(person.event_seq, bytes(person.event_hash))
    head = events.record(f"person:{person.pk}", kind, actor=actor, head=head, patch=patch)
    person.event_seq, person.event_hash = head
    person.save()


def _end_sessions(person: Person) -> None:
    person.session_epoch += 1
    Token.objects.filter(person=person).delete()
    Sitting.objects.filter(person=person).delete()


def need_to_manage_person(actor: Actor, person_id: int) -> None:
    """Managing a person means managing each of their seats: a town cannot reset a county password."""
    actor.need("people.manage")
    if actor.kind == "system":
        return  # everywhere
    people = directory()
    for seat_id in (*people.held(person_id), *people.substituted(person_id)):
        need_to_manage(actor, people.seats[seat_id].place_id)


def _checked(row: NewPerson, synthetic: bool) -> NewPerson:
    username = None if row.username is None else normal_username(row.username)
    if row.password is not None:
        if username is None:
            raise refusals.USERNAME_WRONG()
        passwords.check(row.password, username=username, synthetic=synthetic)
    phone = _phone(row.phone) if row.phone else None
    return NewPerson(_name(row.name), phone, username, row.password, row.language, row.must_change)


def _name(text: str) -> str:
    name = crypto.normalise_name(text)
    if not 1 <= len(name) <= 60 or any(unicodedata.category(char)[0] == "C" for char in name):
        raise refusals.NAME_WRONG()
    return name


def _phone(text: str) -> str:
    try:
        return crypto.normalise_phone(text)
    except ValueError as error:
        raise refusals.PHONE_WRONG() from error


def _password_hashes(rows: Sequence[NewPerson], synthetic: bool) -> dict[str, str]:
    """One hash per password. Equal passwords only meet in a demonstration, where hashing each would take minutes."""
    wanted = [row.password for row in rows if row.password is not None]
    if not synthetic and len(set(wanted)) != len(wanted):
        raise refusals.PASSWORD_WEAK(reason=passwords.SHARED)
    return {password: make_password(password) for password in dict.fromkeys(wanted)}


def _refuse_taken(wanted: Sequence[str], *, unless: int = 0) -> None:
    """Raises Conflict people.username_taken for two of one name, or one that another person than `unless` has."""
    twice = len(set(wanted)) != len(wanted)
    if twice or Person.objects.filter(username__in=wanted).exclude(pk=unless).exists():
        raise refusals.USERNAME_TAKEN()


def _row(id_: int, row: NewPerson, name: PrivateRef, phone: PrivateRef | None, encoded: str, synthetic: bool) -> Person:
    return Person(
        id=id_,
        name_ref=name.id,
        name_hash=crypto.blind("name", row.name),
        name_public=crypto.mask_name(row.name),
        phone_ref=phone.id if phone else None,
        phone_hash=crypto.blind("phone", row.phone) if row.phone else None,
        username=row.username,
        password=encoded,
        language=row.language,
        synthetic=synthetic,
        must_change=row.must_change,
    )
