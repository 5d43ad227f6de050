"""Chromium, the running house, and whoever enters it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import House, house
from tests.browser.visitor import Enter, Glass, Visitor
from tools.screenshots import ARGUMENTS

__all__ = ["house"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(
            executable_path=os.environ.get("GEZHI_CHROMIUM", "/usr/bin/chromium"), args=ARGUMENTS
        )
        yield opened
        opened.close()


@pytest.fixture
def enter(browser: Browser, house: House) -> Iterator[Enter]:
    """`enter("desk", "street")`: somebody at a desk or with a phone; what pages did wrong fails the test at its end."""
    inside: list[Visitor] = []
    glasses: dict[str, Glass] = {}

    def come(face: str, name: str, username: str = "") -> Visitor:
        made = Visitor(browser, house.url, face, name, glasses)
        inside.append(made)
        return made.sign_in(username) if username else made

    yield come
    wrong = [line for visitor in inside for line in visitor.wrong]
    for visitor in inside:
        visitor.close()
    for glass in glasses.values():
        glass.context.close()
    assert not wrong, "\n".join(wrong)
