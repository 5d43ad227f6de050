"""One change of a draft, as a person makes it who does not program: pure, a document in and another out.

Every function takes the document (as data), names what to change, and returns a changed copy; the reader and the proof say
afterwards whether it still works. What cannot be understood as that change at all raises `Refused` at its field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.foundation.calendar import parse_limit
from gezhi.foundation.errors import Refusal

Source = dict[str, Any]
STEPPED = ("task", "timer", "children")  # what may be added to, moved or taken out in the form
FIELD_TYPES = ("text", "long_text", "number", "truth", "date", "choice", "photos", "seat", "place", "category", "limit")
MOST_FIELDS = 60
MOST_BLANK = 200  # as the reader of packs takes it
SAID = {"zh": "办得怎么样", "en": "How it went"}  # what a new step asks until somebody writes better


class Refused(Exception):
    """A change that makes no sense: `field` of the form, `words` why."""

    def __init__(self, field: str, words: Any) -> None:
        super().__init__(field)
        self.field, self.words = field, words


def apply(source: Mapping[str, Any], what: str, answers: Mapping[str, str]) -> Source:
    """The document after the change `what` (a key of CHANGES) with these answers. Raises Refused."""
    change = CHANGES.get(what)
    if change is None:
        raise Refused("", _("没有这种改动。"))
    made: Source = json.loads(json.dumps(source))
    try:
        change(made, {key: str(value).strip() for key, value in answers.items()})
    except (KeyError, TypeError, AttributeError, IndexError) as fault:
        # The document may have been typed by hand and be of any shape.
        raise Refused("", _("这一处在 YAML 里写成了别的样子，请在 YAML 里改。")) from fault
    return made


def main_way(stage: Mapping[str, Any]) -> tuple[dict[str, Any], str] | None:
    """(the part that holds it, the key) of where a stage ordinarily leads: its main action's `to`, or `then`."""
    if stage.get("then"):
        return stage, "then"  # type: ignore[return-value]
    actions = [a for a in (stage.get("actions") or {}).values() if isinstance(a, dict) and a.get("to")]
    chosen = next((a for a in actions if a.get("main")), actions[0] if actions else None)
    return (chosen, "to") if chosen is not None else None


def _stage(source: Source, answers: Mapping[str, str], key: str = "stage") -> dict[str, Any]:
    stage = source["stages"].get(answers.get(key, ""))
    if not isinstance(stage, dict):
        raise Refused(key, _("没有这一步。"))
    return stage


def _title(old: Any, words: str, field: str = "title", most: int = 40) -> Any:
    if not words or len(words) > most:
        raise Refused(field, _("要写 1 到 40 个字。"))
    return {**old, "zh": words} if isinstance(old, dict) and old.get("en") else words


def _limit(answers: Mapping[str, str], key: str = "limit") -> str:
    number, unit = answers.get(key, ""), answers.get(f"{key}_unit", "")
    if unit and not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", number):
        raise Refused(key, _("请写一个数，例如 2。"))
    written = f"{number} {unit} {answers.get(f'{key}_hour', '')}".strip() if unit else number
    try:
        return str(parse_limit(written))
    except Refusal as refusal:
        raise Refused(key, refusal.what + refusal.why + refusal.next) from refusal


def _rename(source: Source, answers: Mapping[str, str]) -> None:
    stage = _stage(source, answers)
    stage["title"] = _title(stage.get("title"), answers.get("title", ""))


def _about(source: Source, answers: Mapping[str, str]) -> None:
    source["title"] = _title(source.get("title"), answers.get("title", ""))
    if answers.get("about"):
        source["about"] = _title(source.get("about"), answers["about"], "about", 200)


def _deadline(source: Source, answers: Mapping[str, str]) -> None:
    stage = _stage(source, answers)
    clock = stage.setdefault("clock", {})
    if answers.get("limit_unit") == "promise":
        stage["clock"] = {**{k: v for k, v in clock.items() if k == "warn"}, "limit": "promise"}
    elif "until" in clock:
        clock["max"] = _limit(answers)
    else:
        clock["limit"] = _limit(answers)


def _role(source: Source, answers: Mapping[str, str]) -> None:
    stage = _stage(source, answers)
    post = answers.get("post", "")
    if not post:
        raise Refused("post", _("请选一个岗位。"))
    kept = {k: v for k, v in (stage.get("owner") or {}).items() if k == "unlike"}
    stage["owner"] = {"case": "handler", **kept} if post == ":handler" else {"post": post, **kept}


def _way(source: Source, answers: Mapping[str, str]) -> None:
    """Another step for where an action leads."""
    stage = _stage(source, answers)
    action = _action(stage, answers)
    _stage(source, answers, "to")
    action["to"] = answers["to"]


def _action(stage: Mapping[str, Any], answers: Mapping[str, str]) -> dict[str, Any]:
    action = (stage.get("actions") or {}).get(answers.get("action", ""))
    if not isinstance(action, dict):
        raise Refused("action", _("这一步没有这个操作。"))
    return action


def _field(action: Mapping[str, Any], answers: Mapping[str, str]) -> tuple[list[Any], int]:
    form = action.get("form") or []
    for number, field in enumerate(form):
        if isinstance(field, dict) and field.get("id") == answers.get("field"):
            return form, number
    raise Refused("field", _("这张表里没有这一项。"))


def _add_field(source: Source, answers: Mapping[str, str]) -> None:
    action = _action(_stage(source, answers), answers)
    form = action.setdefault("form", [])
    kind = answers.get("type", "text")
    if kind not in FIELD_TYPES:
        raise Refused("type", _("没有这种填法。"))
    if len(form) >= MOST_FIELDS:
        raise Refused("title", _("一张表最多 60 项，再多没有人会填完。"))
    taken = {f.get("id") for f in form if isinstance(f, dict)}
    field: dict[str, Any] = {"id": _fresh("ask", taken), "type": kind, "title": _title(None, answers.get("title", ""))}
    if answers.get("required"):
        field["required"] = True
    if kind == "choice":
        field["choices"] = _choices(answers)
    form.append(field)


def _choices(answers: Mapping[str, str]) -> list[dict[str, Any]]:
    words = [w for w in re.split(r"[\n，,、;；]+", answers.get("choices", "")) if w.strip()]
    if not 1 < len(words) <= 30:
        raise Refused("choices", _("请写 2 到 30 个选项，用顿号或换行隔开。"))
    return [{"value": f"c{n}", "title": word.strip()} for n, word in enumerate(words, start=1)]


def _change_field(source: Source, answers: Mapping[str, str]) -> None:
    form, number = _field(_action(_stage(source, answers), answers), answers)
    field = form[number]
    field["title"] = _title(field.get("title"), answers.get("title", ""))
    if not isinstance(field.get("required"), str):  # a condition stays; it is changed in YAML
        field.pop("required", None)
        if answers.get("required"):
            field["required"] = True


def _remove_field(source: Source, answers: Mapping[str, str]) -> None:
    action = _action(_stage(source, answers), answers)
    form, number = _field(action, answers)
    gone = form.pop(number)["id"]
    if action.get("public"):
        action["public"] = [name for name in action["public"] if name != gone]


def _move_field(source: Source, answers: Mapping[str, str]) -> None:
    form, number = _field(_action(_stage(source, answers), answers), answers)
    other = number + (-1 if answers.get("way") == "up" else 1)
    if 0 <= other < len(form):
        form[number], form[other] = form[other], form[number]


def _counter(source: Source, answers: Mapping[str, str]) -> None:
    counter = (source.get("counters") or {}).get(answers.get("counter", ""))
    if not isinstance(counter, dict):
        raise Refused("counter", _("没有这种次数。"))
    if not re.fullmatch(r"[0-9]{1,2}", answers.get("max", "")):
        raise Refused("max", _("要写 0 到 99 的整数。"))
    counter["max"] = int(answers["max"])


def _blank(source: Source, answers: Mapping[str, str]) -> None:
    """What the source of a method names without saying it, said by the place."""
    blank = (source.get("blanks") or {}).get(answers.get("blank", ""))
    if not isinstance(blank, dict):
        raise Refused("blank", _("没有这一处要填的。"))
    if not 1 <= len(answers.get("is", "")) <= MOST_BLANK:
        raise Refused("is", _("要写 1 到 {n} 个字。").format(n=MOST_BLANK))
    blank["is"] = answers["is"]


def _add_step(source: Source, answers: Mapping[str, str]) -> None:
    """A step after another one: what that led to comes after the new one."""
    before = _stage(source, answers, "after")
    way = main_way(before)
    if way is None or before.get("kind") not in STEPPED:
        raise Refused("after", _("这一步后面不能直接加，请选它的上一步，或在 YAML 里改。"))
    holder, key = way
    stages = source["stages"]
    name = _fresh("step", stages)
    post = answers.get("post", "")
    if not post:
        raise Refused("post", _("请选一个岗位。"))
    done = {
        "title": answers.get("done") or {"zh": "办好了", "en": "Done"}, "by": ["owner"], "main": True, "key": "e",
        "form": [{"id": "words", "type": "long_text", "required": True, "max": 500, "title": SAID}],
        "to": holder[key],
    }  # fmt: skip
    made: dict[str, Any] = {
        "kind": "task", "phase": before.get("phase") or "working", "title": _title(None, answers.get("title", "")),
        "owner": {"case": "handler"} if post == ":handler" else {"post": post},
        "clock": {"limit": _limit(answers)}, "actions": {"done": done},
    }  # fmt: skip
    if before.get("side"):
        raise Refused("after", _("旁支上的步骤请在 YAML 里加。"))
    holder[key] = name
    _insert(source, name, made, after=answers["after"])


def _remove_step(source: Source, answers: Mapping[str, str]) -> None:
    """Whoever led to the step leads to where it led."""
    name, stage = answers.get("stage", ""), _stage(source, answers)
    onward = _onward(name, stage)
    del source["stages"][name]
    _redirect(source, name, onward)


def _move_step(source: Source, answers: Mapping[str, str]) -> None:
    """Taken out where it stands, and put in after another."""
    name, stage = answers.get("stage", ""), _stage(source, answers)
    after = answers.get("after", "")
    if after == name:
        raise Refused("after", _("不能放到自己后面。"))
    before = _stage(source, answers, "after")
    onward = _onward(name, stage)
    _redirect(source, name, onward, forget=False)
    way = main_way(before)
    if way is None or before.get("kind") not in STEPPED or before.get("side"):
        raise Refused("after", _("这一步后面不能直接加，请选它的上一步，或在 YAML 里改。"))
    holder, key = way
    own = main_way(stage)
    assert own is not None  # looked at by _onward
    own[0][own[1]] = holder[key]
    holder[key] = name
    del source["stages"][name]
    _insert(source, name, stage, after=after)


def _onward(name: str, stage: Mapping[str, Any]) -> str:
    way = main_way(stage)
    if stage.get("kind") not in STEPPED or stage.get("side") or way is None:
        raise Refused("stage", _("这一步和别的步骤连得太紧，不能在这里拿掉或挪动，请在 YAML 里改。"))
    target = str(way[0][way[1]])
    if target == name:
        raise Refused("stage", _("这一步只通向自己，不能拿掉。"))
    return target


def _redirect(source: Source, name: str, onward: str, *, forget: bool = True) -> None:
    """Every way to `name` leads to `onward`; `forget`: who may not do a step because they did this one may now."""
    if source.get("start") == name:
        source["start"] = onward
    for holder, key in _ways(source):
        if holder[key] == name:
            holder[key] = onward
    if forget:
        for stage in source["stages"].values():
            owner = stage.get("owner") if isinstance(stage, dict) else None
            if isinstance(owner, dict) and name in (owner.get("unlike") or ()):
                owner["unlike"] = [n for n in owner["unlike"] if n != name]
                if not owner["unlike"]:
                    del owner["unlike"]
        for action in _actions(source):
            if name in (action.get("from") or ()):
                action["from"] = [n for n in action["from"] if n != name]


def _ways(source: Source) -> Iterator[tuple[dict[str, Any], str]]:
    for stage in source["stages"].values():
        if isinstance(stage, dict):
            yield from ((stage, key) for key in ("then", "to") if isinstance(stage.get(key), str))
            yield from ((b, "to") for b in stage.get("branches") or () if isinstance(b, dict) and "to" in b)
    for action in _actions(source):
        yield from (
            (action, key) for key in ("to", "exhausted", "moves_to", "open") if isinstance(action.get(key), str)
        )


def _actions(source: Source) -> Iterator[dict[str, Any]]:
    held = [*source["stages"].values(), {"actions": source.get("anytime") or {}}]
    for stage in held:
        for action in ((stage.get("actions") or {}) if isinstance(stage, dict) else {}).values():
            if isinstance(action, dict):
                yield action


def _insert(source: Source, name: str, stage: dict[str, Any], *, after: str) -> None:
    made: Source = {}
    for key, value in source["stages"].items():
        made[key] = value
        if key == after:
            made[name] = stage
    source["stages"] = made


def _fresh(stem: str, taken: Any) -> str:
    return next(f"{stem}_{n}" for n in range(1, 10_000) if f"{stem}_{n}" not in taken)


CHANGES: dict[str, Callable[[Source, Mapping[str, str]], None]] = {
    "about": _about, "rename": _rename, "deadline": _deadline, "role": _role, "way": _way, "counter": _counter,
    "blank": _blank,
    "add_field": _add_field, "change_field": _change_field, "remove_field": _remove_field, "move_field": _move_field,
    "add_step": _add_step, "remove_step": _remove_step, "move_step": _move_step,
}  # fmt: skip
