"""What synthetic staff do with a case at each stage of the request loop, over HTTP and nothing but HTTP."""

from __future__ import annotations

import io
import random
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image

from gezhi.interfaces.commands.remote import GaveUp, Remote, refusal

UNITS = ("department", "town_unit")
LOOKS = 6  # how often a case that waits for the system's clock is looked at after its date
FACTS = (
    "已到现场，换了坏的零件，试用正常。",
    "已与相关单位协调，当天清理干净。",
    "已维修并复查，拍照留存。",
    "已上门说明政策，材料已补齐。",
)


@dataclass(frozen=True)
class Outcome:
    """What a step did (an action, "look" or "start"), and the code of a refusal."""

    did: str
    refused: str = ""


@dataclass
class Play:
    """A case as its actors know it. `handling`: the drawn delay of the real work, spent once a round."""

    case: dict[str, Any]
    rng: random.Random
    handling: timedelta
    looks: int = 0
    refusals: int = 0
    other: bool = False  # it goes another way than the request loop: its steps are those that the pages offer

    @property
    def id(self) -> str:
        return self.case["id"]

    @property
    def number(self) -> str:
        return self.case["number"]

    @property
    def open(self) -> bool:
        return self.case["state"] == "open"

    @property
    def seen(self) -> tuple[Any, ...]:
        """What changes when anybody, or the system, does something to the case."""
        return self.case["state"], self.stage, self.case.get("seq")

    @property
    def item(self) -> dict[str, Any] | None:
        """The open item to act on: a side item (somebody waits for a decision) before the main one."""
        if "items" not in self.case:  # known from a list only: enough to act on without asking for each case
            row = self.case
            return {"number": None, "stage": row["stage"], "owner": row["owner"], "side": False, "clock": "running"}
        running = [item for item in self.case["items"] if item["state"] == "open"]
        return next((item for item in running if item["side"]), running[0] if running else None)

    @property
    def stage(self) -> str:
        item = self.item
        return item["stage"] if item else self.case["stage"]


class Office:
    """All synthetic staff, their tokens, and who answers for which seat."""

    def __init__(self, remote: Remote, *, admin: str = "admin", password: str = "gezhi-demo") -> None:
        self.remote, self.admin, self.password = remote, admin, password
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._signing: dict[str, threading.Lock] = {}
        staff = self._ok(self.call(admin, "GET", "/demo/staff"))["items"]
        self.by_seat: dict[str, list[str]] = {}
        self.units: list[str] = []
        self.sight: list[str] = []  # who sees the whole county
        for person in staff:
            for seat in person["answers_for"]:
                self.by_seat.setdefault(seat, []).append(person["id"])
            if set(person["posts"]) & set(UNITS):
                self.units += [seat["id"] for seat in person["seats"]]
            if "county_dispatcher" in person["posts"]:
                self.sight.append(person["id"])
        self.units = sorted(set(self.units))
        if not self.units or not self.sight:
            raise GaveUp(_("演示里没有承办单位或县级值守"))

    # --- calls ------------------------------------------------------------------------------------

    def call(self, who: str, method: str, path: str, **more: Any) -> Any:
        """A call as a person (id; the administrator by name); signs in when needed (a demo's tokens age with its clock)."""
        given = more.pop("headers", {})
        for _attempt in range(3):
            headers = {"Authorization": f"Bearer {self._token(who)}", **given}
            answer = self.remote.call(method, path, headers=headers, **more)
            if answer.status_code != 401:
                return answer
            with self._lock:
                if headers["Authorization"] == f"Bearer {self._tokens.get(who)}":
                    del self._tokens[who]
        return answer

    def _token(self, who: str) -> str:
        with self._lock:
            known = self._tokens.get(who)
            turn = self._signing.setdefault(who, threading.Lock())
        if known is not None:
            return known
        with turn:
            with self._lock:
                if who in self._tokens:
                    return self._tokens[who]
            if who == self.admin:
                body = {"username": who, "password": self.password}
                answer = self.remote.call("POST", "/session", json=body)
            else:
                answer = self.call(self.admin, "POST", "/demo/session", json={"person": who})
            token = self._ok(answer, 201)["token"]
            with self._lock:
                self._tokens[who] = token
            return token

    @staticmethod
    def _ok(answer: Any, status: int = 200) -> dict[str, Any]:
        if answer.status_code != status:
            raise GaveUp("{}: {}".format(*refusal(answer)))
        return answer.json()

    # --- clock and lists --------------------------------------------------------------------------

    def clock(self) -> datetime:
        """The demo's present, local time."""
        return datetime.fromisoformat(self._ok(self.call(self.admin, "GET", "/demo/clock"))["now"])

    def travel(self, to: datetime) -> datetime:
        """Move the demo's clock forward to `to`; where it is already later, nothing happens."""
        answer = self.call(self.admin, "POST", "/demo/clock", json={"to": to.isoformat()})
        if answer.status_code == 422 and refusal(answer)[0] == "clock.backward":
            return self.clock()
        return datetime.fromisoformat(self._ok(answer)["now"])

    def open_cases(self) -> Iterator[dict[str, Any]]:
        """Every open case as a list shows it, oldest number first."""
        yield from sorted(self._rows("open"), key=lambda row: (len(row["number"]), row["number"]))

    def _rows(self, state: str = "") -> Iterator[dict[str, Any]]:
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "200", "state": state, "cursor": cursor}
            page = self._ok(self.call(self.sight[0], "GET", "/cases", params=params))
            yield from page["items"]
            cursor = page["next"]

    def look(self, id: str) -> dict[str, Any]:
        """The case as the county's duty desk sees it."""
        return self._ok(self.call(self.sight[0], "GET", f"/cases/{id}"))

    def census(self) -> Counter[tuple[str, str]]:
        """Cases by (state, reason)."""
        found: Counter[tuple[str, str]] = Counter()
        for row in self._rows():
            if row["state"] == "closed":
                found["closed", row["outcome"]] += 1
            else:
                found["open", f"{row['stage']} " + (_("已超期") if row["overdue"] else _("在期限内"))] += 1
        return found

    # --- the play ---------------------------------------------------------------------------------

    def wait(self, play: Play) -> timedelta | None:
        """How long until the next step of a case; None when it is closed or nothing more can be done."""
        item = play.item
        if not play.open or item is None or play.refusals > 4:
            return None
        rng = play.rng
        match play.stage:
            case "handle" | "handle_ruled":
                handling, play.handling = play.handling, timedelta(hours=4 + 20 * rng.random())
                return handling
            case "confirm" if play.looks:
                # Silence: the system's clock decides after the date; we look whether it has.
                if play.looks > LOOKS:
                    return None
                return timedelta(hours=74 if play.looks == 1 else 3)
            case "triage" | "triage_street" | "extension":
                return timedelta(hours=rng.lognormvariate(0.0, 0.8))
            case "sign":
                return timedelta(hours=rng.lognormvariate(0.7, 0.8))
            case _:
                return timedelta(hours=rng.lognormvariate(2.0, 0.7))

    def step(self, play: Play) -> Outcome:
        """Do the next step of a case as the people whose step it is."""
        if play.stage == "confirm" and (play.looks or play.rng.random() < 0.07):
            play.looks += 1
            play.case = self.look(play.id)
            return Outcome("look")
        action, data = self._choose(play)
        item, by = play.item, ""
        play.other = play.other or action is None
        if item is not None and play.other:
            # Of several steps side by side, whichever offers something is done next.
            action, data, item, by = self._as_offered(play) or (None, {}, item, "")
        if item is None or action is None:
            play.case = self.look(play.id)
            play.refusals += 1
            return Outcome("look")
        code = ""
        for who in [by] if by else self._actors(play, item):
            seq = play.case.get("seq")
            key = f"demo-{play.id}-{seq}-{action}-{who}" if seq else ""
            answer = self.call(
                who,
                "POST",
                f"/cases/{play.id}/actions/{action}",
                json={"item": item["number"], "expected_seq": seq, "data": data},
                headers={"Idempotency-Key": key} if key else {},
            )
            if answer.status_code == 200:
                play.case, play.refusals = answer.json(), 0
                if play.stage != "confirm":
                    play.looks = 0
                return Outcome(action)
            code = refusal(answer)[0]
            if answer.status_code not in (403, 404):
                break
        # Somebody was quicker, or nobody here may, or a step of the same name goes another way: look again, then decide.
        play.other = play.other or code in ("case.no_action", "invalid")
        play.case = self.look(play.id)
        play.refusals += 1
        return Outcome("look", code)

    def _actors(self, play: Play, item: dict[str, Any]) -> list[str]:
        """Who answers for the item's seat, in an order of this case's own; the duty desk may stand in."""
        owner = item["owner"]["id"] if item["owner"] else ""
        found = sorted(self.by_seat.get(owner, ()))
        play.rng.shuffle(found)
        return [*found, *(name for name in self.sight if name not in found)]

    def _choose(self, play: Play) -> tuple[str | None, dict[str, Any]]:
        rng, chance = play.rng, play.rng.random()
        fact = rng.choice(FACTS)
        match play.stage:
            case "triage" | "triage_street":
                return self._dispatch(play, chance, fact)
            case "sign":
                if chance < 0.06 and self._others(play):
                    return "return", {"ground": "不属于本单位职责范围。", "proposed": self._unit(play)}
                return "accept", {}
            case "arbitrate":
                return "rule", {"unit": self._unit(play), "ground": "按职责清单，由该单位承办。"}
            case "handle" | "handle_ruled":
                if chance < 0.05 and play.stage == "handle" and self._in_time(play):
                    play.handling = timedelta(days=1 + 2 * rng.random())
                    return "extend", {"more": "3 work_day", "reason": "配件要从外地调来。"}
                return "finish", {"result": fact}
            case "extension":
                return ("grant", {"note": "同意。"}) if chance < 0.8 else ("refuse", {"reason": "请按期办结。"})
            case "verify":
                return (
                    ("fail", {"finding": "现场看还没有办好。"})
                    if chance < 0.06
                    else ("pass", {"finding": "看过了，办好了。"})
                )
            case "advise":
                return "answer", {"answer": "这件事由当事双方协商；需要时社区可以帮您约时间、请调解员。"}
            case "spot_check":
                return "sample", {"finding": "电话和现场都核过，办好了。"}
            case "follow_up":
                return self._word(rng, chance, "record", "record_no")
            case "confirm":
                return self._word(rng, chance, "solved", "unsolved")
            case "final":
                return "conclude", {"answer": "已按规定办理完毕，依据见附件。"}
        return None, {}

    def _as_offered(self, play: Play) -> tuple[str, dict[str, Any], dict[str, Any], str] | None:
        """The main action that the page offers to whoever answers for an open step (or writing down what the reporter says),
        its form filled in, that step, and who; None when none can be."""
        steps = [item for item in play.case.get("items", [play.item]) if item.get("state", "open") == "open"]
        asked: set[str] = set()
        for who in [who for item in steps for who in self._actors(play, item)]:
            if who in asked:
                continue
            asked.add(who)
            answer = self.call(who, "GET", f"/cases/{play.id}")
            if answer.status_code != 200:
                continue
            play.case = answer.json()
            numbered = {item["number"]: item for item in play.case["items"]}
            offered = [a for a in play.case["actions"] if a["allowed"] and (a["main"] or a["action"] == "record")]
            for one in sorted(offered, key=lambda a: not a["main"]):
                form = {name: one["form"]["properties"][name] for name in one["form"]["required"]}
                filled = {name: self._filled(play, field, who) for name, field in form.items()}
                if None not in filled.values() and one["item"] in numbered:
                    return one["action"], filled, numbered[one["item"]], who
        return None

    def _filled(self, play: Play, field: dict[str, Any], who: str) -> Any:
        """What a synthetic person writes in a required field; None for a kind they have nothing for."""
        match field["x-type"]:
            case "choice":
                return field["enum"][0]
            case "seat":
                return self._unit(play)
            case "text" | "long_text":
                return "已经核过，按规定办理。"
            case "truth":
                return True
            case "number":
                return field.get("minimum", 1)
            case "date":
                return self.clock().date().isoformat()
            case "photos":
                return self._photo(play, who)
            case _:
                return None

    def _photo(self, play: Play, who: str) -> list[int] | None:
        """A picture of one colour, kept for the action of this person; None when it was not taken."""
        drawn = io.BytesIO()
        Image.new("RGB", (640, 480), tuple(play.rng.randrange(256) for _ in range(3))).save(drawn, "PNG")
        answer = self.call(who, "POST", "/photos", files={"photos": ("after.png", drawn.getvalue(), "image/png")})
        return [answer.json()["id"]] if answer.status_code == 201 else None

    def _dispatch(self, play: Play, chance: float, fact: str) -> tuple[str, dict[str, Any]]:
        item = play.item
        owner = item["owner"]["id"] if item and item["owner"] else ""
        if chance < 0.08:
            return "settle", {"result": fact}
        if chance < 0.15:
            return "dispatch", {"sort": "private"}
        if chance < 0.45 and play.stage == "triage":
            return "dispatch", {"sort": "small", "unit": owner}
        return "dispatch", {"sort": "big", "unit": self._unit(play)}

    def _in_time(self, play: Play) -> bool:
        """Whether the limit is still ahead, by a look at this moment: what was last heard may be days old."""
        play.case = self.look(play.id)
        item = play.item
        return item is not None and item["clock"] in ("running", "soon")

    def _others(self, play: Play) -> list[str]:
        """The units other than the one that has the case now."""
        item = play.item
        owner = item["owner"]["id"] if item and item["owner"] else ""
        return [unit for unit in self.units if unit != owner]

    def _unit(self, play: Play) -> str:
        """One of the other units; where there is no other, the one that has it."""
        return play.rng.choice(self._others(play) or list(self.units))

    @staticmethod
    def _word(rng: random.Random, chance: float, yes: str, no: str) -> tuple[str, dict[str, Any]]:
        """What the resident says: 85 in 100 solved."""
        if chance < 0.85:
            rating = rng.choices(("very", "fairly", "so_so"), (70, 24, 6))[0]
            return yes, {"rating": rating} | ({"solved": "yes"} if yes == "record" else {})
        if chance < 0.93 and yes == "record":
            return yes, {"solved": "partly", "rating": "so_so"}
        words = "why" if no == "unsolved" else "words"
        return no, {words: "还没有完全解决，请再看看。", "rating": rng.choice(("so_so", "no"))}
