"""Background work: the PDF of an issued document, made once and kept sealed."""

from __future__ import annotations

import base64

from gezhi.engines.publishing import actions
from gezhi.engines.publishing.models import ISSUED, Document, Print
from gezhi.engines.publishing.render import pdf
from gezhi.foundation import jobs
from gezhi.foundation.calendar import clock
from gezhi.foundation.errors import NotFound
from gezhi.foundation.jobs.claims import Claimed
from gezhi.foundation.people import crypto


@jobs.handler("document.print")
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
