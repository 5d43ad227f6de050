"""A PDF on a line: kept as it came when nothing in it acts, refused otherwise, given out as a file to save."""

from __future__ import annotations

import io
import zlib

import pytest

from gezhi.foundation import files, people
from gezhi.foundation.files import papers, refusals

ACTS = (
    b"/OpenAction << /S /JavaScript /JS (app.alert) >>", b"/A << /S /L#61unch >>", b"/Names << /EmbeddedFiles 9 0 R >>",
    b"/AA << /O 9 0 R >>", b"/AcroForm << /XFA 9 0 R >>", b"/S/SubmitForm",
)  # fmt: skip


def pdf(extra: bytes = b"", packed: bytes = b"", how: bytes = b"/Filter /FlateDecode") -> bytes:
    """A small paper: a catalogue and what is asked for; `packed` goes into a stream of objects."""
    body = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog " + extra + b" >>\nendobj\n"
    if packed:
        inside = zlib.compress(packed)
        body += b"3 0 obj\n<< /Type /ObjStm /N 1 /First 4 " + how + b" /Length %d >>\nstream\n" % len(inside)
        body += inside + b"\nendstream\nendobj\n"
    return body + b"trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"


def test_what_acts_is_found_written_plainly_in_hex_and_packed_away():
    good = pdf(b"/OpenAction [2 0 R /Fit] /Lang (JS)", b"4 0 << /Type /Font /BaseFont /JSMincho >>")
    assert papers.looked_through(good) == good
    for act in ACTS:
        for paper in (pdf(act), pdf(packed=b"4 0 << " + act + b" >>")):
            with pytest.raises(refusals.ActivePaper):
                papers.looked_through(paper)


@pytest.mark.parametrize(
    ("paper", "refusal"),
    [
        (pdf(b"/Encrypt 9 0 R"), refusals.SealedPaper),
        (pdf(packed=b"x", how=b"/Filter [/ASCII85Decode /FlateDecode]"), refusals.SealedPaper),
        (pdf(packed=b"x", how=b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>"), refusals.SealedPaper),
        (pdf(packed=b" " * (papers.MOST_UNPACKED + 1)), refusals.SealedPaper),
        (pdf()[:60], refusals.BrokenPaper),
        (pdf(packed=b"x").replace(b"endstream", b"endstre"), refusals.BrokenPaper),
        (pdf(packed=b"x", how=b"/Filter /FlateDecode").replace(b"stream\nx", b"stream\n?"), refusals.BrokenPaper),
    ],
)
def test_what_cannot_be_looked_through_is_refused(paper, refusal):
    with pytest.raises(refusal):
        papers.looked_through(paper)


@pytest.mark.django_db
def test_it_is_kept_only_where_asked_for_and_given_out_as_a_file_to_save(settings, tmp_path):
    settings.GEZHI_HOME = tmp_path
    data, actor = pdf(packed=b"4 0 << /Type /Font >>"), people.system("test")
    with pytest.raises(refusals.FakeType):
        files.stage(io.BytesIO(data), actor=actor)
    with pytest.raises(refusals.NeitherPhotoNorPaper):  # where both are taken, both are named
        files.stage(io.BytesIO(b"MZ" + b"x" * 900), actor=actor, papers=True)
    kept = files.stage(io.BytesIO(data), actor=actor, papers=True)
    files.attach([kept.id], stream="entry:1")
    assert not any(data[:20] in path.read_bytes() for path in tmp_path.rglob("*.full"))
    asked: list[str] = []
    for size in ("full", "thumb"):
        answer = files.serve(kept.id, lambda stored: asked.append(stored.stream), size)
        assert answer.content == data and answer["Content-Type"] == "application/pdf"
        assert answer["Content-Disposition"].startswith("attachment") and answer["X-Content-Type-Options"] == "nosniff"
    assert asked == ["entry:1", "entry:1"]
    assert files.discard("entry:1") == 1
