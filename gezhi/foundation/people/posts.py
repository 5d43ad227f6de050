"""Posts from packs: read with line numbers, proved, and written to the table. Stream `post:<id>`.

posts:
  - code: grid_worker
    title: {zh: 网格员, en: Grid worker}
    level: grid                     # the kind of place such a seat stands at; grid = any of the three
    powers: [case.see, case.raise_for]
    falls_to: village_secretary     # who has the work while the seat is vacant
    duty: true                      # (optional) filled by the shifts of a duty roster
    handles: false                  # (optional) no matter is given to such a seat: an auditor, an administrator
organisations:
  - {code: housing, short: 住建局, name: "{place}住房和城乡建设局", level: county, post: department}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation import events, places
from gezhi.foundation.db.inserting import new_ids
from gezhi.foundation.errors import Flawed
from gezhi.foundation.events import GENESIS, Head
from gezhi.foundation.packs.reading import Context

from . import refusals
from .actor import POWERS, Actor, system
from .changing import changing
from .models import LEVELS, Post, Seat

_CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
_FIELDS = ("code", "title_zh", "title_en", "level", "powers", "falls_to", "root", "duty", "position")


def read_posts(node: Any, context: Context) -> dict[str, Any]:
    """A posts file -> {"posts": [...], "organisations": [...]} in plain JSON; problems noted on the context.

    The codes are made known to later readers as `context.shared["posts"]`, with the posts already there.
    """
    body: dict[str, Any] = {"posts": [], "organisations": []}
    if not context.keys(node, required=("posts",), optional=("organisations", "version")):
        return body
    known: dict[str, Any] = context.shared.setdefault("posts", {})
    for index, item in context.each(node, "posts"):
        if context.keys(
            item, required=("code", "title", "level"), optional=("powers", "falls_to", "root", "duty", "handles")
        ):
            post = _read_post(item, context)
            if post["code"] in known:
                context.problem(item, "code", "posts.twice", _("职务“{code}”写了两次。"), code=post["code"])
            known[post["code"]] = post
            body["posts"].append(post | {"position": index})
    for _index, item in context.each(node, "organisations"):
        if context.keys(item, required=("code", "name", "level", "post"), optional=("short", "kind")):
            body["organisations"].append(_read_organisation(item, context))
    for item, flaw in _flaws_of([post for post in known.values() if isinstance(post, dict)]):
        place = next((raw for _i, raw in context.each(node, "posts") if raw.get("code") == item), None)
        if place is not None:
            context.problem(place, "falls_to", "posts.chain", flaw)
    return body


def _read_post(item: Any, context: Context) -> dict[str, Any]:
    title = context.title(item)
    code = context.text(item, "code", "", max=40)
    if not _CODE.fullmatch(code):
        context.problem(item, "code", "posts.code", _("代码要用小写字母、数字和下划线，以字母开头。"))
    powers = []
    for index, power in context.each(item, "powers"):
        if power in POWERS:
            powers.append(str(power))
        else:
            context.problem(
                item["powers"], index, "posts.power", _("没有“{power}”这项权限，可以是：{known}。"),
                power=power, known="、".join(POWERS),
            )  # fmt: skip
    return {
        "code": code,
        "title_zh": title["zh"][:40],
        "title_en": title["en"][:80],
        "level": context.one_of(item, "level", LEVELS, "county"),
        "powers": sorted(powers),
        "falls_to": context.text(item, "falls_to", None, max=40),
        "root": context.truth(item, "root"),
        # Only where it is said: the bodies of packs from before there were rosters keep their hash.
        **({"duty": True} if context.truth(item, "duty") else {}),
        **({} if context.truth(item, "handles", True) else {"handles": False}),
    }


def _read_organisation(item: Any, context: Context) -> dict[str, Any]:
    post = context.text(item, "post", "", max=40)
    known = context.shared.get("posts", {})
    level = context.one_of(item, "level", LEVELS, "county")
    if post not in known:
        context.problem(item, "post", "posts.unknown", _("没有“{post}”这个职务。"), post=post)
    elif isinstance(known[post], dict) and known[post]["level"] != level:
        context.problem(item, "level", "posts.level", _("职务“{post}”不在这一级。"), post=post)
    return {
        "code": context.text(item, "code", "", max=40),
        "short": context.text(item, "short", "", max=40),
        "name": context.text(item, "name", "", max=80),
        "kind": context.text(item, "kind", "department", max=20),
        "level": level,
        "post": post,
    }


def handles(post: str) -> bool:
    """Whether matters may be given to seats of this post, as the packs say; one that no pack knows may have them."""
    from gezhi.foundation import packs

    return bool(packs.registry().posts.get(post, {}).get("handles", True))


def sync_posts(posts_node: Mapping[str, Any] | Sequence[Mapping[str, Any]], *, actor: Actor | None = None) -> int:
    """Make the table say what a pack says; returns how many posts changed. Posts of other packs stay.

    Takes the body `read_posts` gave, the file's own node, or the bare list. Doing it again changes nothing.
    Raises Flawed for a node with problems, Invalid people.posts_flawed when posts contradict those in use
    (a second root, a changed level under existing seats, a circle of falls_to).
    """
    wanted = _bodies(posts_node)
    actor = actor or system("packs")
    rows = {row.code: row for row in Post.objects.all()}
    if all(code in rows and _facts(rows[code]) == post for code, post in wanted.items()):
        return 0
    with changing(actor):
        rows = {row.code: row for row in Post.objects.select_for_update()}
        _refuse_contradictions(wanted, rows)
        changed = 0
        for code, post in wanted.items():
            row = rows.get(code)
            if row is not None and _facts(row) == post:
                continue
            if row is None:
                row = Post(id=new_ids(Post, 1)[0], event_seq=0, event_hash=GENESIS.hash)
            patch = {key: value for key, value in post.items() if row.event_seq == 0 or getattr(row, key) != value}
            for key, value in post.items():
                setattr(row, key, value)
            head = Head(row.event_seq, bytes(row.event_hash))
            kind = "post.changed" if row.event_seq else "post.added"
            row.event_seq, row.event_hash = events.record(f"post:{row.pk}", kind, actor=actor, head=head, patch=patch)
            row.save()
            changed += 1
    return changed


def open_organisations_of(organisations: Iterable[Mapping[str, Any]], place_id: int, *, actor: Actor) -> dict[str, int]:
    """Open a pack's organisations of this place's level, each with its seat; returns code -> seat id.

    `{place}` in a name becomes the place's name. Idempotent: what is there already is left as it is.
    """
    from .seats import NewOrganisation, NewSeat, open_organisations, open_seats
    from .snapshot import directory

    place = places.directory().get(place_id)
    if place is None:
        raise refusals.NO_PLACE(place=place_id)
    here = [item for item in organisations if item["level"] == place.kind]
    rows = [
        NewOrganisation(
            item["code"], item["name"].replace("{place}", place.name), item["kind"], place_id, item["short"]
        )
        for item in here
    ]
    ids = open_organisations(rows, actor=actor)
    taken = {(seat.post, seat.organisation_id): seat.id for seat in directory().seats_at(place_id)}
    wanted = [
        NewSeat(item["post"], place_id, organisation_id)
        for item, organisation_id in zip(here, ids, strict=True)
        if (item["post"], organisation_id) not in taken
    ]
    opened = open_seats(wanted, actor=actor) if wanted else []
    taken |= {(row.post, row.organisation_id): seat for row, seat in zip(wanted, opened, strict=True)}
    return {item["code"]: taken[item["post"], id_] for item, id_ in zip(here, ids, strict=True)}


def _bodies(node: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    items = node.get("posts", ()) if isinstance(node, Mapping) else node
    if items and "title_zh" in items[0]:
        return {
            item["code"]: {field: item.get(field, False) if field == "duty" else item[field] for field in _FIELDS}
            for item in items
        }
    context = Context("posts.yaml")
    body = read_posts(node if isinstance(node, Mapping) else {"posts": list(node)}, context)
    if context.problems:
        raise Flawed(context.problems)
    return _bodies(body) if body["posts"] else {}


def _facts(row: Post) -> dict[str, Any]:
    return {field: getattr(row, field) for field in _FIELDS}


def _refuse_contradictions(wanted: Mapping[str, Mapping[str, Any]], rows: Mapping[str, Post]) -> None:
    together = {code: _facts(row) for code, row in rows.items()} | {code: dict(p) for code, p in wanted.items()}
    problems = [str(words) for _code, words in _flaws_of(list(together.values()))]
    in_use = set(Seat.objects.values_list("post__code", flat=True).distinct())
    for code, post in wanted.items():
        row = rows.get(code)
        if row is not None and code in in_use and (row.level, row.root) != (post["level"], post["root"]):
            problems.append(str(_("“{title}”已经设了岗位，不能再改级别。")).format(title=row.title_zh))
    if problems:
        raise refusals.POSTS_FLAWED(problems="".join(problems))


def _flaws_of(posts: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """What is wrong between posts: (code of the post, words)."""
    by_code = {post["code"]: post for post in posts}
    flaws: list[tuple[str, Any]] = []
    roots = [post["code"] for post in posts if post["root"]]
    for code in roots[1:]:
        flaws.append((code, _("总岗只能有一个。")))
    for code, post in by_code.items():
        if post["falls_to"] and post["falls_to"] not in by_code:
            flaws.append((code, _("空缺时归属的职务不存在。")))
        if post["root"] and post["falls_to"]:
            flaws.append((code, _("总岗之上没有别的职务。")))
        if post["root"] and post.get("duty"):
            flaws.append((code, _("总岗不能靠值班表排人。")))
        seen, step = {code}, post["falls_to"]
        while step in by_code and step not in seen:
            seen.add(step)
            step = by_code[step]["falls_to"]
        if step in seen:
            flaws.append((code, _("空缺时的归属绕成了圈。")))
    return flaws
