"""A person is erased from a running county: nothing of theirs is left in any byte it has written.

The county is a real server with a worker; what the person left comes in through its doors and is worked on,
searched, revealed and printed there before it is erased.
"""

from __future__ import annotations

import base64
import io
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.crash.running import Site, environment
from tests.foundation.files.pictures import SECRET, jpeg

NAME, PHONE = "钟离望舒", "13987654321"
TEXT = "我家住青萍里十九号院二单元，楼下化粪井漫出来三天，老母亲出门滑倒，膝盖缝了六针。"
ADDED = "昨夜又漫到单元门口，垫了七块红砖才走得过去。"
RESULT = "吸污车抽了两趟，给钟离家的老人赔了礼，井圈重新砌过。"
PURPOSE = "打电话问钟离家老人伤得怎样"
PHOTO = jpeg()
WINDOW = 8  # characters; a piece of this length is enough to recognise somebody by


def exif_gps(photo: bytes) -> bytes:
    """The coordinates as they stand in the photo: latitude in degrees, minutes, seconds."""
    gps = Image.open(io.BytesIO(photo)).getexif().get_ifd(0x8825)
    whole = [int(part) for part in gps[2]]
    assert whole == [34, 54, 36]
    at = photo.index(b"GPS") if b"GPS" in photo else photo.index(SECRET) - 200
    raw = photo[max(0, at) :]
    # Three rationals, big endian: 34/1, 54/1, 36.5.
    pattern = re.compile(rb"\x00\x00\x00\x22\x00\x00\x00\x01\x00\x00\x00\x36\x00\x00\x00\x01", re.DOTALL)
    found = pattern.search(photo) or pattern.search(raw)
    assert found, "the photo does not carry the coordinates it should"
    return found.group()


def pieces() -> dict[str, bytes]:
    """What to look for: label -> bytes. Long texts also by every window of eight characters, in several spellings."""
    found = {"name": NAME.encode(), "phone": PHONE.encode(), "gps": exif_gps(PHOTO), "camera": SECRET}
    found |= {"phone, masked by hand": b"139 8765 4321", "photo": PHOTO[200:260]}
    for label, text in {"text": TEXT, "added": ADDED, "result": RESULT, "purpose": PURPOSE, "name": NAME}.items():
        for start in range(max(1, len(text) - WINDOW + 1)):
            window = text[start : start + WINDOW]
            found[f"{label} {start}"] = window.encode()
            found[f"{label} {start}, in JSON"] = window.encode("unicode_escape")
            found[f"{label} {start}, UTF-16"] = window.encode("utf-16-le")
            found[f"{label} {start}, in an address"] = str(httpx.QueryParams(q=window))[2:].encode()
    for label, text in {"name": NAME, "phone": PHONE}.items():
        # Every phase of base64, without the characters that depend on what stands beside.
        for phase in range(3):
            found[f"{label}, base64 {phase}"] = base64.b64encode(b"\0" * phase + text.encode())[4:-4]
    return found


def written(root: Path) -> Iterator[Path]:
    """Every file the county has: database, its log and index, files, roots, journal, keys, logs, run."""
    return (path for path in root.rglob("*") if path.is_file())


def found_in(root: Path, wanted: dict[str, bytes]) -> list[str]:
    """Where any of the pieces stands, as "label in file"."""
    return [
        f"{label} in {path.relative_to(root)}"
        for path in written(root)
        for raw in [path.read_bytes()]
        for label, piece in wanted.items()
        if piece in raw
    ]


@pytest.fixture
def site(tmp_path) -> Iterator[Site]:
    env = {**environment(tmp_path), "GEZHI_LOG": "DEBUG", "GEZHI_ROOTS": str(tmp_path / "roots")}
    subprocess.run([sys.executable, "-m", "tests.crash.running"], env=env, check=True)
    site = Site(env, tmp_path / "log")
    site.start()
    try:
        site.wait(site.healthy, "healthy")
        yield site
    finally:
        site.kill()


class Doors:
    """The county's doors: `api` with a bearer token, `pages` signed in as the secretary."""

    def __init__(self, site: Site) -> None:
        self.client = httpx.Client(base_url=site.url, timeout=60, trust_env=False, follow_redirects=True)
        session = self.ok(
            self.client.post("/api/v1/session", json={"username": "secretary", "password": "gezhi-demo"})
        ).json()
        self.bearer = {"Authorization": f"Bearer {session['token']}"}
        self.post("/signin", username="secretary", password="gezhi-demo")

    def ok(self, answer: httpx.Response, *codes: int) -> httpx.Response:
        assert answer.status_code in (codes or (200, 201)), (
            answer.request.url.path,
            answer.status_code,
            answer.text[:600],
        )
        return answer

    def get(self, path: str, **params: str) -> str:
        return self.ok(self.client.get(path, params=params)).text

    def api(self, path: str, **params: str) -> dict:
        return self.ok(self.client.get(f"/api/v1{path}", params=params, headers=self.bearer)).json()

    def post(self, path: str, **data: str) -> str:
        self.client.get("/signin")
        token = self.client.cookies["csrftoken"]
        headers = {"X-CSRFToken": token, "Referer": str(self.client.base_url)}
        return self.ok(self.client.post(path, data=data, headers=headers)).text


def live(doors: Doors, site: Site) -> dict:
    """The person raises a matter; it is added to, settled, searched, revealed, printed; wrong calls are made too."""
    given = {"text": TEXT, "contact_name": NAME, "contact_phone": PHONE, "place": place_of(doors)}
    key = {"Idempotency-Key": "erased-later-1"}
    # Refused with the same words first: what a refusal logs is logged.
    doors.ok(doors.client.post("/api/v1/requests", json={**given, "category": NAME}, headers=key), 422)
    doors.ok(doors.client.post("/api/v1/requests", content=TEXT.encode(), headers=key), 400, 415)
    made = doors.ok(
        doors.client.post(
            "/api/v1/requests", data=given, files={"photos": (f"{NAME}.jpg", PHOTO, "image/jpeg")}, headers=key
        )
    ).json()
    case = f"/cases/{made['id']}"
    act = {"item": 1, "data": {"result": RESULT}}
    doors.ok(
        doors.client.post(
            f"/api/v1{case}/actions/note", json={"item": 1, "data": {"words": ADDED}}, headers=doors.bearer
        )
    )
    doors.ok(
        doors.client.post(
            f"/api/v1{case}/actions/settle", json=act, headers={**doors.bearer, "Idempotency-Key": "settled-1"}
        )
    )
    site.wait(lambda: doors.api("/cases", q="化粪井漫出来")["items"], "found by its words")
    doors.api("/cases", q=NAME)
    doors.api("/cases", q=PHONE)
    for path in ("/desk/search", "/desk/cases"):
        doors.get(path, q=TEXT[:12])
        doors.get(path, q=PHONE)
    assert TEXT[:8] in doors.get(f"/desk{case}")
    assert PHONE in doors.post(f"/desk{case}/reveal", purpose=PURPOSE)
    for page in (
        f"/desk{case}/receipt",
        f"/r/{made['code']}",
        f"/r/{made['code']}/receipt",
        "/desk/",
        "/desk/supervise",
    ):
        doors.get(page)
    doors.get("/desk/bulletin")
    doors.ok(doors.client.get(f"/api/v1/requests/{made['code']}"))
    photo = re.search(rf"/desk{case}/photos/(\d+)", doors.get(f"/desk{case}"))
    assert photo
    doors.ok(doors.client.get(photo.group()))
    return {**made, "photo": photo.group()}


def place_of(doors: Doors) -> str:
    return doors.ok(doors.client.get("/api/v1/places", params={"kind": "grid1"})).json()["items"][0]["id"]


def sealed_bytes(home: Path, case: str) -> dict[str, bytes]:
    """What the county keeps of the person under seal, before it is erased: texts, their salts, photos, blind index."""
    with sqlite3.connect(f"file:{home}/gezhi.sqlite3?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT name, id, blob, salt FROM events_private WHERE stream = ? OR stream LIKE 'reveal:%'",
            [f"case:{case}"],
        ).fetchall()
        (index, body) = database.execute(
            "SELECT contact_hash, open_body FROM workflows_case WHERE id = ?", [case]
        ).fetchone()
        keys = database.execute("SELECT body FROM workflows_actionkey WHERE case_id = ?", [case]).fetchall()
    database.close()
    assert {"text", "contact", "said", "purpose"} <= {row[0] for row in rows}
    found = {f"sealed {name} {id}": bytes(blob)[:24] for name, id, blob, _ in rows}
    found |= {f"salt of {name} {id}": bytes(salt) for name, id, _, salt in rows}
    found |= {
        f"photo {path.name}": path.read_bytes()[:64] for path in (home / "files").rglob("*.*") if path.stat().st_size
    }
    return found | {"blind index": index, "hash of the request": body, "hash of the action": keys[0][0]}


@pytest.mark.slow
def test_nothing_of_an_erased_person_is_left(site, tmp_path):
    doors = Doors(site)
    made = live(doors, site)
    wanted = pieces()
    # In the clear it never was; what is under seal is there, so the search would see it.
    assert found_in(tmp_path, wanted) == []
    sealed = sealed_bytes(site.home, made["id"])
    assert len(sealed) >= 12
    seen = {line.partition(" in ")[0] for line in found_in(tmp_path, sealed)}
    assert seen == set(sealed)

    refused = site.run("erase", made["number"], "--ground", f"{NAME}本人申请")
    assert refused.returncode == 1 and "依据里写了当事人的信息" in refused.stderr
    # The refusal's words were ours, but the command line is the operator's: it is in no file of the county.
    done = site.run("erase", made["number"], "--ground", "个人信息保护法第四十七条，申请 2026-12")
    assert done.returncode == 0, done.stderr
    assert made["number"] in done.stdout

    site.wait(lambda: not (site.home / "erasures.pending").exists(), "tidied up")
    verified = site.run("verify")
    assert verified.returncode == 0, verified.stdout
    assert f"case:{made['id']} 有" in verified.stdout and "已依法抹除" in verified.stdout
    assert "2026-12" in (Path(site.env["GEZHI_KEYS"]) / "erasures.jsonl").read_text("utf-8")

    # While everything runs on, and again when all has been stopped and the log folded into the database.
    assert found_in(tmp_path, wanted | sealed) == []
    pages_say_so(doors, made)
    again = site.run("erase", made["number"], "--ground", "再来一次")
    assert again.returncode == 1
    assert site.stop() == 0
    assert found_in(tmp_path, wanted | sealed) == []


def pages_say_so(doors: Doors, made: dict) -> None:
    """The case goes on without its words; nobody finds it by them, and an old request cannot bring them back."""
    page = doors.get(f"/desk/cases/{made['id']}")
    assert "内容已依法删除" in page and made["photo"] not in page
    assert TEXT[:8] not in page
    assert doors.client.get(made["photo"]).status_code == 404
    assert "内容已依法删除" in doors.get(f"/r/{made['code']}")
    assert doors.api("/cases", q="化粪井漫出来")["items"] == []
    assert [c["number"] for c in doors.api("/cases", q=made["number"])["items"]] == [made["number"]]
    sent_again = doors.client.post(
        "/api/v1/requests",
        json={"text": "别的话", "place": place_of(doors)},
        headers={"Idempotency-Key": "erased-later-1"},
    )
    assert sent_again.status_code == 409


def test_the_search_for_pieces_finds_them(tmp_path):
    """The twin: each spelling, put into a file, is found there."""
    wanted = pieces()
    assert len(wanted) > 300
    spellings: Iterable[bytes] = (
        TEXT.encode(),
        f'{{"contact": "{NAME}"}}'.encode("unicode_escape"),
        RESULT.encode("utf-16-le"),
        base64.b64encode(b"xy" + PHONE.encode() + b"zz"),
        PHOTO,
    )
    for number, spelling in enumerate(spellings):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "page.bin").write_bytes(b"\xff" * 100 + spelling + b"\0" * 100)
        assert found_in(folder, wanted), number
