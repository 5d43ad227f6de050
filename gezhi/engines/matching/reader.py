"""From `activities/*.yaml` to the body of an activity; what cannot be held or never ends is refused with its line."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.matching import rules
from gezhi.engines.matching.schema import KINDS, OVER, ROLES, SIGN_UP
from gezhi.foundation.calendar import lunar_festivals
from gezhi.foundation.forms import Form
from gezhi.foundation.packs.reading import Context, posts_of
from gezhi.foundation.people.actor import COLUMNS
from gezhi.foundation.places import GRIDS

REQUIRED = ("activity", "title", "kind", "organisers")
OPTIONAL = (
    "version", "about", "inside", "see", "sign_up", "rhythm", "themes", "invited", "head", "required", "roles",
    "record", "takeaway", "assign", "topics", "festival", "partners", "care",
)  # fmt: skip
LEVELS = (*COLUMNS, *GRIDS, "building")
SEATS_MAX = 100_000
# By their names; their dates are the lunar calendar's.
FESTIVALS = tuple(lunar_festivals(2026))


def read_activity(node: Any, context: Context) -> dict[str, Any] | None:
    """The JSON body of an activity. Problems are noted on the context."""
    if not context.keys(node, required=REQUIRED, optional=OPTIONAL):
        return None
    body = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "kind": context.one_of(node, "kind", KINDS, "meeting"),
        "inside": context.truth(node, "inside", node.get("kind") == "party"),
        "organisers": posts(node, "organisers", context),
        "see": posts(node, "see", context),
        "invited": posts(node, "invited", context),
        "head": context.truth(node, "head"),
        "sign_up": _sign_up(node, context),
        "rhythm": _rhythm(node, context),
        "themes": _themes(node, context),
        "required": titled(node, "required", context),
        "roles": _roles(node, context),
        "record": _form(node, "record", context),
        "takeaway": _form(node, "takeaway", context),
        "assign": _assign(node, context),
        "topics": context.truth(node, "topics"),
        "festival": context.one_of(node, "festival", FESTIVALS, ""),
    }
    # Left out where nothing is said, so that the pinned bodies of earlier activities stay as they are.
    if (partners := _partners(node, context)) is not None:
        body["partners"] = partners
    if "care" in node and context.keys(node["care"], required=("ratio",)):
        body["care"] = {"ratio": context.whole(node["care"], "ratio", 1, low=1, high=50)}
        if partners is None or partners["least"] < 1:
            context.problem(node, "care", "activity.care", _("看护孩子要有带班的人：写 partners，least 至少 1。"))
    if not body["organisers"]:
        context.problem(node, "organisers", "activity.organisers", _("要写明哪个岗位可以召集。"))
    if body["kind"] == "party" and not body["inside"]:
        context.problem(node, "inside", "activity.inside", _("党内活动只在内部，不能写 inside: false。"))
    if body["inside"] and body["sign_up"]["by"] == "residents":
        context.problem(node, "sign_up", "activity.inside", _("只在内部的活动不能让居民报名。"))
    if body["head"] and not body["invited"]:
        context.problem(node, "head", "activity.head", _("要一把手到会，先在 invited 里写是哪个岗位。"))
    if body["takeaway"] and body["sign_up"]["by"] == "residents":
        context.problem(node, "takeaway", "activity.takeaway", _("居民参加不用交心得，这里只能用于内部的活动。"))
    return body


def posts(node: Any, key: str, context: Context) -> list[str]:
    """A list of posts that some pack defines."""
    return posts_of(node, key, context, "activity.post")


def titled(node: Any, key: str, context: Context) -> list[dict[str, Any]]:
    """A list of {id, title} with different ids."""
    found: list[dict[str, Any]] = []
    for _index, item in context.each(node, key):
        if not context.keys(item, required=("id", "title")):
            continue
        id = context.text(item, "id", "", max=40)
        if any(other["id"] == id for other in found):
            context.problem(item, "id", "activity.twice", _("“{id}”写了两次。"), id=id)
        found.append({"id": id, "title": context.title(item)})
    return found


def _sign_up(node: Any, context: Context) -> dict[str, Any]:
    given = node.get("sign_up")
    if given is None:
        return {"by": "organiser", "seats": None, "most": None, "closes": 0, "waiting": False}
    if not context.keys(given, required=("by",), optional=("seats", "most", "closes", "waiting")):
        return {"by": "organiser", "seats": None, "most": None, "closes": 0, "waiting": False}
    most = context.whole(given, "most", None, low=1, high=SEATS_MAX)
    seats = context.whole(given, "seats", most, low=1, high=SEATS_MAX)
    if most is not None and seats is not None and seats > most:
        context.problem(given, "seats", "activity.seats", _("座位比最多能来的人还多。"))
    waiting = context.truth(given, "waiting", True)
    return {
        "by": context.one_of(given, "by", SIGN_UP, "organiser"),
        "seats": seats,
        "most": most,
        "closes": context.whole(given, "closes", 0, low=0, high=24 * 30),
        "waiting": waiting,
    }


def _rhythm(node: Any, context: Context) -> dict[str, Any] | None:
    given = node.get("rhythm")
    if given is None:
        return None
    if not context.keys(given, required=("every", "over"), optional=("times", "weekday")):
        return None
    over = given.get("over")
    body = {
        "every": context.one_of(given, "every", rules.EVERY, "month"),
        "times": context.whole(given, "times", 1, low=1, high=7),
        "weekday": context.whole(given, "weekday", None, low=1, high=7),
        "over": {},
    }
    if body["weekday"] is not None and body["every"] != "week":
        context.problem(given, "weekday", "activity.rhythm", _("星期几只用于每周的活动。"))
    if not context.keys(over, optional=OVER):
        return body
    if len(over) != 1:
        context.problem(given, "over", "activity.rhythm", _("写一种：places、seats 或 organisations。"))
        return body
    ((kind, which),) = over.items()
    if kind == "places" and which not in LEVELS:
        context.one_of(over, "places", LEVELS)
    elif kind == "seats" and which not in context.shared.get("posts", ()):
        context.problem(over, "seats", "activity.post", _("没有岗位“{post}”。"), post=which)
    body["over"] = {str(kind): str(which)}
    return body


def _themes(node: Any, context: Context) -> dict[str, Any]:
    given = node.get("themes")
    if given is None:
        return {"each": "", "of": []}
    if not context.keys(given, optional=("each", "of")):
        return {"each": "", "of": []}
    return {
        "each": context.one_of(given, "each", ("month", "quarter"), ""),
        "of": titled(given, "of", context),
    }


def _partners(node: Any, context: Context) -> dict[str, Any] | None:
    given = node.get("partners")
    if given is None or not context.keys(given, required=("register",), optional=("states", "least")):
        return None
    name = context.text(given, "register", "", max=40)
    known = context.shared.get("registers", {}).get(name)
    if known is None:
        context.problem(given, "register", "activity.partners", _("没有“{value}”这本册。"), value=name)
    states = [str(state) for _i, state in context.each(given, "states")]
    for index, state in enumerate(states):
        if known is not None and state not in known["states"]:
            words = _("册“{register}”没有“{value}”这种状态。")
            context.problem(given["states"], index, "activity.partners", words, register=name, value=state)
    return {"register": name, "states": states, "least": context.whole(given, "least", 1, low=0, high=20)}


def _roles(node: Any, context: Context) -> list[str]:
    found = [str(role) for _i, role in context.each(node, "roles")]
    for index, role in enumerate(found):
        if role not in ROLES:
            words = _("没有“{role}”这样的角色，可以是：{known}。")
            context.problem(node["roles"], index, "activity.role", words, role=role, known="、".join(ROLES))
    return [role for role in found if role in ROLES]


def _form(node: Any, key: str, context: Context) -> list[dict[str, Any]]:
    return Form.from_yaml(node[key], context).body() if key in node else []


def _assign(node: Any, context: Context) -> str:
    name = context.text(node, "assign", "", max=40)
    if name and f"workflow/{name}" not in context.shared.get("items", ()):
        context.problem(node, "assign", "activity.workflow", _("没有流程“{code}”。"), code=name)
    return name
