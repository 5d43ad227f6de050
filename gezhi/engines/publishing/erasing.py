"""What becomes of documents when the texts of their subject are lawfully erased: their words go as well."""

from __future__ import annotations

from gezhi.engines.publishing.models import Document, Print
from gezhi.foundation import events, people

GROUND = "所属事项的个人信息依法抹除"


def follow(stream: str, names: tuple[str, ...]) -> None:
    """Hook of `events.on_erase`: with a subject's own text go the words of its documents; with those, the PDF."""
    prefix, _colon, key = stream.partition(":")
    if prefix == "document":
        Print.objects.filter(document_id=key).delete()
        return
    if "text" not in names and "contact" not in names:
        return
    for id in Document.objects.filter(about=stream).values_list("id", flat=True):
        if events.Private.objects.filter(stream=f"document:{id}").exists():
            events.erase(f"document:{id}", None, actor=people.system("erasure"), ground=GROUND)
