"""What differs between two versions of a method, in sentences: for whoever approves it, and for the pages of versions."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from gezhi.engines.workflows.schema import Action, Stage, Workflow
from gezhi.foundation import packs
from gezhi.foundation.forms import Form

from .fields import limit_words, titled
from .plan import clock_words, owner_words


def changes(old: Workflow, new: Workflow) -> list[str]:
    """Every difference a person can see, in the order of the new version; empty when there is none to be said."""
    return [*_whole(old, new), *_steps(old, new), *_counters(old, new)]


def version_words(version: int) -> str:
    """第 3 版, or 本地第 1 版 for a place's own."""
    own = packs.own_number(version)
    return _("本地第 {n} 版").format(n=own) if own else _("第 {n} 版").format(n=version)


def _whole(old: Workflow, new: Workflow) -> Iterator[str]:
    if titled(old.title) != titled(new.title):
        yield _("名称从“{old}”改成“{new}”。").format(old=titled(old.title), new=titled(new.title))
    if titled(old.about) != titled(new.about):
        yield _("说明改成：{new}").format(new=titled(new.about))
    if old.promise != new.promise:
        yield _("答应居民的期限从{old}改成{new}。").format(old=_promise(old), new=_promise(new))
    if old.start != new.start and new.start in old.stages:
        yield _("从“{stage}”开始。").format(stage=titled(new.stages[new.start].title))

    for name, (title, said) in new.blanks.items():
        if name in old.blanks and old.blanks[name][1] != said:
            yield _("“{blank}”写明是：{said}").format(blank=titled(title), said=said or _("没有写"))


def _promise(flow: Workflow) -> str:
    return _("按类别定") if flow.promise == "category" else limit_words(flow.promise)


def _steps(old: Workflow, new: Workflow) -> Iterator[str]:
    for id, stage in new.stages.items():
        if id not in old.stages:
            if stage.kind not in ("gate", "join"):
                yield (
                    _("加了一步“{stage}”（{owner}，{limit}）。").format(
                        stage=titled(stage.title),
                        owner=owner_words(new, stage.owner) or _("系统"),
                        limit=clock_words(stage),
                    )
                    if stage.waits
                    else _("加了一种结束“{stage}”。").format(stage=titled(stage.title))
                )
            continue
        yield from _stage(old, new, old.stages[id], stage)
    for id, stage in old.stages.items():
        if id not in new.stages and stage.kind not in ("gate", "join"):
            yield _("去掉了“{stage}”这一步。").format(stage=titled(stage.title))


def _stage(old: Workflow, new: Workflow, was: Stage, now: Stage) -> Iterator[str]:
    name = titled(now.title)
    if titled(was.title) != name:
        yield _("“{old}”改叫“{new}”。").format(old=titled(was.title), new=name)
    if now.waits and owner_words(old, was.owner) != owner_words(new, now.owner):
        yield _("“{stage}”从{old}改由{new}办。").format(
            stage=name, old=owner_words(old, was.owner), new=owner_words(new, now.owner)
        )
    if clock_words(was) != clock_words(now):
        yield _("“{stage}”的时限从“{old}”改成“{new}”。").format(stage=name, old=clock_words(was), new=clock_words(now))
    if was.owner and now.owner and was.owner.unlike != now.owner.unlike:
        others = _("、").join(titled(new.stages[s].title) for s in now.owner.unlike if s in new.stages)
        yield (
            _("“{stage}”由没做过“{others}”的人办。").format(stage=name, others=others)
            if others
            else _("“{stage}”谁办过前面的步骤都可以办。").format(stage=name)
        )
    if was.ladder != now.ladder:
        yield _("“{stage}”超时以后怎么催办改了。").format(stage=name)
    if (was.silence_after, was.silence_action) != (now.silence_after, now.silence_action):
        yield _("“{stage}”没人回话时怎么办改了。").format(stage=name)
    if was.kind == "gate" and was.branches != now.branches:
        yield _("“{stage}”的判断改了。").format(stage=name)
    if was.then != now.then and now.then and now.then in new.stages:
        yield _("“{stage}”之后改到“{to}”。").format(stage=name, to=titled(new.stages[now.then].title))
    for id, action in now.actions.items():
        if id not in was.actions:
            yield _("“{stage}”上加了“{action}”。").format(stage=name, action=titled(action.title))
        else:
            yield from _action(new, name, was.actions[id], action)
    for id, action in was.actions.items():
        if id not in now.actions:
            yield _("“{stage}”上去掉了“{action}”。").format(stage=name, action=titled(action.title))


def _action(new: Workflow, stage: str, was: Action, now: Action) -> Iterator[str]:
    name = titled(now.title)
    if titled(was.title) != name:
        yield _("“{stage}”上的“{old}”改叫“{new}”。").format(stage=stage, old=titled(was.title), new=name)
    if was.to != now.to and now.to and now.to in new.stages:
        yield _("“{stage}”上“{action}”以后改到“{to}”。").format(
            stage=stage, action=name, to=titled(new.stages[now.to].title)
        )
    if was.by != now.by:
        yield _("“{stage}”上谁能“{action}”改了。").format(stage=stage, action=name)
    yield from _form(stage, name, was.form, now.form)
    if (was.set, was.keep, was.must, was.effect, was.counter, was.exhausted) != (
        now.set, now.keep, now.must, now.effect, now.counter, now.exhausted,
    ):  # fmt: skip
        yield _("“{stage}”上“{action}”记什么、算几次改了。").format(stage=stage, action=name)


def _form(stage: str, action: str, was: Form, now: Form) -> Iterator[str]:
    before, after = {f.id: f for f in was.fields}, {f.id: f for f in now.fields}
    for id, field in after.items():
        words = {"stage": stage, "action": action, "field": field.label}
        if id not in before:
            must = _("（必填）") if field.required else ""
            yield _("“{stage}”上“{action}”时多问一项“{field}”{must}。").format(**words, must=must)
        elif before[id] != field:
            other = before[id]
            if other.label != field.label:
                yield _("“{stage}”上“{action}”时“{old}”改问“{field}”。").format(**words, old=other.label)
            elif other.required != field.required:
                must = _("改成必填") if field.required else _("改成可以不填")
                yield _("“{stage}”上“{action}”时“{field}”{must}。").format(**words, must=must)
            else:
                yield _("“{stage}”上“{action}”时“{field}”的填法改了。").format(**words)
    for id, field in before.items():
        if id not in after:
            yield _("“{stage}”上“{action}”时不再问“{field}”。").format(stage=stage, action=action, field=field.label)
    common = [f for f in before if f in after]
    if common != [f for f in after if f in before]:
        yield _("“{stage}”上“{action}”时问的先后改了。").format(stage=stage, action=action)


def _counters(old: Workflow, new: Workflow) -> Iterator[str]:
    for name, most in new.counters.items():
        if name in old.counters and old.counters[name] != most:
            yield _("“{counter}”从最多 {old} 次改成 {new} 次。").format(
                counter=titled(new.counter_titles[name]), old=old.counters[name], new=most
            )
