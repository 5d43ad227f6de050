"""A phone: headless Chromium against the live server. Fixtures `browser` and `phone`, imported by the tests that use them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tools.screenshots import ARGUMENTS

CHROMIUM = os.environ.get("GEZHI_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium a module. Playwright keeps an event loop in this thread, which Django must not mistake for async."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
    else:
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


class Phone:
    """Opens pages at 390×844 and notes what went wrong on them: script errors, refused resources, calls elsewhere."""

    def __init__(self, browser: Browser, base: str):
        self.browser, self.base = browser, base
        self.wrong: list[str] = []
        self._contexts: list[BrowserContext] = []

    def context(self, **more) -> BrowserContext:
        """A fresh browser profile: its own cookies and its own storage."""
        made = self.browser.new_context(
            viewport=more.pop("viewport", {"width": 390, "height": 844}), has_touch=True, is_mobile=True, locale="zh-CN",
            timezone_id="Asia/Shanghai", base_url=self.base, **more,
        )  # fmt: skip
        made.set_default_timeout(60_000)
        self._contexts.append(made)
        return made

    def page(self, context: BrowserContext | None = None, **more) -> Page:
        """A page whose mistakes are noted."""
        made = (context or self.context(**more)).new_page()
        made.on("pageerror", lambda e: self.wrong.append(f"script: {e}"))
        made.on("console", lambda m: self.wrong.append(f"console: {m.text}") if "Content Security" in m.text else None)
        made.on(
            "request",
            lambda r: None if r.url.startswith((self.base, "data:", "blob:")) else self.wrong.append(f"left: {r.url}"),
        )
        return made

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def phone(browser, live_server) -> Iterator[Phone]:
    """A phone on the live server; the test fails when a page made a mistake, even if what it tested went well."""
    made = Phone(browser, live_server.url)
    yield made
    made.close()
    assert made.wrong == []


def sideways(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def until(page: Page, condition: str, seconds: float = 60.0) -> None:
    """Wait until a JavaScript expression holds. (Playwright's own waiting evaluates text in the page, which our
    content security policy rightly refuses.)"""
    for _look in range(int(seconds * 10)):
        try:
            if page.evaluate(condition):
                return
        except Error as error:  # the page was just exchanged for the next one: look again there
            if "navigation" not in str(error):
                raise
        page.wait_for_timeout(100)
    raise AssertionError(f"never became true: {condition}")


def sent(page: Page) -> None:
    """Wait until nothing waits in the phone any more."""
    until(page, "window.gezhiStore.queue.all().length === 0")
