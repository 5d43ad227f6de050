"""Take pictures of pages with the system's Chromium, to be looked at by a person.

    python tools/screenshots.py [LIST.json] [OUT_FOLDER] --base http://localhost:8000

LIST.json is a list of objects {name, url, viewport: [w, h], user?, large?, full?, lang?, steps?, docs?}. `user` signs in with
that name and the demo password first; `large` switches large type on; `full` takes the whole page; `steps` is a list of
["click"|"fill"|"wait", selector, text?] done before the picture; `docs` also leaves it, in fewer colours, in
docs/screenshots. Console errors, failed requests and sideways
scrolling are reported, and make the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
    "--no-first-run", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PASSWORD = "gezhi-demo"
DOCS = Path(__file__).parents[1] / "docs" / "screenshots"


def picture(browser: Browser, base: str, shot: dict[str, Any], folder: Path, sessions: dict[str, Any]) -> list[str]:
    """Takes one picture; returns what was wrong with the page in words."""
    wide, high = shot.get("viewport", [390, 844])
    user = shot.get("user", "")
    context = browser.new_context(
        viewport={"width": wide, "height": high},
        device_scale_factor=2 if wide < 700 else 1,
        is_mobile=wide < 700,
        has_touch=wide < 700,
        locale=shot.get("lang", "zh-CN"),
        timezone_id="Asia/Shanghai",
        storage_state=sessions.get(user),
        java_script_enabled=shot.get("js", True),
    )
    if shot.get("large"):
        context.add_cookies([{"name": "large", "value": "1", "url": base}])
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(f"script: {e}"))
    page.on("request", lambda r: None if r.url.startswith((base, "data:", "blob:")) else wrong.append(f"left: {r.url}"))
    if user and user not in sessions:
        sign_in(page, base, user)
        sessions[user] = context.storage_state()
    answer = page.goto(base + shot["url"])
    expected = shot.get("status", 200)
    if answer is None or answer.status != expected:
        wrong.append(f"status {answer.status if answer else None}")
    doing: dict[str, Any] = {"click": page.click, "fill": page.fill, "wait": page.wait_for_selector}
    for what, selector, *text in shot.get("steps", []):
        doing[what](selector, *text)
    page.wait_for_timeout(250)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if sideways > 0:
        wrong.append(f"scrolls sideways by {sideways} px")
    page.screenshot(path=str(folder / f"{shot['name']}.png"), full_page=shot.get("full", False))
    if shot.get("docs"):
        in_few_colours(folder / f"{shot['name']}.png", DOCS / f"{shot['name']}.png")
    context.close()
    if expected != 200:
        wrong = [w for w in wrong if not w.startswith("console: Failed to load resource")]
    return wrong


def in_few_colours(taken: Path, kept: Path) -> None:
    """A copy small enough to be kept with the source: 128 colours, no more than 1440 px wide."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(taken) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
        small.save(kept, optimize=True)


def sign_in(page: Page, base: str, user: str) -> None:
    page.goto(base + "/signin")
    page.fill("#username", user)
    page.fill("#password", PASSWORD)
    page.click("form button.main")
    page.wait_for_load_state("load")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = Path(__file__).parent
    parser.add_argument("list", type=Path, nargs="?", default=here / "screenshots.json")
    parser.add_argument("out", type=Path, nargs="?", default=here.parent / "var" / "screenshots")
    parser.add_argument("--base", default="http://localhost:8000")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--only", default="", help="names that contain this text")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    sessions: dict[str, Any] = {}
    failed = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=options.browser, args=ARGUMENTS)
        for shot in json.loads(options.list.read_text("utf-8")):
            if options.only and options.only not in shot["name"]:
                continue
            wrong = picture(browser, options.base.rstrip("/"), shot, options.out, sessions)
            failed += bool(wrong)
            print(shot["name"], "ok" if not wrong else "; ".join(wrong))
        browser.close()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
