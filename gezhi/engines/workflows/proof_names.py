"""Names: what a definition points to must exist, and no two names may look the same."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from gezhi.engines.workflows.proof_parts import Flaw, _, actions
from gezhi.engines.workflows.schema import PASSING, Action, Owner, Stage, Workflow
from gezhi.foundation import expressions

ROLES = ("owner", "reporter", "system")
# Letters of other scripts that nobody can tell from a Latin one on a screen.
LIKE = dict(zip("аеіјорсухѕԁһѵᴠοαρνυ", "aeijopcyxsdhvvoapvu", strict=True))


def names(flow: Workflow, posts: Mapping[str, object], powers: Iterable[str]) -> Iterator[Flaw]:
    """Flaws of names alone; the graph is looked at when every stage that is pointed to exists."""
    yield from _letters(flow)
    if flow.start not in flow.stages:
        yield Flaw("flow.start", ("start",), _("起点“{start}”不在步骤里"), {"start": flow.start})
    elif flow.stages[flow.start].kind in ("end", "join", "panel", "watch") or flow.stages[flow.start].side:
        words = _("起点“{start}”要有人负责，或是一个关口")
        yield Flaw("flow.start_kind", ("start",), words, {"start": flow.start})
    for stage in flow.stages.values():
        yield from _stage(flow, stage)
        if stage.owner is not None:
            yield from _owner(flow, stage, stage.owner, posts)
    for where, holder, action in actions(flow):
        yield from _action(flow, where, holder, action, tuple(powers))
        yield from _counter(flow, where, holder, action)


def _stage(flow: Workflow, stage: Stage) -> Iterator[Flaw]:
    here = ("stages", stage.id)
    if stage.kind in ("gate", "join") and (stage.actions or stage.owner):
        words = _("关口“{stage}”自己判断，不能有操作或席位")
        yield Flaw(f"{stage.kind}.actions", here, words, {"stage": stage.id})
    elif stage.kind == "end" and (stage.owner or stage.clock):
        yield Flaw("end.owner", here, _("终点“{stage}”没有席位和时限"), {"stage": stage.id})
    for number, to in enumerate([b.to for b in stage.branches] or [t.to for t in stage.tracks]):
        yield from _target(flow, stage, to, (*here, "branches", str(number)))
    for result, to in (stage.panel.ways if stage.panel is not None else {}).items():
        yield from _target(flow, stage, to, (*here, "panel", "ways", result))
    for key, target in (("then", stage.then), ("to", stage.to)):
        if target is not None:
            yield from _target(flow, stage, target, (*here, key))


def _target(flow: Workflow, stage: Stage, to: str, where: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id, "to": to}
    if to not in flow.stages:
        words = _("“{stage}”要去的“{to}”不存在{near}")
        yield Flaw("flow.unknown_stage", where, words, {**facts, "near": _near(to, flow.stages)})
    elif flow.stages[to].side or flow.stages[to].kind == "watch":
        yield Flaw("action.to_side", where, _("“{target}”是旁支，只能用 open 打开"), {"target": to})


def _near(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f"（{found[0]}？）" if found else ""


def _owner(flow: Workflow, stage: Stage, owner: Owner, posts: Mapping[str, object]) -> Iterator[Flaw]:
    where = ("stages", stage.id, "owner")
    facts = {"stage": stage.id, "post": owner.post, "above": owner.above}
    if owner.post and owner.post not in posts:
        yield Flaw("owner.post", where, _("席位“{post}”不在岗位表里"), facts)
    elif owner.duty:
        post = posts.get(owner.post or "")
        if isinstance(post, Mapping) and not post.get("duty"):
            yield Flaw("owner.duty", where, _("“{post}”不是值班岗，排不了班"), facts)
    if owner.above is not None and (
        owner.above not in flow.stages or flow.stages[owner.above].kind not in ("task", "panel")
    ):
        yield Flaw("owner.above", where, _("“{stage}”要找“{above}”的上一级，可是没有这个有人办的步骤"), facts)
    elif owner.above == stage.id:
        yield Flaw("owner.above", where, _("“{stage}”不能由自己的上一级来办自己"), facts)
    if (
        owner.case == "handler"
        and not flow.services
        and not flow.assigned
        and not any(a.assign or a.effect == "accept" for _w, _s, a in actions(flow))
    ):
        yield Flaw("owner.unassigned", where, _("“{stage}”等人指定承办，但没有操作来指定"), facts)
    if owner.without is not None and flow.kept.get(owner.without) != "seats":
        words = _("“{stage}”要避开的当事席位“{name}”没有作为席位名单（seats）留下")
        yield Flaw("owner.without", where, words, {"stage": stage.id, "name": owner.without})
    for other in owner.unlike:
        if other not in flow.stages or flow.stages[other].kind in ("gate", "join", "end", "watch"):
            words = _("“{stage}”要避开的步骤“{other}”不存在")
            yield Flaw("owner.unlike", where, words, {"stage": stage.id, "other": other})
        elif other == stage.id:
            yield Flaw("owner.unlike_self", where, _("“{stage}”不能要求避开自己"), facts)


def _action(
    flow: Workflow, where: tuple[str, ...], stage: Stage | None, action: Action, powers: tuple[str, ...]
) -> Iterator[Flaw]:
    side = stage is not None and stage.side
    for target in (action.to, action.exhausted):
        facts = {"action": action.id, "target": target}
        if target is None:
            continue
        if target not in flow.stages:
            words = _("操作“{action}”要去的“{target}”不存在{near}")
            yield Flaw("flow.unknown_stage", where, words, {**facts, "near": _near(target, flow.stages)})
        elif (flow.stages[target].side and not side) or flow.stages[target].kind == "watch":
            yield Flaw("action.to_side", where, _("“{target}”是旁支，只能用 open 打开"), facts)
        elif side and not flow.stages[target].side:
            yield Flaw("side.moves", where, _("旁支里的“{action}”不能移动主线"), facts)
    if action.open is not None and (action.open not in flow.stages or not flow.stages[action.open].side):
        facts = {"action": action.id, "open": action.open}
        yield Flaw("action.open", where, _("操作“{action}”要打开的旁支“{open}”不存在"), facts)
    if stage is None and (action.to or action.open or action.close):
        yield Flaw("anytime.moves", where, _("随时可做的“{action}”不能移动案件"), {"action": action.id})
    if side and action.open:
        yield Flaw("side.moves", where, _("旁支里的“{action}”不能移动主线"), {"action": action.id})
    if stage is not None and not side and action.close:
        yield Flaw("main.close", where, _("主线里的“{action}”不能只关闭，要写去哪一步"), {"action": action.id})
    if action.ends_all and not action.to and not action.moves_to:
        yield Flaw("ends_all.target", where, _("“{action}”写了 ends_all，就要去一个终点"), {"action": action.id})
    if not action.by:
        yield Flaw("action.by", where, _("操作“{action}”没有写谁能做"), {"action": action.id})
    for who in action.by:
        known = who in ROLES or (who.startswith("power:") and (not powers or who[6:] in powers))
        if not known:
            options = [*ROLES, *(f"power:{p}" for p in powers)]
            words = _("操作“{action}”的“{who}”不认识{near}")
            near = _near(_latin(who), options)
            yield Flaw("action.by", where, words, {"action": action.id, "who": who, "near": near})
    fields = {f.id: f for f in action.form.fields}
    if action.assign is not None and (action.assign not in fields or fields[action.assign].type != "seat"):
        words = _("“{action}”指定承办要用一个席位类的填写项，没有“{assign}”")
        yield Flaw("action.assign", where, words, {"action": action.id, "assign": action.assign})
    for name, source in action.keep.items():
        facts = {"action": action.id, "name": name, "field": source}
        if name not in flow.kept:
            words = _("“{action}”要留下的“{name}”没有在 kept 里声明{near}")
            yield Flaw("kept.unknown", (*where, "keep"), words, {**facts, "near": _near(name, flow.kept)})
        elif source == "+seat" and flow.kept[name] == "seats":
            continue
        elif (
            source not in fields
            and flow.kept[name] == "number"
            and (not source.isidentifier() or source in flow.readable)
        ):
            yield from _computed(flow, where, action, name, source)
        elif source not in fields:
            words = _("“{action}”要留下的填写项“{field}”不存在{near}")
            if not source.isidentifier():
                words = _("“{action}”要留下的“{field}”不是填写项；只有 number 类的值能写成算式")
            yield Flaw("kept.field", (*where, "keep"), words, {**facts, "near": _near(source, fields)})
        elif fields[source].type != flow.kept[name]:
            facts |= {"is": fields[source].type, "wants": flow.kept[name]}
            yield Flaw("kept.type", (*where, "keep"), _("“{name}”声明为 {wants}，填写项“{field}”却是 {is}"), facts)
    yield from _books(flow, where, action)
    for name in action.sealed:
        if name not in fields or fields[name].type not in ("text", "long_text"):
            words = _("“{action}”要封存的“{name}”不是它的文字类填写项")
            yield Flaw("action.sealed", (*where, "sealed"), words, {"action": action.id, "name": name})
        elif name in action.public or name in action.keep.values():
            words = _("“{action}”的“{name}”既封存，又公开或留给后面的步骤，只能选一样")
            yield Flaw("action.sealed", (*where, "sealed"), words, {"action": action.id, "name": name})
    yield from _musts(flow, where, action)
    if action.effect in PASSING and (stage is None or side or stage.owner is None or not stage.owner.post):
        words = _("“{action}”要转给同一岗位的下一个人，只能写在由岗位（post）负责的一步里")
        yield Flaw("effect.passing", where, words, {"action": action.id})
    if action.effect == "recuse" and action.by != ("owner",):
        yield Flaw("effect.recuse", where, _("回避（{action}）只能由被问到的人自己申明"), {"action": action.id})
    if action.effect == "accept" and (stage is None or side or "owner" not in action.by):
        words = _("“{action}”要把事接下来，只能由主线上被问到的席位做")
        yield Flaw("effect.accept", where, words, {"action": action.id})
    if "system" in action.by and action.form.fields:
        yield Flaw("system.form", where, _("系统自己做的“{action}”不能有填写项"), {"action": action.id})


def _books(flow: Workflow, where: tuple[str, ...], action: Action) -> Iterator[Flaw]:
    """What is read from a register and written in one is named by entries that are asked for or kept."""
    fields = {f.id: f.type for f in action.form.fields}
    for name, (source, _column) in action.reads.items():
        if "entry" not in (fields.get(source), flow.kept.get(source)):
            words = _("“{action}”要读的“{source}”不是台账里的一条（entry）")
            yield Flaw("action.reads", (*where, "reads", name), words, {"action": action.id, "source": source})
    books = action.books
    if books is None:
        return
    facts = {"action": action.id, "source": books.source, "name": books.keep}
    at = (*where, "books")
    if books.what == "name" and fields.get(books.source) not in ("text", "long_text"):
        yield Flaw("action.books", at, _("“{action}”登记的名称“{source}”不是它的文字类填写项"), facts)
    if books.what != "name" and "entry" not in (fields.get(books.source), flow.kept.get(books.source)):
        yield Flaw("action.books", at, _("“{action}”登记用的“{source}”不是台账里的一条（entry）"), facts)
    if books.keep and flow.kept.get(books.keep) != "entry":
        yield Flaw("action.books", at, _("“{action}”要留下的“{name}”没有声明为 entry"), facts)
    for value in books.values.values():
        if value not in fields and value not in flow.kept and value[:1] != "'":
            words = _("“{action}”要登记的“{source}”不是填写项，也没有留下过")
            yield Flaw("action.books", (*at, "values"), words, {**facts, "source": value})
    if "system" in action.by or "reporter" in action.by:
        yield Flaw("action.books", at, _("“{action}”登记台账，只能由工作人员做"), facts)


def _computed(flow: Workflow, where: tuple[str, ...], action: Action, name: str, source: str) -> Iterator[Flaw]:
    """A kept number that is computed: an expression over what was kept and the action's own answers."""
    facts: dict[str, object] = {"action": action.id, "name": name, "source": source}
    try:
        program = expressions.compile(source, {**flow.readable, **action.form.types()})
    except expressions.ExpressionError as error:
        yield Flaw("kept.expression", (*where, "keep"), _("“{name}: {source}”：{error}"), {**facts, "error": error})
        return
    if program.type.kind != "number":
        yield Flaw("kept.expression", (*where, "keep"), _("“{name}”要算出一个数，“{source}”不是"), facts)


def _musts(flow: Workflow, where: tuple[str, ...], action: Action) -> Iterator[Flaw]:
    """What an action's answers must satisfy: a condition that compiles, said at one of its own fields."""
    types = {**flow.readable, **action.form.types()}
    for number, must in enumerate(action.must):
        at = (*where, "must", str(number))
        facts: dict[str, object] = {"action": action.id, "source": must.that, "field": must.field}
        if must.field not in {f.id for f in action.form.fields}:
            yield Flaw("must.field", at, _("“{action}”的要求要写在它自己的填写项上，没有“{field}”"), facts)
        try:
            program = expressions.compile(must.that, types)
        except expressions.ExpressionError as error:
            yield Flaw("must.expression", at, _("“{source}”：{error}"), {**facts, "error": error})
            continue
        if program.type.kind != "truth":
            yield Flaw("must.expression", at, _("“{source}”不是是非判断"), facts)


def _counter(flow: Workflow, where: tuple[str, ...], stage: Stage | None, action: Action) -> Iterator[Flaw]:
    facts = {"action": action.id, "counter": action.counter}
    if action.counter is None:
        if action.exhausted:
            yield Flaw("counter.missing", where, _("“{action}”写了次数用完后的去处，却没有写数什么（counter）"), facts)
        return
    if action.counter not in flow.counters:
        words = _("“{action}”用的次数“{counter}”没有声明{near}")
        near = _near(action.counter, flow.counters)
        yield Flaw("counter.unknown", where, words, {**facts, "near": near})
    elif flow.counters[action.counter] < 1:
        yield Flaw("counter.max", ("counters", action.counter), _("次数“{counter}”至少为 1"), facts)
    if action.to and not action.exhausted and stage is not None and stage.kind != "end":
        yield Flaw("counter.exit", where, _("“{action}”次数用完后没有出路（exhausted）"), facts)
    elif action.exhausted and action.exhausted == action.to:
        yield Flaw("counter.same_exit", where, _("“{action}”次数用完还是去同一处，次数就白数了"), facts)


# --- how names look -----------------------------------------------------------------------------------


def _letters(flow: Workflow) -> Iterator[Flaw]:
    groups: list[tuple[tuple[str, ...], list[str]]] = [
        (("stages",), list(flow.stages)),
        (("counters",), list(flow.counters)),
        (("kept",), list(flow.kept)),
        (("anytime",), list(flow.anytime)),
    ]
    groups += [(("stages", s.id, "actions"), list(s.actions)) for s in flow.stages.values() if s.actions]
    for where, group in groups:
        seen: dict[str, str] = {}
        for name in group:
            odd = next((char for char in name if not _plain(char)), None)
            if odd is not None or not name:
                words = _("名字“{name}”里的“{char}”（{letter}）不是普通的字母、汉字或数字")
                letter = unicodedata.name(odd, "?") if odd else ""
                yield Flaw("name.letters", (*where, name), words, {"name": name, "char": odd or "", "letter": letter})
                continue
            shape = name.casefold().translate(str.maketrans("01", "ol"))
            if shape in seen:
                words = _("“{name}”和“{other}”看着一样，换一个名字")
                yield Flaw("name.lookalike", (*where, name), words, {"name": name, "other": seen[shape]})
            seen.setdefault(shape, name)


def _plain(char: str) -> bool:
    return (char.isascii() and (char.isalnum() or char in "_-")) or "\u4e00" <= char <= "\u9fff"


def _latin(text: str) -> str:
    return "".join(LIKE.get(char, char) for char in unicodedata.normalize("NFKC", text))
