"""Everybody follows every link they are shown: none is dead, none leads to a refusal, no menu entry is empty."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import httpx
import pytest

from tests.browser.house import ROLES, House

pytestmark = pytest.mark.slow

PAGES = 150
EACH = 4  # of one kind of address: the same page about another case is looked at this often
DOORS = {"": ("/", "/board", "/find", "/signin", "/patterns"), "grid": ("/field/", "/desk/")}
# They change how everything afterwards is shown; the pages themselves are seen in both ways by test_loop.
PREFERENCES = ("/prefer",)


@dataclass
class Link:
    """Where an element leads: `fragment` when htmx or a script asks for it as a part of a page."""

    url: str
    text: str
    fragment: bool = False


class Reader(HTMLParser):
    """Links, loaded files and ids of a page; the words inside its links and menus."""

    def __init__(self, html: str):
        super().__init__(convert_charrefs=True)
        self.links: list[Link] = []
        self.files: list[str] = []
        self.ids: set[str] = set()
        self.menu: list[str] = []
        self._open: list[Link] = []
        self._nav = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.ids |= {given["id"]} if given.get("id") else set()
        self._nav += tag == "nav"
        if tag == "a":
            # Without an address it is a button that a script fills; nothing to follow.
            link = Link(given.get("href", "") if "href" in given else "javascript:", given.get("title", ""))
            self.links.append(link)
            self._open.append(link)
        for name in ("hx-get", "data-preview"):
            if given.get(name):
                self.links.append(Link(given[name], name, fragment=True))
        if tag in ("img", "script") and given.get("src"):
            self.files.append(given["src"])
        if tag == "link" and given.get("href"):
            self.files.append(given["href"])
        if self._open and tag in ("img", "svg"):
            self._open[-1].text += given.get("alt", "") or given.get("aria-label", "") or "▢"

    def handle_endtag(self, tag: str) -> None:
        if tag == "nav":
            self._nav -= 1
        if tag == "a" and self._open:
            link = self._open.pop()
            if self._nav:
                self.menu.append(link.text.strip())

    def handle_data(self, data: str) -> None:
        for link in self._open:
            link.text += data


@dataclass
class Walk:
    """One person's walk through the house."""

    client: httpx.Client
    seen: Counter[str] = field(default_factory=Counter)
    pages: int = 0
    files: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def go(self, doors: list[str]) -> None:
        """From the doors on, breadth first, until nothing new is found or PAGES were read."""
        waiting: deque[tuple[Link, str]] = deque((Link(door, "door"), "") for door in doors)
        known: set[tuple[str, bool]] = set()
        while waiting and self.pages < PAGES:
            link, shown_on = waiting.popleft()
            url, anchor = urldefrag(link.url)
            if (url, link.fragment) in known:
                continue
            known.add((url, link.fragment))
            kind = _kind(url)
            if self.seen[kind] >= EACH:
                continue
            self.seen[kind] += 1
            reader = self._read(link, url, shown_on)
            if reader is None:
                continue
            if anchor and not link.fragment and anchor not in reader.ids:
                self.wrong.append(f"{shown_on} → {link.url}: there is no #{anchor}")
            waiting.extend((found, url) for found in self._worth_following(reader, url))

    def _read(self, link: Link, url: str, shown_on: str) -> Reader | None:
        answer = self.client.get(url, headers={"HX-Request": "true"} if link.fragment else {})
        self.pages += 1
        if answer.status_code != 200:
            self.wrong.append(f"{shown_on} → {url} “{link.text.strip()}”: {answer.status_code}")
            return None
        if "text/html" not in answer.headers["Content-Type"]:
            return None
        reader = Reader(answer.text)
        if "{%" in answer.text or "{{" in answer.text or re.search(r">\s*None\s*<", answer.text):
            self.wrong.append(f"{url}: a template shows through")
        if not all(reader.menu):
            self.wrong.append(f"{url}: an empty menu entry")
        for file in reader.files:
            self._load(file, url)
        return reader

    def _load(self, file: str, url: str) -> None:
        if file in self.files or file.startswith("data:"):
            return
        self.files.add(file)
        if not file.startswith("/"):
            self.wrong.append(f"{url}: loads {file}")
        elif self.client.get(file).status_code != 200:
            self.wrong.append(f"{url}: {file} is missing")

    def _worth_following(self, reader: Reader, url: str) -> list[Link]:
        found = []
        for link in reader.links:
            if link.url.startswith(("tel:", "javascript:")):
                continue
            if not link.fragment and not link.text.strip():
                self.wrong.append(f"{url}: a link without words to {link.url}")
            if link.url in ("", "#"):
                self.wrong.append(f"{url}: “{link.text.strip()}” leads nowhere")
                continue
            if link.url.startswith("#"):
                if link.url[1:] not in reader.ids:
                    self.wrong.append(f"{url}: there is no {link.url}")
                continue
            target = urljoin(str(self.client.base_url.join(url)), link.url)
            parts = urlsplit(target)
            if parts.netloc != self.client.base_url.netloc.decode():
                self.wrong.append(f"{url}: leads out of the house to {link.url}")
            elif not parts.path.startswith(PREFERENCES) and "lang" not in dict(parse_qsl(parts.query)):
                inside = parts._replace(scheme="", netloc="").geturl()
                found.append(Link(inside, link.text, link.fragment))
        return found


def _kind(url: str) -> str:
    """The address without what tells one case, place or person from another."""
    parts = urlsplit(url)
    path = re.sub(r"/(b|r)/[^/]+", r"/\1/…", re.sub(r"\d{4}-W?\d\d|\d+", "…", parts.path))
    keys = sorted({k for k, _v in parse_qsl(parts.query) if k not in ("back", "item")})
    return f"{path}?{'&'.join(keys)}"


@pytest.mark.parametrize("role", ["", *ROLES])
def test_every_link_leads_somewhere(house: House, role: str):
    walk = Walk(house.client(role))
    doors = list(DOORS.get(role, ("/desk/",)))
    if not role:
        doors += house.plates()[:2]
        made = house.client().post("/api/v1/requests", json={"text": "路口的护栏歪了。", "place": "410883001"})
        assert made.status_code == 201, made.text
        code = made.json()["code"]
        doors += [f"/r/{code}", f"/r/{code}/receipt", f"/r/{code}?say=add"]
    walk.go(doors)
    assert walk.wrong == []
    assert walk.pages > (15 if role in ("", "grid") else 40), dict(walk.seen)
