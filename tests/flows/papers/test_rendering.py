"""The same facts in Word, PDF and HTML; the Word file opens and reads as the paper says."""

from __future__ import annotations

import io
import re
import zipfile

import docx
import pytest

from gezhi.engines.publishing import actions, jobs
from gezhi.engines.publishing.models import Print
from gezhi.engines.publishing.render import html, pdf, word
from gezhi.flows.papers import doors
from gezhi.foundation import events
from gezhi.foundation.errors import Unavailable
from gezhi.foundation.jobs import claims

needs_pdf = pytest.mark.skipif(not pdf.available(), reason="WeasyPrint or pango is not on this machine")


def words_of_html(text: str) -> str:
    return re.sub(r"\s+", "", re.sub(r"<[^>]+>", "", text))


def words_of_docx(made: bytes) -> str:
    document = docx.Document(io.BytesIO(made))
    parts = (document.element.body, document.sections[0].footer._element)
    return re.sub(r"\s+", "", "".join(n.text or "" for part in parts for n in part.iter() if n.tag.endswith("}t")))


@pytest.fixture
def content(issued):
    return actions.content_of(issued)


def lines_of(paper) -> list[str]:
    """Every text a reader must find."""
    found = [paper["org"], paper["number"], paper["heading"], paper["sign"]["date"], *paper["attach"]]
    for block in paper["blocks"]:
        found += [block[key] for key in ("p", "h") if key in block]
        for row in block.get("table", {}).get("rows", []):
            found += row
        for line in block.get("cells", []):
            found += [text for cell in line for text in (cell["label"], cell["value"])]
    return [re.sub(r"\s+", "", text) for text in found if text]


@pytest.mark.parametrize("kind", ["supervision", "assignment", "trail"])
def test_word_and_html_say_every_line_of_the_paper(world, case, kind):
    row, _ = doors.draft(case.id, kind, actor=world.actor("周敏"))
    row = doors.issue(row.pk, actor=world.actor("周敏"), expected_seq=row.event_seq)
    content = actions.content_of(row)
    wanted = lines_of(content["paper"])
    assert len(wanted) > 8
    written = words_of_docx(word.render(content["paper"], content["personal"], fingerprint=row.fingerprint))
    shown = words_of_html(html.fragment(content["paper"], content["personal"], fingerprint=row.fingerprint))
    for text in wanted:
        assert text in written, text
        assert text in shown, text
    assert row.fingerprint in written and row.fingerprint in shown


def test_the_word_file_is_a4_with_the_margins_of_official_documents(content):
    document = docx.Document(io.BytesIO(word.render(content["paper"], content["personal"])))
    section = document.sections[0]
    assert [round(v.mm) for v in (section.page_width, section.page_height)] == [210, 297]
    assert [round(v.mm) for v in (section.top_margin, section.bottom_margin)] == [37, 35]
    assert [round(v.mm) for v in (section.left_margin, section.right_margin)] == [28, 26]
    head = document.paragraphs[0].runs[0]
    assert str(head.font.color.rgb) == "B3261E" and head.font.bold
    assert "PAGE" in section.footer._element.xml


def test_the_bytes_depend_on_the_paper_alone(content, monkeypatch):
    import time

    first = word.render(content["paper"], content["personal"])
    real = time.localtime
    monkeypatch.setattr(time, "localtime", lambda *args: real(1_900_000_000))
    assert word.render(content["paper"], content["personal"]) == first
    with zipfile.ZipFile(io.BytesIO(first)) as made:
        assert {entry.date_time for entry in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    changed = content["paper"] | {"heading": "另一个标题"}
    assert word.render(changed, content["personal"]) != first


def test_markup_and_formulas_of_people_stay_words(world):
    bad = '<script>alert(1)</script> & "引号" =HYPERLINK(1) {number} \ue000phone\ue001'
    case = world.to_handle(world.open(bad, contact_phone="13800002671"))
    row, _ = doors.draft(case.id, "transfer", actor=world.actor("周敏"))
    content = actions.content_of(row)
    shown = html.fragment(content["paper"], content["personal"], full=True)
    assert "<script" not in shown and "&lt;script&gt;" in shown
    assert "{number}" in shown  # the words of a resident are no template
    assert shown.count("13800002671") == 1  # nor a token: the number stands only where the letter names it
    assert "<script>alert(1)</script>" in words_of_docx(word.render(content["paper"], content["personal"]))


@needs_pdf
def test_the_pdf_is_made_in_the_background_and_says_the_same(world, issued, content):
    pypdf = pytest.importorskip("pypdf")
    with pytest.raises(Unavailable):
        doors.take(issued.pk, "pdf", actor=world.actor("周敏"))
    claims.drain()
    taken = doors.take(issued.pk, "pdf", actor=world.actor("周敏"))
    assert taken.body[:5] == b"%PDF-"
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(taken.body)).pages))
    for line in (content["paper"]["number"], content["paper"]["org"], issued.fingerprint, "签发人：周敏"):
        assert re.sub(r"\s+", "", line) in text
    assert taken.body not in bytes(Print.objects.get().blob)  # sealed at rest
    assert list(events.verify().findings) == []


@needs_pdf
def test_a_document_whose_words_are_gone_gets_no_pdf(world, issued):
    events.erase(f"document:{issued.pk}", None, actor=world.actor("周敏"), ground="个人信息保护法第四十七条")
    claims.drain()
    assert not Print.objects.exists() and jobs.kept_pdf(issued) is None


def test_without_the_library_there_is_no_pdf_and_everything_else_works(world, issued, monkeypatch):
    monkeypatch.setattr(pdf, "available", lambda: False)
    claims.drain()
    by = world.actor("周敏")
    with pytest.raises(Unavailable) as refused:
        doors.take(issued.pk, "pdf", actor=by)
    assert refused.value.code == "document.no_pdf"
    assert doors.take(issued.pk, "print", actor=by).fragment and doors.take(issued.pk, "docx", actor=by).body


@needs_pdf
def test_a_paper_fetches_nothing_from_anywhere(content, monkeypatch):
    asked = []
    monkeypatch.setattr(pdf, "_nothing", lambda url, *a, **k: asked.append(url) or (_ for _ in ()).throw(ValueError))
    paper = content["paper"] | {"blocks": [{"p": '<img src="http://elsewhere.example/x.png">'}]}
    pdf.render(paper, {})
    assert asked == []


def test_in_word_the_last_words_go_with_enclosure_and_signature_to_the_next_page(content):
    made = docx.Document(io.BytesIO(word.render(content["paper"], content["personal"])))
    texts = [paragraph.text for paragraph in made.paragraphs]
    enclosure = next(n for n, text in enumerate(texts) if text.startswith("附件："))
    signed = next(n for n, text in enumerate(texts) if text == content["paper"]["sign"]["date"])
    together = made.paragraphs[enclosure - 1 : signed + 1]
    assert texts[enclosure - 1] == content["paper"]["blocks"][-1]["p"]
    assert all(paragraph.paragraph_format.keep_with_next for paragraph in together)
