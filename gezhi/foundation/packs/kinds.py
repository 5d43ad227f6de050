"""How the kinds of foundation are read: categories, limits, forms, services."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.forms import Form

from .categories import SCHEMES, Catalogue
from .installed import on_install
from .limits import read_limits
from .loading import reader
from .reading import Context, plain
from .service_items import read_items

CODE = re.compile(r"[A-Z][0-9A-Z]{1,15}")
MAX_ROWS = 5_000


@on_install("posts")
def sync_posts(body: Any, *, pack: str, actor: Any) -> None:
    """Posts live in a table of people's, written in the same transaction as the version that defines them."""
    from gezhi.foundation import people

    people.sync_posts(body, actor=actor)


@reader("form", folder="forms", after=("categories",))
def read_form(node: Any, context: Context) -> Any:
    """A named form for several workflows to share."""
    context.keys(node, required=("form", "title", "fields"), optional=("version", "about"))
    form = Form.from_yaml(node.get("fields"), context)
    body = {"title": context.title(node), "fields": form.body()}
    context.shared.setdefault("forms", {})[str(node.get("form", ""))] = form
    return body


@reader("limits", after=("categories",))
def limits(node: Any, context: Context) -> Any:
    """Time limits by request type and category (limits.py)."""
    return read_limits(node, context)


@reader("categories")
def read_categories(node: Any, context: Context) -> Any:
    """Catalogues of categories from CSV files beside the YAML, the responsible units, and word hints.

    Body: {"rows": [[code, scheme, l1, l2, name], …], "units": {path: unit}, "hints": {code: [words]}}.
    """
    if not context.keys(node, required=("catalogues",), optional=("version", "units", "hints", "about")):
        return None
    rows: list[list[str]] = []
    for _index, item in context.each(node, "catalogues"):
        if context.keys(item, required=("scheme", "file"), optional=("source", "title")):
            scheme = context.one_of(item, "scheme", SCHEMES)
            rows += _read_rows(item, scheme, context)
    seen: set[str] = set()
    for row in rows:
        if row[0] in seen:
            context.problem(node, "catalogues", "categories.twice", _("类别代码“{code}”重复。"), code=row[0])
        seen.add(row[0])
    units = _paths(node, "units", context)
    hints: dict[str, list[str]] = {}
    catalogue = Catalogue.of([{"rows": rows, "units": units, "hints": {}}])
    for path in units:
        if not catalogue.known_path(path):
            context.problem(node["units"], path, "categories.path", _("没有“{path}”这一类。"), path=path)
    for code, words in (node.get("hints") or {}).items():
        found = catalogue.find(str(code))
        if found is None:
            context.problem(node["hints"], code, "categories.path", _("没有“{path}”这一类。"), path=code)
        else:
            hints[found.code] = [str(w) for w in words]
    context.shared["categories"] = Catalogue.join([context.shared.get("categories"), catalogue])
    return {"rows": rows, "units": units, "hints": hints}


def _paths(node: Any, key: str, context: Context) -> dict[str, str]:
    value = node.get(key) or {}
    if not isinstance(value, Mapping):
        context.problem(node, key, "pack.shape", _("这里要写成“名: 值”的形式。"))
        return {}
    return {str(k): str(v) for k, v in value.items()}


def _read_rows(item: Any, scheme: str | None, context: Context) -> list[list[str]]:
    """The rows of one CSV with the header code,l1,l2,name; problems name the CSV and its line."""
    name = context.text(item, "file", "", max=100)
    assert context.folder is not None
    file = (context.folder / name).resolve()
    if not file.is_relative_to(context.folder.resolve()) or not file.is_file():
        context.problem(item, "file", "categories.file", _("没有文件“{file}”。"), file=name)
        return []
    inner = context.within(f"{context.folder.name}/{name}")
    table = csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    header = next(table, [])
    if header != ["code", "l1", "l2", "name"]:
        inner.note(1, 1, "categories.header", _("第一行要写：code,l1,l2,name。"))
        return []
    rows: list[list[str]] = []
    for line, row in enumerate(table, start=2):
        if len(row) != 4 or not CODE.fullmatch(row[0]) or not all(c.strip() for c in row[1:]):
            inner.note(line, 1, "categories.row", _("这一行要有代码、一级、二级和名称四项。"))
        elif len(rows) >= MAX_ROWS:
            inner.note(line, 1, "pack.too_large", _("类别最多 {max} 行。"), max=MAX_ROWS)
            break
        elif scheme is not None:
            rows.append([row[0], scheme, *(c.strip() for c in row[1:])])
    return rows


@reader("services", after=("posts", "categories", "workflow"))
def read_services(node: Any, context: Context) -> Any:
    """A place's service mechanism as residents see it: channels, groups of forces, services (M050).

    A channel names the workflow that its matters enter and the `channel` their cases record; a service the workflow
    and the category under which its matters are counted.
    """
    lists = ("channels", "forces", "services", "neighbours")
    if not context.keys(
        node,
        required=("title", "channels", "services"),
        optional=("version", "about", "brand", "groups", "items", *lists),
    ):
        return None
    body: dict[str, Any] = {"title": context.title(node), "brand": context.text(node, "brand", "")}
    body["about"] = context.title(node, "about", required=False)
    catalogue = context.shared.get("categories")
    for key in lists:
        body[key] = []
        codes: set[str] = set()
        for _index, item in context.each(node, key):
            optional = ("about", "post", "channel", "workflow", "category")
            if not context.keys(item, required=("code", "title"), optional=optional):
                continue
            entry = {"code": context.text(item, "code", "", max=40), "title": context.title(item)}
            if entry["code"] in codes:
                context.problem(item, "code", "services.twice", _("“{code}”写了两次。"), code=entry["code"])
            codes.add(entry["code"])
            if "about" in item:
                entry["about"] = context.title(item, "about")
            entry |= {k: plain(item[k]) for k in ("post", "channel", "workflow") if k in item}
            if "category" in item:
                found = catalogue.find(str(item["category"])) if catalogue else None
                if found is None:
                    context.problem(
                        item, "category", "categories.path", _("没有“{path}”这一类。"), path=item["category"]
                    )
                else:
                    entry["category"] = found.code
            if "workflow" in item and f"workflow/{item['workflow']}" not in context.shared.get("items", ()):
                context.problem(item, "workflow", "services.workflow", _("没有流程“{code}”。"), code=item["workflow"])
            if "post" in item and item["post"] not in context.shared.get("posts", set()):
                context.problem(item, "post", "services.post", _("没有岗位“{code}”。"), code=item["post"])
            body[key].append(entry)
    return body | read_items(node, context)
