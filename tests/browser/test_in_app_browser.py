"""The portal inside another app's browser: no service worker, storage that is missing, throwing or tiny."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.house import House
from tests.interfaces.phone import until

AGENT = (
    "Mozilla/5.0 (Linux; Android 12; Phone) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107.0 "
    "Mobile Safari/537.36 MicroMessenger/8.0.40 Language/zh_CN"
)
NO_WORKER = "delete Navigator.prototype.serviceWorker;"
THROWS = """
for (const name of ["localStorage"%s])
  Object.defineProperty(window, name, { get() { throw new DOMException("refused", "SecurityError"); } });
"""
MISSING = (
    'for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { value: undefined });'
)
TINY = """
const put = Storage.prototype.setItem;
Storage.prototype.setItem = function (name, value) {
  if (value.length > 2000) throw new DOMException("full", "QuotaExceededError");
  return put.call(this, name, value);
};
"""
PATIENCE = 60_000  # milliseconds: a busy machine is no failure
TEXT = "三楼楼道灯坏了，晚上看不清。"


#: The page has kept the words, in either store, or said that it cannot.
TRIED = """(() => {
  if (document.querySelector("[data-draft-note]")?.textContent) return true;
  for (const box of ["localStorage", "sessionStorage"])
    try { if (Object.values(window[box]).some(kept => kept.includes("%s"))) return true; } catch { continue; }
  return false;
})()"""


@pytest.fixture
def inside(browser: Browser, house: House) -> Iterator:
    """`inside(script)`: a page in the other app's browser, with `script` run before ours."""
    contexts = []

    def come(script: str) -> tuple[Page, list[str]]:
        context = browser.new_context(
            base_url=house.url, user_agent=AGENT, viewport={"width": 390, "height": 844}, locale="zh-CN"
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(NO_WORKER + script)
        contexts.append(context)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(house.plates()[0])
        return page, wrong

    yield come
    for context in contexts:
        context.close()


def write(page: Page) -> None:
    """Type the words and stay until the page has tried to keep them, 0.3 s after the last key."""
    page.fill("#text", TEXT)
    until(page, TRIED % TEXT)


def keeps(page: Page) -> None:
    """The words stand in their box."""
    expect(page.locator("#text")).to_have_value(TEXT, timeout=PATIENCE)


def says(page: Page, where: str, words: str) -> None:
    """A part that is seen says this."""
    part = page.locator(where)
    expect(part).to_contain_text(words, timeout=PATIENCE)
    expect(part).to_be_visible(timeout=PATIENCE)


@pytest.mark.browser
@pytest.mark.parametrize("script", ["", THROWS % "", TINY], ids=["as it is", "no long storage", "tiny"])
def test_a_draft_survives_a_reload_wherever_anything_can_be_kept(inside, script):
    page, wrong = inside(script)
    write(page)
    page.reload()
    keeps(page)
    assert wrong == []


@pytest.mark.browser
@pytest.mark.parametrize("script", [THROWS % ', "sessionStorage"', MISSING], ids=["throws", "missing"])
def test_where_nothing_can_be_kept_it_is_said_while_there_is_time(inside, script):
    page, wrong = inside(script)
    write(page)
    says(page, "[data-draft-note]", "存不下草稿")
    # Raising works all the same, and the receipt opens.
    with page.expect_navigation():
        page.click("form.raise button.main")
    assert "/receipt" in page.url
    says(page, "main", "收到了")
    assert wrong == []


@pytest.mark.browser
def test_without_a_signal_and_without_storage_the_words_stay_in_the_box(inside):
    page, wrong = inside(THROWS % ', "sessionStorage"')
    write(page)
    page.context.set_offline(True)
    page.click("form.raise button.main")
    says(page, "[data-form-error]", "存不下")
    keeps(page)
    page.context.set_offline(False)
    with page.expect_navigation():
        page.click("form.raise button.main")
    says(page, "main", "收到了")
    assert wrong == []


@pytest.mark.browser
def test_a_large_photo_leaves_the_words_of_the_draft(inside, tmp_path):
    from PIL import Image

    picture = tmp_path / "lamp.png"
    Image.effect_noise((300, 300), 90).save(picture)
    page, wrong = inside(TINY)
    write(page)
    page.set_input_files("input[type=file]", picture)
    says(page, "[data-draft-note]", "只存了文字")
    page.reload()
    keeps(page)
    assert wrong == []


#: No new windows, nothing downloaded, no service worker, and storage that throws: the narrowest of them.
NARROW = (
    THROWS % ', "sessionStorage"'
    + 'window.open = () => { throw new Error("no new windows"); };'
    + "for (const name of ['showOpenFilePicker', 'share', 'Notification', 'indexedDB'])"
    " Object.defineProperty(window, name, { value: undefined });"
)


@pytest.mark.browser
def test_raise_add_a_photo_look_and_rate_where_nothing_is_kept_and_no_window_opens(inside, house, tmp_path):
    from tests.foundation.files.pictures import jpeg

    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(jpeg(640, 480))
    page, wrong = inside(NARROW)
    left: list[str] = []
    page.context.on("page", lambda opened: left.append(f"window {opened.url}"))
    page.on("download", lambda file: left.append(f"download {file.url}"))

    # --- raise, with a photo ---
    page.fill("#text", f"{TEXT}带照片。")
    page.set_input_files(".raise input[type=file]", picture)
    page.locator(".previews img").wait_for()
    with page.expect_navigation():
        page.click("form.raise button.main")
    says(page, "main", "收到了")
    code = page.inner_text("strong.code").replace("-", "").strip()

    # --- look: the steps, the photo, opened large and back again ---
    with page.expect_navigation():
        page.click(".to-matter")
    shot = page.locator(".photo-pair a").first
    assert page.locator("ol.steps li").count() >= 4 and shot.get_attribute("target") is None
    with page.expect_navigation():
        shot.click()
    page.go_back()
    for link in page.locator("main a").all():
        assert link.get_attribute("target") is None and link.get_attribute("download") is None

    # --- the community settles it; looked up again by the code, and rated ---
    secretary = house.token("secretary")
    found = house_call(house, "GET", f"/cases?q={code}", secretary)["items"][0]
    seen = house_call(house, "GET", f"/cases/{found['id']}", secretary)
    item = next(one for one in seen["items"] if one["state"] == "open")
    body = {"item": item["number"], "expected_seq": seen["seq"], "data": {"result": "当场换了灯。"}}
    house_call(house, "POST", f"/cases/{found['id']}/actions/settle", secretary, body)
    page.goto("/find")
    page.fill("#code", code.lower())
    with page.expect_navigation():
        page.click("form button.big")
    page.click(".thumb-bar >> text=解决了")
    with page.expect_navigation():
        page.click("#solved .rating button >> nth=0")
    page.locator("text=谢谢您回话").wait_for()
    assert wrong == [] and left == []


def house_call(house: House, method: str, path: str, headers: dict[str, str], body: dict | None = None) -> dict:
    """One call of the API."""
    import httpx

    answer = httpx.request(method, f"{house.url}/api/v1{path}", headers=headers, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()
