"""From `courses/*.yaml` and `competences.yaml` to their bodies."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.matching.reader import posts
from gezhi.foundation.packs.reading import Context

BANK = ("question", "a", "b", "c", "d", "key")
RESULTS = ("test", "seed", "items", "score", "passed")


def read_competences(node: Any, context: Context) -> dict[str, Any] | None:
    """{"competences": [{code, title}], "posts": {post: [codes]}}: what each post must be able to do."""
    if not context.keys(node, required=("competences", "posts"), optional=("version", "about")):
        return None
    found: list[dict[str, Any]] = []
    for _index, item in context.each(node, "competences"):
        if context.keys(item, required=("code", "title"), optional=("months",)):
            found.append({"code": context.text(item, "code", "", max=40), "title": context.title(item)})
    codes = {c["code"] for c in found} | set(context.shared.get("competences", ()))
    context.shared["competences"] = frozenset(codes)
    needs: dict[str, list[str]] = {}
    given = node.get("posts")
    if context.keys(given, optional=tuple(context.shared.get("posts", ()))):
        for post in given:
            needs[str(post)] = []
            for index, code in context.each(given, post):
                if code not in codes:
                    context.problem(given[post], index, "course.competence", _("没有能力“{code}”。"), code=code)
                needs[str(post)].append(str(code))
    return {"competences": found, "posts": needs}


def read_course(node: Any, context: Context) -> dict[str, Any] | None:
    """The body of a course: lessons required and elective, how many of the latter, by when, which certificate."""
    required = ("course", "title", "lessons")
    optional = (
        "version",
        "about",
        "for",
        "choose",
        "credits",
        "certificate",
        "until",
        "seats",
        "owners",
        "inside",
        "test",
    )
    if not context.keys(node, required=required, optional=optional):
        return None
    lessons: list[dict[str, Any]] = []
    for _index, item in context.each(node, "lessons"):
        lessons += _lessons(item, context)
    ids = [lesson["id"] for lesson in lessons]
    for id in sorted({id for id in ids if ids.count(id) > 1}):
        context.problem(node, "lessons", "course.twice", _("课“{id}”写了两次。"), id=id)
    elective = sum(1 for lesson in lessons if not lesson["required"])
    choose = context.whole(node, "choose", 0, low=0, high=1000)
    if choose > elective:
        words = _("选修只有 {n} 门，要求选 {k} 门，没人修得完。")
        context.problem(node, "choose", "course.choose", words, n=elective, k=choose)
    least = context.whole(node, "credits", 0, low=0, high=100_000)
    most = sum(lesson["credits"] for lesson in lessons)
    if least > most:
        context.problem(node, "credits", "course.credits", _("全部修完只有 {n} 学分，达不到要求。"), n=most)
    if not lessons:
        context.problem(node, "lessons", "course.empty", _("一门课也没有。"))
    body = {
        "title": context.title(node),
        "about": context.title(node, "about", required=False),
        "for": posts(node, "for", context),
        "owners": _owners(node, context),
        "lessons": lessons,
        "choose": choose,
        "credits": least,
        "seats": context.whole(node, "seats", None, low=1, high=100_000),
        "until": context.text(node, "until", ""),
        "certificate": _certificate(node, context),
    }
    if "test" in node:  # left out where nothing is said: earlier courses stay as they are
        body["test"] = _test(node, ids, context)
    return body


def _test(node: Any, lessons: list[str], context: Context) -> dict[str, Any] | None:
    """How its test is drawn, passed and sat again; the bank's key has to be sealed."""
    given = node["test"]
    if not context.keys(given, required=("bank", "results", "draw", "pass", "times", "again"), optional=("lesson",)):
        return None
    known = context.shared.get("registers", {})
    for key, fields in (("bank", BANK), ("results", RESULTS)):
        form = known.get(str(given[key]), {}).get("form")
        if form is None or any(form.get(name) is None for name in fields):
            words = _("没有“{value}”这本册，或者它缺这些项：{fields}。")
            context.problem(given, key, "course.test_register", words, value=given[key], fields="、".join(fields))
        elif key == "bank" and not form.get("key").sensitive:
            context.problem(given, key, "course.test_key", _("题库的答案（key）要写 sensitive: true，不然会被看到。"))
    lesson = context.text(given, "lesson", "", max=40)
    if lesson and lesson not in lessons:
        context.problem(given, "lesson", "course.test_lesson", _("没有课“{id}”。"), id=lesson)
    return {
        "bank": context.text(given, "bank", "", max=40),
        "results": context.text(given, "results", "", max=40),
        "draw": context.whole(given, "draw", 1, low=1, high=200),
        "pass": context.whole(given, "pass", 60, low=1, high=100),
        "times": context.whole(given, "times", 1, low=1, high=20),
        "again": context.whole(given, "again", 0, low=0, high=366),
        "lesson": lesson,
    }


def _lessons(item: Any, context: Context) -> list[dict[str, Any]]:
    """One lesson, or a numbered run of them: {id, title, count: 37} gives id-01 … id-37."""
    if not context.keys(item, required=("id", "title"), optional=("required", "credits", "count")):
        return []
    id, count = context.text(item, "id", "", max=32), context.whole(item, "count", 0, low=2, high=500)
    title, required = context.title(item), context.truth(item, "required")
    credits = context.whole(item, "credits", 1, low=0, high=1000)
    if not count:
        return [{"id": id, "title": title, "required": required, "credits": credits}]
    return [
        {
            "id": f"{id}-{n:02d}",
            "title": {"zh": f"{title['zh']} {n}", "en": f"{title['en']} {n}" if title["en"] else ""},
            "required": required,
            "credits": credits,
        }
        for n in range(1, count + 1)
    ]


def _owners(node: Any, context: Context) -> dict[str, str]:
    """Who plans, who supports, who checks: {"plan": post, …}."""
    given = node.get("owners")
    if given is None:
        return {}
    if not context.keys(given, required=("plan", "support", "check")):
        return {}
    known = sorted(context.shared.get("posts", ()))
    return {part: context.one_of(given, part, known, "") for part in ("plan", "support", "check")}


def _certificate(node: Any, context: Context) -> dict[str, Any] | None:
    given = node.get("certificate")
    if given is None:
        return None
    if not context.keys(given, required=("competence", "title"), optional=("months",)):
        return None
    known = sorted(context.shared.get("competences", ()))
    return {
        "competence": context.one_of(given, "competence", known, ""),
        "title": context.title(given),
        "months": context.whole(given, "months", None, low=1, high=600),
    }
