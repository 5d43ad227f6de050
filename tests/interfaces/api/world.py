"""A small synthetic county: one town, two villages, grids, a building, and somebody in every seat that matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest import mock

from django.test import Client
from shapely.geometry import box

from gezhi.foundation import packs, people, places
from gezhi.foundation.packs import installed
from gezhi.foundation.people import actions as staffing
from tests.world import read_once

SETUP = people.system("setup")
PASSWORD = "gezhi-demo"
STANDARD = Path(__file__).resolve().parents[3] / "packs" / "standard-county"


class World:
    """Builds the county once; `client` speaks to the API, `token(username)` signs in."""

    def __init__(self) -> None:
        with mock.patch.object(installed, "load", read_once):
            packs.install(STANDARD, actor=SETUP)
        self.place: dict[str, int] = {}
        self._open("province", "测试省", None, {"stats": "99"})
        self._open("city", "测试市", "测试省", {"stats": "9901"})
        self._open("county", "清河县", "测试市", {"stats": "990101"}, box(112.0, 34.0, 112.4, 34.4))
        self._open("town", "柳林镇", "清河县", {"stats": "990101100"}, box(112.0, 34.0, 112.4, 34.4))
        self._open("village", "迎秀社区居委会", "柳林镇", {"stats": "990101100001"}, box(112.0, 34.0, 112.2, 34.4))
        self._open("village", "马桥村委会", "柳林镇", {"stats": "990101100200"}, box(112.2, 34.0, 112.4, 34.4))
        self._open("village", "旧庄村委会", "柳林镇", {"stats": "990101100201"})
        self._open("grid1", "第 1 网格", "迎秀社区居委会", {}, box(112.0, 34.0, 112.2, 34.4))
        self._open("grid1", "第 2 网格", "马桥村委会", {}, box(112.2, 34.0, 112.4, 34.4))
        self._open("building", "3 号楼", "第 1 网格", {})
        places.close(self.place["旧庄村委会"], actor=SETUP)
        self.person: dict[str, int] = {}
        self.seat: dict[str, int] = {}
        for username in ("director", "deputy"):
            self._person(username)
        self.seat["root"] = staffing.open_root(
            "county_director",
            self.place["清河县"],
            [self.person["director"], self.person["deputy"]],
            actor=SETUP,
        )
        self._sit("county", "county_dispatcher", "清河县")
        self._sit("admin", "admin", "清河县")
        self._sit("auditor", "auditor", "清河县")
        self._sit("street", "street_officer", "柳林镇")
        self._sit("secretary", "village_secretary", "迎秀社区居委会")
        self._sit("neighbour", "village_secretary", "马桥村委会")
        self._sit("grid", "grid_worker", "第 1 网格")
        housing = staffing.open_organisation(
            "housing", "清河县住房和城乡建设局", kind="department", place_id=self.place["清河县"], actor=SETUP
        )
        self._sit("department", "department", "清河县", organisation_id=housing)
        self.fresh()

    def fresh(self) -> None:
        """Forget sign-ins: what a test wrote is gone after it."""
        self._tokens: dict[str, str] = {}
        self.client = Client(raise_request_exception=False)

    def _open(self, kind: str, name: str, parent: str | None, codes: dict[str, str], outline: Any = None) -> None:
        above = self.place[parent] if parent else None
        self.place[name] = places.open_place(kind, name, actor=SETUP, parent=above, codes=codes, geometry=outline)

    def _person(self, username: str) -> None:
        self.person[username] = staffing.create_person(
            f"秦{username}", actor=SETUP, username=username, password=PASSWORD, synthetic=True
        )

    def _sit(self, username: str, post: str, place: str, organisation_id: int | None = None) -> None:
        self._person(username)
        self.seat[username] = staffing.open_seat(post, self.place[place], actor=SETUP, organisation_id=organisation_id)
        staffing.appoint(self.seat[username], self.person[username], actor=SETUP)

    @property
    def qr(self) -> str:
        info = places.directory().get(self.place["3 号楼"])
        assert info is not None and info.qr
        return info.qr

    def token(self, username: str) -> str:
        # Without the password, whose hash is slow on purpose; signing in has its own tests.
        if username not in self._tokens:
            person = people.directory().person(self.person[username])
            self._tokens[username] = people.issue_token(person).secret
        return self._tokens[username]

    def post(
        self, path: str, body: Any = None, *, by: str = "", key: str = "", lang: str = "zh-Hans", **more: Any
    ) -> Any:
        """POST JSON (or raw bytes) to /api/v1."""
        raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        more.setdefault("content_type", "application/json")
        return self.client.post(f"/api/v1{path}", data=raw, headers=self._headers(by, key, lang), **more)

    def get(self, path: str, *, by: str = "", lang: str = "zh-Hans", **more: Any) -> Any:
        """GET from /api/v1."""
        return self.client.get(f"/api/v1{path}", headers=self._headers(by, "", lang), **more)

    def _headers(self, by: str, key: str, lang: str) -> dict[str, str]:
        headers = {"Accept-Language": lang}
        if by:
            headers["Authorization"] = f"Bearer {self.token(by)}"
        if key:
            headers["Idempotency-Key"] = key
        return headers

    def raise_matter(self, text: str = "迎秀社区 3 号楼前的路灯三天不亮了", **more: Any) -> dict[str, Any]:
        """A matter in the first village's grid, as the API answers it."""
        answer = self.post("/requests", {"text": text, "place": str(self.place["第 1 网格"]), **more})
        assert answer.status_code == 201, answer.content
        return answer.json()

    def act(self, by: str, id: str, action: str, data: dict[str, Any] | None = None) -> Any:
        """Do an action as the case page would: look, then send back what was seen."""
        case = self.get(f"/cases/{id}", by=by).json()
        offered = next(a for a in case["actions"] if a["action"] == action)
        return self.post(
            f"/cases/{id}/actions/{action}",
            {"item": offered["item"], "expected_seq": case["seq"], "data": data or {}},
            by=by,
        )
