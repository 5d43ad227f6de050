"""Somebody with a screen: opens pages, looks at each of them, and remembers what was wrong.

`look(name)` says of the page that is open now: one h1, a language, nothing scrolls sideways; also at 390 px, and at
320 px with large type in both languages, the first two times that kind of page is met in a process (`GEZHI_LOOK=all`
judges every time). `GEZHI_SLOW=6` gives every page a sixth of the processor: what looks once where it ought to wait fails
then. With `GEZHI_SHOTS=<folder>` every look leaves its pictures there.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Locator, Page, Request, Response

from tests.browser.house import PASSWORD

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Way:
    """One more way in which a page must stand up: (picture suffix, width, height, large type, language)."""

    name: str
    width: int
    height: int
    large: bool
    lang: str


SMALL = Way("320-large", 320, 700, True, "zh-hans")
WAYS = {
    "phone": (SMALL, Way("320-large-en", 320, 700, True, "en")),
    "desk": (Way("390", 390, 844, False, "zh-hans"), SMALL, Way("1440-en", 1440, 900, False, "en")),
}


class Glass:
    """A window in which a page is seen another way, lent to one visitor after the other: a window of one's own for each
    page costs Chromium three processes, more than the page itself. Nothing is kept in it but the cookies of who looks."""

    def __init__(self, browser: Browser, base: str, way: Way):
        self.way, self.base = way, base
        self._visitor: Visitor | None = None
        self.context = context(browser, base, way.width, way.height, service_workers="block")
        self.page = watched(self.context, base, self._note)

    def show(self, visitor: Visitor) -> Page:
        """The page that is open before the visitor, opened here; what goes wrong with it is noted as theirs."""
        if self._visitor is not visitor:
            self._empty()
            self._visitor = visitor
        given = [c for c in visitor.context.cookies() if c["name"] not in ("large", "lang")]
        self.context.add_cookies(
            [
                *({k: v for k, v in c.items() if k in ("name", "value", "domain", "path")} for c in given),
                {"name": "large", "value": "1" if self.way.large else "0", "url": self.base},
                {"name": "lang", "value": self.way.lang, "url": self.base},
            ]
        )
        self.page.goto(visitor.page.url.partition("#")[0])
        return self.page

    def _empty(self) -> None:
        if self._visitor is not None:
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
            self.page.goto("about:blank")
            self.context.clear_cookies()

    def _note(self, words: str) -> None:
        if self._visitor is not None:
            self._visitor.wrong.append(f"{self._visitor.name} {words}")


class Visitor:
    """One person's browser. `wrong` collects what the pages did that they must not."""

    _met: ClassVar[Counter[tuple[str, str]]] = Counter()

    def __init__(self, browser: Browser, base: str, face: str, name: str, glasses: dict[str, Glass] | None = None):
        self.base, self.face, self.name = base, face, name
        self.wrong: list[str] = []
        self._browser, self._looked = browser, 0
        self._glasses = {} if glasses is None else glasses
        size = DESK if face == "desk" else PHONE
        self.context = context(browser, base, size["width"], size["height"])
        self.page = watched(self.context, base, lambda words: self.wrong.append(f"{self.name} {words}"))

    # --- going about ----------------------------------------------------------------------------------------------

    def sign_in(self, username: str) -> Visitor:
        """Through the form, as everybody does."""
        self.page.goto("/signin")
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        with self.page.expect_navigation():
            self.page.click("form button.main")
        assert urlsplit(self.page.url).path != "/signin", f"{username} was not let in"
        return self

    def go(self, url: str, look: str = "") -> Page:
        """Open an address; with a name, look at it."""
        answer = self.page.goto(url)
        assert answer is not None and answer.status == 200, f"{url}: {answer and answer.status}"
        if look:
            self.look(look)
        return self.page

    def press(self, target: str | Locator) -> None:
        """Press something that leads to another page."""
        found = self.page.locator(target) if isinstance(target, str) else target
        with self.page.expect_navigation():
            found.click()

    def act(self, action: str, **fields: str) -> None:
        """On the desk: open an action from the bar, fill its sheet, send it with Ctrl+Enter."""
        button = self.page.locator(f'footer.acts a[href*="/do/{action}?"]')
        if not button.is_visible():
            self.page.click("footer.acts summary")
        button.click()
        self.fill_sheet(**fields)

    def fill_sheet(self, **fields: str) -> None:
        """Fill the side sheet that is open (choices by their value, photos by a path) and send it."""
        form = self.page.locator("#drawer form")
        form.wait_for()
        for name, value in fields.items():
            fill(form, name, value)
        with self.page.expect_navigation():
            form.locator("button.main").press("Control+Enter")

    # --- looking --------------------------------------------------------------------------------------------------

    def look(self, name: str, *, again: bool = True) -> None:
        """Judge the page that is open, and (`again`: it can be opened by its address) the other ways of seeing it."""
        self._looked += 1
        label = f"{self.name}-{self._looked:02d}-{name}"
        self._judge(self.page, label, self.face)
        if not again:
            return
        kind = re.sub(r"[0-9]+|[A-Z0-9-]{6,}", "#", urlsplit(self.page.url).path)
        for way in WAYS[self.face]:
            Visitor._met[way.name, kind] += 1
            if Visitor._met[way.name, kind] > 2 and os.environ.get("GEZHI_LOOK") != "all":
                continue
            if way.name not in self._glasses:
                self._glasses[way.name] = Glass(self._browser, self.base, way)
            self._judge(self._glasses[way.name].show(self), f"{label}-{way.name}", way.name)

    def _judge(self, page: Page, label: str, size: str) -> None:
        seen = page.evaluate(
            """() => ({h1: [...document.querySelectorAll('h1')].filter(h => h.offsetParent !== null).length,
              lang: document.documentElement.lang, title: document.title.trim(),
              wide: document.scrollingElement.scrollWidth,
              bare: [...document.images].filter(i => i.complete && !i.naturalWidth).length})"""
        )
        at = f"{label} {urlsplit(page.url).path}"
        if seen["h1"] != 1:
            self.wrong.append(f"{at}: {seen['h1']} h1")
        if not seen["lang"] or not seen["title"]:
            self.wrong.append(f"{at}: lang {seen['lang']!r}, title {seen['title']!r}")
        # Not innerWidth: a phone zooms out to a page that is too wide, and would hide it.
        too_wide = seen["wide"] - (page.viewport_size or PHONE)["width"]
        if too_wide > 0:
            edge = (page.viewport_size or PHONE)["width"]
            outside = page.evaluate(
                """edge => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > edge + 1)
                  .slice(-3).map(e => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 30)}`)""",
                edge,
            )
            self.wrong.append(f"{at}: scrolls sideways by {too_wide} px ({size}): {outside}")
        if seen["bare"]:
            self.wrong.append(f"{at}: {seen['bare']} pictures are missing")
        folder = os.environ.get("GEZHI_SHOTS")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{label}.png"))

    def close(self) -> None:
        self.context.close()


def context(browser: Browser, base: str, width: int, height: int, **more: Any) -> BrowserContext:
    """A browser profile of its own; below 700 px it is a phone."""
    made = browser.new_context(
        viewport={"width": width, "height": height}, is_mobile=width < 700, has_touch=width < 700, locale="zh-CN",
        timezone_id="Asia/Shanghai", base_url=base, **more,
    )  # fmt: skip
    made.set_default_timeout(60_000)
    return made


def watched(within: BrowserContext, base: str, note: Callable[[str], None]) -> Page:
    """A page of which `note` hears what it does wrong."""
    page = within.new_page()
    if slow := os.environ.get("GEZHI_SLOW"):
        within.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": float(slow)})

    def failed(request: Request) -> None:
        # A page that is left while it still loads gives up its requests: nobody's fault.
        if request.failure != "net::ERR_ABORTED":
            note(f"request: {request.url} {request.failure or ''}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            note(f"answer: {response.status} {response.url}")

    def asked(request: Request) -> None:
        if not request.url.startswith((base, "data:", "blob:")):
            note(f"request: {request.url} left")

    page.on("pageerror", lambda error: note(f"script: {error}"))
    page.on("console", lambda message: note(f"console: {message.text}") if message.type == "error" else None)
    page.on("requestfailed", failed)
    page.on("response", answered)
    page.on("request", asked)
    return page


def fill(form: Locator, name: str, value: str) -> None:
    """Put an answer into a field of a form, whatever its kind."""
    box = form.locator(f'[name="{name}"]')
    kind = box.first.evaluate("e => e.tagName === 'INPUT' ? e.type : e.tagName.toLowerCase()")
    if kind == "radio":
        form.locator(f'label:has([name="{name}"][value="{value}"])').click()
    elif kind == "select":
        box.select_option(value)
    elif kind == "file":
        box.set_input_files(value)
    elif kind == "checkbox":
        box.set_checked(value == "true", force=True)
    else:
        box.fill(value)


Enter = Callable[..., Visitor]
