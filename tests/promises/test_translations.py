"""In English no page speaks Chinese, but for what is Chinese by itself: names of places, of people and of units,
the categories of the national standard, and what residents and staff have written."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from gezhi.engines.workflows.models import Case
from gezhi.foundation import packs, people, places
from gezhi.foundation.calendar import clock
from gezhi.foundation.measures import month_of, week_of
from gezhi.foundation.people.models import Person
from tests.world import World

UNKNOWN = ("/nowhere", "/r/AAAAAAAA")
HAN = re.compile(r"[\u3400-\u9fff\uff01-\uff5e\u3001-\u3011]+")
TEXT, RESULT, REASON = "三楼楼道灯坏了一周，晚上看不清。", "换了灯和声控开关。", "配件要从外地发，后天到。"
ASKED = "楼道灯"
# Words recognised in what somebody wrote are underlined; the sentence is one all the same.
UNREAD = re.compile(r"<(script|style)\b.*?</\1>|</?em>", re.DOTALL)
# Said in their own language whatever the page's: the switch to Chinese, the brand.
OWN_WORDS = ("中文", "简体中文", "格治")


@pytest.fixture
def world(db) -> World:
    made = World()
    made.seats["auditor"] = made.seat("auditor", "county", "薛衡")
    made.seats["admin"] = made.seat("admin", "county", "卢一舟")
    return made


@pytest.fixture
def cases(world) -> list[Case]:
    """One at every step, one asked for more time, one that came back."""
    made = [world.open(TEXT), world.to_sign(world.open(TEXT)), world.to_handle(world.open(TEXT))]
    longer = world.to_handle(world.open(TEXT))
    world.do(longer, "extend", "马东", more="2 work_day", reason=REASON)
    made += [longer, world.to_verify(world.open(TEXT)), world.to_follow_up(world.open(TEXT))]
    return [*made, world.to_closed(world.open(TEXT))]


def browser(world: World, name: str | None = None) -> Client:
    """A browser that asks for English, signed in as one of the cast or nobody."""
    client = Client(headers={"Accept-Language": "en"})
    if name:
        person = people.directory().person(world.people[name])
        session = client.session
        session["person"], session["person_epoch"] = person.id, person.session_epoch
        session.save()
        client.cookies["sessionid"] = session.session_key
    return client


def chinese_by_itself(world: World) -> list[str]:
    """Every name and text a page may show as it is, the longest first so that no part of one is left over."""
    directory, registry = places.directory(), packs.registry()
    words = {TEXT, RESULT, REASON, ASKED, TEXT.rstrip("。"), RESULT.rstrip("。"), *OWN_WORDS}
    for place in world.places.values():
        words |= {directory.get(place).name, directory.label(place), places.short_name(directory.get(place).name)}
    for seat in people.directory().seats.values():
        words |= {seat.organisation_name or "", *re.findall(HAN, seat.label)}
    for category in registry.categories:
        words |= {category.name, category.l1, category.l2, category.label}
    for person in Person.objects.all():
        words |= {person.name_public, *world.people}
    return sorted((word for word in words if word), key=len, reverse=True)


def left_over(page: str, allowed: list[str]) -> set[str]:
    """Chinese that is none of the allowed words, in the text and in attributes people see or hear."""
    text = html.unescape(UNREAD.sub("", page))
    for word in allowed:
        text = text.replace(word, "")
    return set(HAN.findall(text))


def staff_pages(world: World, cases: list[Case]) -> list[tuple[str, str]]:
    county, lake = world.places["county"], world.places["lake"]
    today = clock.today()
    pages = [("赵兰", f"/desk/cases/{case.id}") for case in cases]
    pages += [("马东", f"/desk/cases/{cases[2].id}?do=finish"), ("赵兰", f"/desk/cases/{cases[0].id}?do=dispatch")]
    pages += [(name, "/desk/") for name in ("赵兰", "秦英", "马东", "周敏", "方晓", "薛衡", "卢一舟")]
    pages += [
        ("方晓", f"/desk/{page}") for page in ("supervise", "cases", "map", "methods", "search?q=楼道灯", "counter")
    ]
    pages += [("卢一舟", f"/desk/{page}") for page in ("people", "places", f"places/{lake}", "methods/request")]
    pages += [("薛衡", "/desk/audit"), ("卢一舟", f"/desk/people/seats/{world.seats['city']}")]
    pages += [("卢一舟", f"/desk/people/{world.people['马东']}/hand-over")]
    for period in (week_of(today), month_of(today)):
        pages += [("方晓", f"/desk/bulletin/{county}/{period.kind}/{period.name}")]
    pages += [("秦英", "/field/"), ("秦英", "/field/report"), ("秦英", f"/field/case/{cases[4].id}")]
    return [*pages, ("赵兰", f"/desk/cases/{cases[6].id}/receipt"), ("马东", "/desk/nowhere")]


def resident_pages(world: World, cases: list[Case]) -> list[str]:
    plate = f"/b/{places.directory().get(world.places['block7']).qr}"
    pages = ["/", "/find", "/mine", "/signin", plate, f"{plate}/needs", "/patterns", *UNKNOWN]
    pages += [f"/board?place={world.places['lake']}", f"/board/list?place={world.places['lake']}&is=raised"]
    return [*pages, *(f"/r/{case.code}" for case in cases), f"/r/{cases[0].code}/receipt"]


def test_in_english_staff_read_english(world, cases):
    allowed, found = chinese_by_itself(world), {}
    for name, address in staff_pages(world, cases):
        answer = browser(world, name).get(address, follow=True)
        assert answer.status_code == (404 if "nowhere" in address else 200), (name, address)
        found[name, address] = left_over(answer.content.decode(), allowed)
    assert [f"{where}: {sorted(words)}" for where, words in found.items() if words] == []


def test_in_english_residents_read_english(world, cases):
    allowed, found = chinese_by_itself(world), {}
    for address in resident_pages(world, cases):
        answer = browser(world).get(address)
        assert answer.status_code == (404 if address in UNKNOWN else 200), address
        found[address] = left_over(answer.content.decode(), allowed)
    assert [f"{where}: {sorted(words)}" for where, words in found.items() if words] == []


def test_in_chinese_the_same_pages_speak_chinese(world, cases):
    """The twin: what the two tests above look for is there in the other language."""
    allowed = chinese_by_itself(world)
    for name, address in (("赵兰", f"/desk/cases/{cases[0].id}"), ("秦英", "/field/")):
        client = browser(world, name)
        assert left_over(client.get(address, headers={"Accept-Language": "zh-CN"}).content.decode(), allowed), address


def test_a_refusal_says_it_in_english(world):
    answer = browser(world).post("/api/v1/requests", {"place": world.places["lake"]}, content_type="application/json")
    assert answer.status_code == 422
    assert not HAN.findall(answer.content.decode())


def test_plural_forms_follow_the_number():
    with translation.override("en"):
        assert [translation.ngettext("%(n)d 天", "%(n)d 天", n) % {"n": n} for n in (1, 2)] == ["1 day", "2 days"]


def test_the_compiled_catalogue_is_the_one_in_words():
    """A fresh machine has no gettext, so django.mo is in git; this needs no gettext either."""
    sys.path.insert(0, str(Path(settings.ROOT) / "tools"))
    try:
        import translations as tool
    finally:
        sys.path.pop(0)
    import polib

    words = polib.pofile(str(tool.CATALOGUE))
    assert tool.compiled(words) == tool.compiled(polib.mofile(str(tool.COMPILED)))
    assert len(words.translated_entries()) == len(words) > 1000
