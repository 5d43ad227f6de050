"""The clock, its bar, icons and the rules every page keeps: own files only, nothing inline, no dead icon."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.template import Context, Template

from gezhi.engines.workflows import rules
from gezhi.interfaces.site import clockbar, clocks
from gezhi.interfaces.site.fields import picture
from gezhi.interfaces.site.words import CHINA

ROOT = Path(clocks.__file__).parents[1]
NOW = datetime(2026, 11, 18, 15, 20, tzinfo=CHINA)
TEMPLATES = sorted(p for face in ("site", "portal", "field") for p in (ROOT / face / "templates").rglob("*.html"))
STYLES = sorted(p for face in ("site", "portal", "field") for p in (ROOT / face / "static").rglob("*.css"))
SCRIPTS = sorted(
    p for face in ("site", "portal", "field") for p in (ROOT / face / "static").rglob("*.js") if "vendor" not in p.parts
)


def render(source: str, **context) -> str:
    return Template(source).render(Context(context))


def item(state: str, opened: float, due: float) -> dict:
    return {"clock_state": state, "opened_at": NOW - timedelta(hours=opened), "due_at": NOW + timedelta(hours=due)}


@pytest.mark.parametrize(
    ("state", "due", "said"),
    [
        ("running", 30, "还剩 1 天 6 小时"),
        ("soon", 2, "还剩 2 小时"),
        ("overdue", -51, "超时 2 天 3 小时"),
        ("parked", 300, "挂账"),
        ("done", 3, "办完"),
    ],
)
def test_a_clock_is_pie_word_and_hue(state, due, said):
    drawn = render("{% clock item now %}", item=item(state, 10, due), now=NOW)
    assert f'class="clock strong {state}"' in drawn
    assert said in drawn
    assert "<svg" in drawn


def test_an_unknown_state_is_a_fault_not_a_grey_clock():
    with pytest.raises(ValueError, match="purple"):
        clocks.face({"clock_state": "purple", "due_at": NOW}, NOW)


@pytest.mark.parametrize(("used", "large"), [(0.25, "0 0 1"), (0.75, "0 1 1")])
def test_the_pie_fills_clockwise_with_the_time_used(used, large):
    drawn = render("{% pie 'running' used %}", used=used)
    assert f"A5.4 5.4 {large}" in drawn


def late_bar() -> rules.Bar:
    start = NOW - timedelta(hours=60)
    spells = [
        rules.Spell(1, "triage", start, start + timedelta(hours=10), False),
        rules.Spell(2, "handle", start + timedelta(hours=10), NOW, True),
    ]
    return rules.clock_bar(
        spells, opened_at=start, due_at=start + timedelta(hours=40), warn_at=None, now=NOW, closed_at=None
    )


def test_past_the_promise_the_bar_is_hatched_and_the_tick_is_the_promise():
    pieces = clockbar.pieces(late_bar(), label=lambda seat: f"席位{seat}")
    assert [p.kind for p in pieces] == ["spent", "running", "overdue"]
    assert round(pieces[2].x) == round(40 / 60 * 100)
    drawn = render("{% clockbar bar now '' label %}", bar=late_bar(), now=NOW, label=_label())
    assert 'x1="66.67%"' in drawn


def _label():
    def label(seat):
        return f"席位{seat}"

    label.do_not_call_in_templates = True
    return label


def test_the_bar_says_in_words_what_it_draws():
    said = clockbar.said(late_bar(), NOW, label=lambda seat: f"席位{seat}")
    assert "超时 20 小时" in said
    assert "席位1 10 小时" in said
    assert "席位2 2 天 2 小时" in said


def test_every_icon_that_a_page_names_is_in_the_sprite():
    sprite = Path(finders.find("gezhi/icons.svg")).read_text("utf-8")
    known = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text("utf-8"))}
    assert named
    assert named <= known, named - known


def test_every_asset_that_a_page_names_exists():
    named = {a for path in TEMPLATES for a in re.findall(r"{% asset '([^']+)' %}", path.read_text("utf-8"))}
    assert named
    assert [a for a in named if finders.find(a) is None] == []


class Inline(HTMLParser):
    """Collects what a strict content security policy would refuse."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        self.found += [f"{tag} {n}" for n in names if n == "style" or n.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_nothing_inline_and_nothing_from_elsewhere(path):
    source = path.read_text("utf-8")
    reader = Inline()
    reader.feed(re.sub(r"{[%{].*?[%}]}", "", source))
    assert reader.found == []
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", source)


@pytest.mark.parametrize("path", [*STYLES, *SCRIPTS], ids=lambda p: p.name)
def test_styles_and_scripts_ask_nobody_else(path):
    assert not re.search(r"https?://(?!www\.w3\.org/)", path.read_text("utf-8"))


def test_the_pattern_page_shows_without_a_database(client):
    page = client.get("/patterns")
    assert page.status_code == 200
    assert "时条" in page.content.decode()


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ({"id": "a", "type": "text"}, "line"),
        ({"id": "a", "type": "long_text"}, "long_text"),
        ({"id": "a", "type": "truth"}, "truth"),
        ({"id": "a", "type": "truth", "required": True}, "choices"),
        ({"id": "a", "type": "truth", "required_when": "b = 'food'"}, "choices"),
        ({"id": "a", "type": "choice", "choices": [("x", "甲"), ("y", "乙")]}, "choices"),
        ({"id": "a", "type": "choice", "choices": [(str(n), str(n)) for n in range(9)]}, "select"),
        ({"id": "a", "type": "photos"}, "photos"),
    ],
)
def test_each_kind_of_field_has_its_control(spec, kind):
    assert picture(spec)["kind"] == kind


def test_a_field_is_escaped_and_its_error_is_read_out():
    drawn = render(
        "{% field spec value error %}",
        spec={"id": "a", "title": "<b>题</b>", "type": "text"},
        value='"><script>',
        error="不对 <i>",
    )
    assert "<script>" not in drawn
    assert "<i>" not in drawn
    assert 'aria-describedby="a-wrong"' in drawn


def test_a_question_that_says_it_is_optional_does_not_say_so_twice():
    said = {"id": "a", "title": "照片（可不传）", "type": "text"}
    assert "可以不填" not in render("{% field spec %}", spec=said)
    assert "可以不填" in render("{% field spec %}", spec={**said, "title": "照片"})
