"""Background work: the PDF of an issued document, made once and kept sealed; bulletins of what has ended."""

from __future__ import annotations

import base64
from contextlib import suppress

from gezhi.engines.publishing import actions
from gezhi.engines.publishing.bulletins import queries, sealing
from gezhi.engines.publishing.models import ISSUED, Document, Print
from gezhi.engines.publishing.render import pdf
from gezhi.foundation import db, jobs, people
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.errors import Conflict, NotAllowed, NotFound
from gezhi.foundation.jobs.claims import Claimed
from gezhi.foundation.measures import Period, parse_period
from gezhi.foundation.people import Actor, crypto


@jobs.handler("document.print", slow=True)
def make_print(job: Claimed) -> None:
    """Render the masked PDF. Where this machine cannot, the document simply has none and its page says so."""
    row = Document.objects.filter(pk=job.payload["document"], state=ISSUED).first()
    made = b""
    if row is not None and pdf.available():
        try:
            content = actions.content_of(row)
            made = pdf.render(content["paper"], content["personal"], fingerprint=row.fingerprint)
        except NotFound:  # erased meanwhile
            made = b""
    with job.complete():
        # Looked at again under the lock: words erased while we rendered must not come back as a PDF.
        still = Document.objects.select_for_update().filter(pk=job.payload["document"]).first()
        if row is None or still is None or not made or still.event_seq < row.event_seq:
            return
        try:
            actions.content_of(still)
        except NotFound:
            return
        blob = crypto.seal(base64.b64encode(made).decode(), _aad(row.pk))
        Print.objects.update_or_create(document_id=row.pk, defaults={"blob": blob, "made_at": clock.now()})


def kept_pdf(row: Document) -> bytes | None:
    """The PDF made in the background, or None when there is none (yet, or on this machine)."""
    kept = Print.objects.filter(document_id=row.pk).values_list("blob", flat=True).first()
    return base64.b64decode(crypto.open(bytes(kept), _aad(row.pk))) if kept is not None else None


def _aad(id: int) -> bytes:
    return f"document.print:{id}".encode()


#: The day (ordinal) on which it was last looked what is due to be sealed.
LOOKED = "bulletins.looked"


@jobs.every(900, "bulletins.due")
def seal_due() -> None:
    """On a Monday, the 1st, or whenever the house was asleep then: the period that just ended is sealed by itself.

    Looked for once a day: which grids have enough to be told about costs a reading of the period.
    """
    today = clock.today()
    if revisions.current().get(LOOKED, 0) >= today.toordinal():
        return
    wanted = queries.due(today)
    with db.write():
        jobs.enqueue_many([_sealing(name, place, period) for name, place, period in wanted])
        revisions.assign(LOOKED, today.toordinal())


def ask_to_seal(name: str, place: int, period: Period, *, actor: Actor) -> None:
    """By hand: checked now, counted in the background, in the person's name."""
    sealing.check(name, place, period, actor=actor)
    job, key, payload = _sealing(name, place, period)
    by = {"person": actor.person_id, "seat": actor.seat}
    jobs.enqueue(job, f"{key} {actor.person_id}", payload | by)


def _sealing(name: str, place: int, period: Period) -> tuple[str, str, dict[str, object]]:
    return "bulletins.seal", f"{name} {place} {period.name}", {"template": name, "place": place, "period": period.name}


@jobs.handler("bulletins.seal", slow=True)
def seal_one(job: Claimed) -> None:
    """Count and freeze one bulletin. One that was sealed meanwhile, or that cannot be any more, is left alone."""
    given = job.payload
    actor = people.system("bulletins")
    if given.get("person"):
        actor = people.actor_for(given["person"])
        actor = actor.acting(given["seat"]) if given.get("seat") in actor.seats else actor
    with suppress(NotFound, NotAllowed, Conflict):
        sealing.seal(given["template"], given["place"], parse_period(given["period"]), actor=actor)
    with job.complete():
        pass
