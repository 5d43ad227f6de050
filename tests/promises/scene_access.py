"""One of everything in a small county, and everybody who might try a door: what tests/promises/test_access.py knocks with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from gezhi.engines.publishing.models import Document
from gezhi.engines.workflows import rules
from gezhi.engines.workflows.methods import drafts
from gezhi.engines.workflows.models import Case
from gezhi.foundation import db, events, notices, people, places, subjects
from gezhi.foundation.calendar import clock
from gezhi.foundation.db import revisions
from gezhi.foundation.jobs import claims, registry
from gezhi.foundation.notices import choosing
from gezhi.foundation.notices.models import Notice
from gezhi.foundation.people import actions as staffing
from gezhi.foundation.people.models import CommitteeChange
from gezhi.foundation.places.models import PlaceChange
from gezhi.foundation.sheets import actions as sheets
from gezhi.foundation.sheets.models import ReplySheet
from tests import books_scene
from tests.foundation.files.pictures import jpeg
from tests.foundation.people.county import SETUP
from tests.foundation.sheets.workbooks import HEAD, book, row
from tests.interfaces.desk.conftest import Desk
from tests.world import World

#: Letter of the table -> name. The matter lies in grid 1 of 湖滨社区, 东街街道, and 马东's department handles it.
WHO = {
    "N": "",  # nobody signed in; a resident
    "f": "旧任",  # sat in the village's seat before and left it: an account, no seat
    "l": "楼新",  # below: head of the building it is about
    "g": "秦英",  # inside: worker of its grid
    "j": "李禾",  # beside: worker of the next grid
    "h": "孙田",  # outside: worker of a grid in another town
    "s": "赵兰",  # inside: village secretary
    "t": "代青",  # substitutes the secretary
    "k": "钱立",  # outside: secretary of another village
    "o": "周敏",  # above: duty officer of its town
    "w": "何苗",  # outside: duty officer of another town
    "c": "方晓",  # above: county dispatcher
    "d": "于沐阳",  # above: county director
    "m": "马东",  # the department that handles it
    "e": "陈军",  # a department that has nothing to do with it
    "a": "薛衡",  # auditor
    "x": "卢一舟",  # administrator
}

HTMX = {"HX-Request": "true"}
#: Pieces of pages, which answer htmx only.
PARTS = frozenset({"desk/cases/<int:case_id>/brief"})


@dataclass
class Scene:
    """The county and the addresses of one of everything in it."""

    world: World
    at: dict[str, Any]
    here: dict[str, dict[str, Any]] = field(default_factory=dict)  # route -> what differs from `at` there
    sent: dict[str, dict[str, Any]] = field(default_factory=dict)  # route -> fields of its form or query
    clients: dict[str, Client] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def client(self, letter: str) -> Client:
        name = WHO[letter]
        if letter not in self.clients:
            client = Desk(self.world).of(name) if name else Client()
            client.raise_request_exception = False
            self.clients[letter] = client
        return self.clients[letter]

    def token(self, letter: str) -> str:
        if letter not in self.tokens:
            self.tokens[letter] = people.issue_token(people.directory().person(self.world.people[WHO[letter]])).secret
        return self.tokens[letter]

    def knock(self, letter: str, method: str, route: str) -> int:
        """The status with which a page answers; whatever it did is undone."""
        at = self.at | self.here.get(route, {})
        url = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route).format(**at)
        more: dict[str, Any] = {"headers": HTMX} if route in PARTS else {}
        if method == "POST" and route in self.sent:
            more |= {"data": urlencode(self.sent[route]), "content_type": "application/x-www-form-urlencoded"}
        elif method == "GET" and route in self.sent:
            url += "?" + urlencode(self.sent[route])
        client = self.client(letter)
        session = client.cookies.get("sessionid")
        kept = session.value if session else ""
        with undone():
            answer = client.generic(method, url, REMOTE_ADDR=f"10.0.0.{ord(letter)}", **more)
        client.cookies.clear()  # signing out, a language: nothing is carried to the next door
        if kept:
            client.cookies["sessionid"] = kept
        return answer.status_code

    def call(self, letter: str, method: str, path: str) -> int:
        """The status with which the API answers an empty body; whatever it did is undone."""
        if letter != "N":
            headers = {"Authorization": f"Bearer {self.token(letter)}"}
        else:
            headers = {}
        body = {"person": str(self.world.people["秦英"])} if path.endswith("/demo/session") else {}
        more: dict[str, Any] = (
            {"content_type": "application/json", "data": json.dumps(body)} if method == "POST" else {}
        )
        with undone():
            answer = Client(headers=headers, raise_request_exception=False).generic(
                method, path.format(**self.at | self.here.get(path, {})), REMOTE_ADDR=f"10.0.0.{ord(letter)}", **more
            )
        return answer.status_code


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is rolled back; writes inside begin their own block, as they would in a request."""
    around = transaction.atomic()
    around._from_testcase = True
    around.__enter__()
    try:
        yield
    finally:
        transaction.set_rollback(True)
        around.__exit__(None, None, None)
        revisions.forget()


def routes() -> list[str]:
    """Every address of the site but the API's, as Django has it."""

    def walk(patterns: list[Any], before: str) -> Iterator[str]:
        for pattern in patterns:
            whole = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, whole)
            elif isinstance(pattern, URLPattern):
                yield whole

    return [route for route in walk(get_resolver().url_patterns, "") if not route.startswith("api/")]


def operations() -> list[str]:
    """Every operation of the API, "GET /api/v1/…"."""
    from gezhi.interfaces.api.urls import api

    paths = api.get_openapi_schema()["paths"]
    return [f"{method.upper()} {path}" for path, operations in paths.items() for method in operations]


def build() -> Scene:
    """A matter being handled with its photo and a signed document, an import with its replies, a roster, changes of
    places and of a committee; and the people of WHO."""
    registry.discover()
    world = World("xinxing-community", "minzhu-street")
    world.seats["auditor"] = world.seat("auditor", "county", "薛衡")
    world.seats["admin"] = world.seat("admin", "county", "卢一舟")
    world.seat("building_head", "block7", "楼新")
    month = clock.now() + timedelta(days=20)
    staffing.substitute(world.seats["secretary"], world.person("代青"), actor=SETUP, until=month)
    staffing.appoint(world.seats["secretary"], world.person("旧任"), actor=SETUP)
    staffing.vacate(world.seats["secretary"], actor=SETUP, person_id=world.people["旧任"])
    scene = Scene(world, {})
    case, photo = _matter(scene)
    document, draft = _documents(scene, case)
    run, reply = _sheets(world)
    subject, entry = _register(world)
    officer = world.seat("duty_officer", "east")
    scene.client("o").post(
        f"/desk/duty/{world.places['east']}",
        {
            "do": "rotate", "seat": officer, "persons": "周敏\n吕岩",
            "first": clock.today().isoformat(), "last": (clock.today() + timedelta(days=5)).isoformat(),
        },
    )  # fmt: skip
    from gezhi.foundation import measures
    from gezhi.foundation.people.models import Shift

    info = places.directory().get(world.places["block7"])
    scene.at = {
        "case_id": case.id, "into": case.id, "pack": "none", "id": photo, "photo_id": photo, "action": "finish", "template": "supervision",
        "document_id": document, "what": "void", "run_id": run, "reply_id": reply, "sender": "hotline", "place": world.places["lake"],
        "kind": "week", "period": measures.week_of(clock.today()).name, "person": world.people["李禾"],
        "seat": world.seats["grid2"], "change": _committee(scene), "name": "request",
        "draft_id": drafts.start("errand", actor=world.actor("赵兰")).pk, "token": info.qr if info else "",
        "shift": Shift.objects.order_by("since").values_list("pk", flat=True)[0], "change_id": _renamed(world),
        "code": rules.show_code(case.code), "bulletin_id": _bulletin(world), "number": 0,
        "subject_id": subject, "entry_id": entry,
    }  # fmt: skip
    session, public, booking = _sessions(world)
    scene.at |= {"venue_id": _room(world), "certificate_id": 0}
    books, grids = books_scene.points(world), books_scene.grids(world)
    scene.at |= {"account_id": books.account, "transfer_id": books.transfer, "payout_id": books.payout}
    scene.at |= {"list_id": books_scene.LIST, "round_id": grids.pk}
    scene.at["session_id"] = session
    line, gateway = _notices(scene, case)
    topic, scene.at["panel_id"], scene.at["voice_id"] = _topic(world)
    owed = _duty(world)
    week = f"/desk/bulletin/{world.places['county']}/week/{scene.at['period']}"
    scene.here = {
        "desk/documents/<int:document_id>/do/<slug:what>": {"document_id": draft},
        "desk/bulletins/<int:bulletin_id>/do/<slug:what>": {"what": "publish"},
        "services/<slug:pack>/<slug:code>": {"pack": "xinxing-community", "code": "elder-allowance"},
        "desk/trees/<slug:name>": {"name": "nothing"},
        "desk/audit/<slug:name>": {"name": "events"},
        "desk/notices/<int:id>": {"id": line},
        "field/notices/<int:id>": {"id": line},
        "desk/notices/gateways/<int:id>": {"id": gateway},
        "desk/notices/gateways/<int:id>/try": {"id": gateway},
        "desk/duty/<int:place>/phone/<int:person>": {"place": world.places["east"], "person": world.people["周敏"]},
        "desk/duty/<int:place>": {"place": world.places["east"]},
        "desk/places/import/<slug:token>": {"token": _places_file(scene)},
        "desk/places/<int:place>/change/<slug:kind>": {"kind": "rename"},
        "r/<str:code>/<slug:action>": {"action": "add"},
        **{f"/api/v1/duties/{{rule}}/{{subject_id}}/{{period}}{part}": owed for part in ("", "/record", "/waive")},
        "activities/<int:session_id>": {"session_id": public},
        "a/<str:code>": {"code": booking},
        "desk/activities/<int:session_id>/do/<slug:what>": {"what": "cancel"},
        "desk/activities/<int:session_id>/contact/<int:number>": {"number": 1},
        **{f"desk/courses/<slug:name>{rest}": {"name": "nothing"} for rest in ("", "/enrol", "/sheet", "/test")},
        **{f"desk/matches/<slug:name>{rest}": {"name": "jobs"} for rest in ("", "/adopt")},
        **{
            f"desk/registers/<slug:name>{rest}": {"name": "lone_elder"}
            for rest in ("", "/new", "/import", "/take", "/figures", "/missing")
        },
        "open/<slug:name>": {"name": "lone_elder"},
        **{f"desk/ledgers/<slug:name>{rest}": {"name": books_scene.BOOK} for rest in ("", "/lists/<slug:list_id>")},
        **{f"/api/v1/ledgers/{{name}}{rest}": {"name": books_scene.BOOK} for rest in ("", "/accounts", "/payouts")},
        "desk/rubrics/<slug:name>": {"name": books_scene.RUBRIC},
        "desk/appraisals/<int:round_id>/do/<slug:what>": {"what": "object"},
        **{
            f"{door}": {"subject_id": world.places["lake1"]}
            for door in (
                "desk/appraisals/<int:round_id>/<int:subject_id>",
                "/api/v1/appraisals/{round_id}/scores/{subject_id}",
            )
        },
        "desk/panels/<int:panel_id>/do/<slug:what>": {"what": "cast"},
        "desk/voices/<int:voice_id>/<slug:what>": {"what": "show"},
        "desk/duties/<slug:name>": {"name": "elder-visit"},
        "desk/duties/<slug:name>/<str:period>/<slug:what>": owed | {"what": "open"},
        "desk/duties/<slug:name>/<str:period>/waive/<int:subject_id>": owed,
        **{f"field/duty/<slug:rule>/<int:subject_id>/<str:period>{end}": owed for end in ("", "/trouble", "/back")},
    }
    for part in ("", "/vote", "/phone", "/say", "/photo/<int:id>"):
        scene.here[f"talks/<str:number>{part}"] = {"number": topic}
    page = scene.client("c").get(week).content.decode()
    figure = re.search(r'/desk/figure\?([^"]+)"', page)
    assert figure is not None
    scene.sent = {
        "desk/ledgers/<slug:name>": {
            "do": "enter",
            "entry": "award",
            "amount": 1,
            "reason": "帮忙",
            "key": "scene",
            "who-resident": books.resident,
        },
        "desk/ledgers/transfers/<int:transfer_id>": {"reason": "记错了人"},
        "desk/ledgers/payouts/<int:payout_id>": {"do": "pay"},
        "desk/ledgers/<slug:name>/lists/<slug:list_id>": {"period": str(clock.today().year)},
        "desk/appraisals/<int:round_id>/do/<slug:what>": {
            "subject": world.places["lake1"],
            "item": "word",
            "words": "少算了一件事",
        },
        "desk/documents/<int:document_id>/do/<slug:what>": {"reason": "写错了单位"},
        "desk/documents/<int:document_id>/take": {"form": "docx"},
        "desk/bulletins/<int:bulletin_id>/take": {"form": "docx"},
        "desk/cases/ledger": {"form": "xlsx"},
        "desk/registers/<slug:name>/take": {"form": "template"},
        "desk/registers/entries/<int:entry_id>": {"do": "confirm"},
        "field/entries/<int:entry_id>": {"do": "confirm"},
        "desk/subjects/<int:subject_id>": {"do": "nothing"},
        "desk/subjects/<int:subject_id>/look": {"purpose": "约上门时间"},
        "desk/cases/<int:case_id>/reveal": {"purpose": "约上门时间"},
        "field/case/<int:case_id>/phone": {"purpose": "约上门时间"},
        "desk/follow/<int:case_id>": {"_do": "record"},
        "desk/notices/gateways": {"channel": "pigeon"},
        "desk/notices/gateways/<int:id>": {"url": "nowhere"},
        "desk/figure": dict(parse_qsl(unescape(figure[1]))),
        "desk/duty/<int:place>": {"do": "rotate", "seat": officer, "persons": "周敏"},
        "desk/duty": {"do": "rotate", "seat": officer, "persons": "周敏"},
        "second-factor": {"do": "begin", "password": "not-the-password"},
        "desk/people/accounts": {"do": "enter"},
        "desk/people/at/<int:place>/seats": {"do": "unit"},
        "desk/people/<int:person>/account": {"do": "factor"},
        "desk/duties/<slug:name>/<str:period>/waive/<int:subject_id>": {"ground": "hospital"},
        "desk/people/seats/<int:seat>": {"do": "appoint", "name": "没有这人"},
        "r/<str:code>/<slug:action>": {"text": "补充：二楼也不亮。"},
        "a/<str:code>": {"do": "leave"},
        "desk/activities/new": {"activity": "lecture"},
        "desk/activities/<int:session_id>/do/<slug:what>": {"reason": "停电"},
        "desk/activities/rows": {
            "measure": "sessions",
            "part": "numerator",
            "in": world.places["lake"],
            "since": "2026-01-01T00:00:00+00:00",
            "until": "2026-12-01T00:00:00+00:00",
            "at": "2026-12-01T00:00:00+00:00",
        },
        "desk/panels/<int:panel_id>/do/<slug:what>": {"ballot": 1, "choice": "yes", "way": "paper"},
    }
    first, last = ((clock.today() + timedelta(days=days)).isoformat() for days in (10, 11))
    for route in ("desk/duty", "desk/duty/<int:place>"):
        scene.sent[route] |= {"first": first, "last": last}
    revisions.forget()
    return scene


def _room(world: World) -> int:
    """A room of the village."""
    from gezhi.engines.matching import planning

    return planning.open_venue("活动室", world.places["lake"], actor=world.actor("赵兰")).pk


def _sessions(world: World) -> tuple[int, int, str]:
    """A party day of the village with a guest on its list; an evening school and the code of somebody who signed up."""
    from gezhi.engines.matching import planning, signing

    starts, secretary = clock.now() + timedelta(days=3), world.actor("赵兰")
    times = {"starts": starts, "ends": starts + timedelta(hours=2), "actor": secretary}
    party = planning.plan("party_day", world.places["lake"], theme="学习", **times)
    signing.sign_up(party.pk, signing.guest("来宾", "13812340000"), actor=secretary)
    school = planning.plan("evening_school", world.places["lake"], **times)
    booking = signing.sign_up(school.pk, signing.guest("甲乙", "13812340001"), actor=people.resident())
    return party.pk, school.pk, booking.code or ""


def _topic(world: World) -> tuple[str, int, int]:
    """A topic that residents settle together, its list brought, one flag waiting: (case number, panel, voice)."""
    from gezhi.engines.workflows import voices
    from gezhi.foundation.people import crypto
    from tests.engines.workflows import talks

    case = talks.topic(world)
    phone = crypto.blind("phone", "13900000001")
    flag = voices.say(case.id, "flag", "没有围挡。", phone=phone, actor=people.resident(""))
    return case.number, talks.panel_of(case).id, flag.id


def _duty(world: World) -> dict[str, Any]:
    """An elder of the first grid, whom its worker visits this week."""
    from gezhi.engines.duties.schema import rule
    from tests.engines.duties.scene import SYSTEM, publish

    facts = {"name": "秦老", "born": "1940-03-05", "sex": "f"}
    who = subjects.add("person", facts, actor=SYSTEM, place_id=world.places["lake1"], synthetic=True)
    subjects.enter("lone_elder", who.pk, {"self_care": "able"}, actor=SYSTEM)
    publish()
    period = rule("elder-visit").period(clock.now())
    assert period is not None
    return {"rule": "elder-visit", "name": "elder-visit", "subject_id": who.pk, "period": period.key}


def _bulletin(world: World) -> int:
    """Last week's of the village, sealed by the house and published."""
    from gezhi.engines.publishing.bulletins import sealing
    from gezhi.foundation import measures, people

    week = measures.week_of(clock.today()).back()
    row, _new = sealing.seal("governance", world.places["lake"], week, actor=people.system("bulletins"))
    sealing.publish(row.pk, actor=people.system("bulletins"))
    return row.pk


def _matter(scene: Scene) -> tuple[Case, int]:
    answer = Client().post(
        "/",
        {
            "text": "三楼楼道灯坏了一周。", "place": str(scene.world.places["lake1"]), "contact": "phone",
            "contact_phone": "13812342671", "key": "scene",
            "photos": [SimpleUploadedFile("a.jpg", jpeg(), content_type="image/jpeg")],
        },
    )  # fmt: skip
    assert answer.status_code in (302, 303), answer.content.decode()[:2000]
    case = Case.objects.get()
    photo = events.history(f"case:{case.id}")[0].patch["act"]["photos"][0]
    return scene.world.to_handle(case), photo


def _documents(scene: Scene, case: Case) -> tuple[int, int]:
    """A signed one, and a draft of the next."""
    client = scene.client("o")
    client.post(f"/desk/cases/{case.id}/documents/supervision")
    page = client.get(f"/desk/documents/{Document.objects.get().pk}").content.decode()
    words = dict(re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', page))
    seq = re.search(r'name="_seq" value="(\d+)"', page)
    assert seq is not None
    number = Document.objects.get().pk
    assert client.post(f"/desk/documents/{number}/do/issue", words | {"_seq": seq[1]}).status_code == 302
    client.post(f"/desk/cases/{case.id}/documents/supervision")
    return number, Document.objects.exclude(pk=number).get().pk


def _sheets(world: World) -> tuple[int, int]:
    clerk = world.actor("周敏")
    run = sheets.upload(
        SimpleUploadedFile("转办.xlsx", book([HEAD, row("1"), row("2", phone="12")])),
        name="转办.xlsx",
        sender="hotline",
        actor=clerk,
    )
    claims.drain()
    sheets.confirm(run.pk, actor=clerk)
    claims.drain()
    sheets.ask_replies("hotline", clock.today(), clock.today(), actor=clerk)
    claims.drain()
    return run.pk, ReplySheet.objects.get().pk


def _register(world: World) -> tuple[int, int]:
    """An elder of the grid, with a line in a register."""
    from gezhi.foundation import subjects

    clerk = world.actor("秦英")
    facts = {"name": "柳青山", "phone": "13800000001"}
    row = subjects.add("person", facts, actor=clerk, place_id=world.places["lake1"])
    line = subjects.enter("lone_elder", row.pk, {"self_care": "able"}, actor=clerk)
    return row.pk, line.pk


def _committee(scene: Scene) -> int:
    world = scene.world
    world.seat("village_secretary", "ridge", "岭旧")
    address, table = f"/desk/people/at/{world.places['ridge']}/committee", "书记\t岭新\t13900001111"
    seen = scene.client("x").post(address, {"do": "preview", "table": table}).context["seen"]
    scene.client("x").post(address, {"do": "confirm", "table": table, "seen": seen})
    return CommitteeChange.objects.get().pk


def _notices(scene: Scene, case: Case) -> tuple[int, int]:
    """A line of the department's officer, and a way out of the house."""
    draft = notices.Draft("scene", "given", f"case:{case.id}", {"zh": {}, "en": {}}, (scene.world.people["马东"],))
    with db.write():
        notices.post([draft])
    gateway = {"channel": "dingtalk", "title": "东街群", "url": "https://robot.example/send", "secret": "S"}
    made = choosing.set_gateway(None, gateway, actor=scene.world.actor("卢一舟"))
    return Notice.objects.get(key__startswith="scene").pk, made


def _places_file(scene: Scene) -> str:
    """The token of a file of places that the administrator has brought and not yet taken in."""
    feature = {"type": "Feature", "properties": {"code": "990101001001009", "name": "新网格"}, "geometry": None}
    data = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    answer = scene.client("x").post("/desk/places/import", {"file": SimpleUploadedFile("a.geojson", data)})
    return str(answer.headers["Location"].rpartition("/")[2])


def _renamed(world: World) -> int:
    from gezhi.foundation.places import changes, plans

    changes.apply(plans.rename(world.places["hill1"], "南岗网格", on=clock.today()), actor=world.actor("卢一舟"))
    return PlaceChange.objects.get().pk
