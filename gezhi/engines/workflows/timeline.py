"""What happened to a case, line by line: a fold of its events and their private texts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from gezhi.engines.workflows import apart, merged, restoring
from gezhi.engines.workflows.models import Case
from gezhi.engines.workflows.schema import Workflow, definition
from gezhi.foundation import people
from gezhi.foundation.forms import Field, Form
from gezhi.foundation.packs.reading import localised
from gezhi.foundation.people import Actor, crypto


@dataclass(frozen=True)
class Entry:
    """A line of the timeline. `said`: field -> words in the speaker's voice; `form`: field -> other values."""

    seq: int
    at: datetime
    claimed_at: datetime | None
    kind: str
    action: str
    title: str
    stage: str
    stage_title: str
    who: str
    seat_label: str
    actor_kind: str  # staff | resident | system
    said: Mapping[str, str]
    labels: Mapping[str, str]  # field -> its title
    form: Mapping[str, Any]
    photos: tuple[int, ...]
    says: str
    public: tuple[str, ...]
    moved: bool
    rungs: tuple[Mapping[str, Any], ...] = ()  # {do, post, seat} of each rung that was climbed
    known_to: tuple[str, ...] = ()  # names of those who had it in hand until it was kept apart, or came back
    apart: bool = False  # told while the matter was a protected one
    panel: Mapping[str, Any] = field(
        default_factory=dict
    )  # what a panel came to: {result, binding, again, voted, invited, choices, ...}
    sealed: tuple[str, ...] = ()  # fields whose words only their writer reads; for others `said` does not hold them
    held: Mapping[str, str] = field(default_factory=dict)  # sensitive fields in full; `said` has them masked
    said_ref: int | None = None  # the private text `said` comes from
    chosen: Mapping[str, str] = field(default_factory=dict)  # field -> title of what was chosen of a list
    seat: int | None = None  # whose seat `seat_label` names
    fields: Mapping[str, Field] = field(default_factory=dict)  # what the form asked
    workflow: str = ""  # the process whose action it was


@dataclass(frozen=True)
class Words:
    """What the reporter wrote; `erased`: lawfully taken out."""

    title: str
    text: str
    erased: bool


def refs_of(case: Case, history: Iterable[Any], actor: Actor | None = None) -> list[int]:
    """The private texts that a case's page reads: its words, contact, what was said, what this actor sealed."""
    refs = [case.text_ref, *([case.contact_ref] if case.contact_ref else [])]
    for event in history:
        said = event.patch.get("act", {}).get("said")
        if said:
            refs.append(said["private"])
        if _wrote(event, actor) and (sealed := event.patch["act"].get("sealed")):
            refs.append(sealed["private"])
    return refs


def _wrote(event: Any, actor: Actor | None) -> bool:
    """Whether this is the person who did it: what is sealed opens for nobody else, whatever their powers."""
    return actor is not None and actor.person_id is not None and event.actor_person == actor.person_id and (
        "act" in event.patch
    )  # fmt: skip


def words_of(raw: str | None) -> Words:
    """The reporter's words out of their private text; None = lawfully erased."""
    if raw is None:
        gone = gettext("（内容已依法删除）")
        return Words(gone, gone, True)
    value = json.loads(raw)
    return Words(value["title"], value["text"], False)


def contact_of(raw: str | None) -> dict[str, str]:
    """Name, phone (masked) and consent out of the private text; empty when there is none."""
    if raw is None:
        return {"name": "", "phone": ""}
    value = json.loads(raw)
    return {
        "name": crypto.mask_name(value["name"]) if value.get("name") else "",
        "phone": crypto.mask_phone(value["phone"]) if value.get("phone") else "",
        "consent": str(value.get("consent") or ""),
    }


def timeline_of(
    history: Sequence[Any], flow: Workflow, texts: Mapping[int, str | None], actor: Actor | None = None
) -> list[Entry]:
    """What happened to a case, oldest first, out of its events and their private texts (as far as `actor` may read them)."""
    directory = people.directory()
    entries: list[Entry] = []
    last, stage, joined, kept = flow, "", False, False
    workflow, version = flow.name, flow.version
    # With the resident's words the photos went as well; the numbers of what is gone lead nowhere.
    erased = any("text" in event.patch.get("@erased", {}).get("names", ()) for event in history)
    for event in history:
        act = event.patch.get("act", {})
        crossing = _CROSSINGS.get(event.kind)
        if crossing is None and "workflow" in event.patch:
            workflow, version = event.patch["workflow"], event.patch["version"]
        # Until it was kept apart it went by another process, whose steps and actions are told as they were drawn.
        flow = last if workflow == last.name else definition(workflow, version)[0]
        at_stage = act.get("stage") or stage or flow.first.id
        action = flow.actions_at(at_stage).get(act.get("action", "")) if at_stage in flow.stages else None
        if event.kind == "case.merge" or joined:
            action = merged.told(flow, act.get("action", "")) or action
        if crossing is not None:
            action = crossing
        kept = bool(event.patch.get("protected", kept))
        raw = texts.get(act["said"]["private"]) if "said" in act else None
        own = texts.get(act["sealed"]["private"]) if "sealed" in act and _wrote(event, actor) else None
        said = json.loads(raw) if raw else {}
        held = {f.id: said[f.id] for f in action.form.fields if f.sensitive and f.id in said} if action else {}
        form = dict(act.get("form") or {})
        photos = tuple(act.get("photos") or form.pop("photos", ()) or ())
        if erased:
            photos = ()
        person = directory.persons.get(event.actor_person) if event.actor_person else None
        seat = directory.seats.get(event.actor_seat) if event.actor_seat else None
        kind = "staff" if event.actor_person else ("resident" if event.actor_name == "resident" else "system")
        entries.append(
            Entry(
                seq=event.seq,
                at=event.at,
                claimed_at=event.claimed_at,
                kind=event.kind,
                action=act.get("action", event.kind),
                title=localised(action.title) if action else "",
                stage=at_stage,
                stage_title=localised(flow.stages[at_stage].title) if at_stage in flow.stages else "",
                who=person.name_public if person else "",
                seat_label=seat.label if seat else "",
                seat=seat.id if seat else None,
                actor_kind=kind,
                said=said | {name: masked(words) for name, words in held.items()} | (json.loads(own) if own else {}),
                held=held,
                sealed=tuple(act.get("sealed", {}).get("fields", ())),
                said_ref=act["said"]["private"] if "said" in act else None,
                chosen=_chosen(action.form, form) if action else {},
                labels={f.id: f.label for f in action.form.fields} if action else {},
                fields={f.id: f for f in action.form.fields} if action else {},
                workflow=flow.name,
                form=form,
                photos=photos,
                says=localised(action.says) if action and action.says else "",
                public=action.public if action else (),
                moved="stage" in event.patch or "state" in event.patch,
                panel=act.get("result") if isinstance(act.get("result"), dict) else {},
                known_to=tuple(
                    directory.person(id).name_public for id in act.get("known_to") or () if id in directory.persons
                ),
                apart=kept,
                rungs=tuple(rung for rung in act.get("rungs") or () if isinstance(rung, dict)),
            )
        )
        stage = event.patch.get("stage", stage)
        workflow, version = event.patch.get("workflow", workflow), event.patch.get("version", version)
        if "merged_into" in event.patch:
            joined = event.patch["merged_into"] is not None
    return entries


# Events by which a case goes over to another process: what was done is no action of either.
_CROSSINGS = {"case.protect": apart.PROTECT, "case.restore": restoring.RESTORE}


def masked(words: str) -> str:
    """A sensitive answer as pages show it: a name by its first character, longer words by their first two."""
    return crypto.mask_name(words) if len(words) <= 5 else f"{words[:2]}****"


def _chosen(form: Form, values: Mapping[str, Any]) -> dict[str, str]:
    """What was chosen of a list, by the words of the list."""
    return {f.id: option.label for f in form.fields for option in f.choices if values.get(f.id) == option.value}
