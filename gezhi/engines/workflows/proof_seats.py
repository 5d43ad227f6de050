"""Seats and clocks: everybody who waits has an owner and a time, and some way on; ladders climb in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gezhi.engines.workflows.proof_parts import Flaw, _
from gezhi.engines.workflows.schema import Rung, Stage, Workflow
from gezhi.foundation.calendar import parse_limit

# Hours by the wall, roughly: enough to say that a rung comes before another, whatever the calendar.
HOURS = {"urgent_hour": 1.0, "urgent_day": 24.0, "work_hour": 3.0, "work_day": 24.0, "calendar_day": 24.0}


def seats(flow: Workflow, posts: Mapping[str, object]) -> Iterator[Flaw]:
    """Flaws of each stage by itself."""
    for stage in flow.stages.values():
        here = ("stages", stage.id)
        if stage.waits:
            yield from _accountable(stage, here)
            yield from _ladder(stage, here, posts)
        if stage.kind == "task":
            yield from _ways_on(stage, here)
        if stage.kind == "timer":
            yield from _timer(stage, here)
        for key, wrong in (("pauses", stage.pauses), ("parked", stage.parked)):
            if wrong and stage.kind != "timer":
                words = _("“{stage}”不是到时自己往下走的步骤，不能停住答应的时间（{key}）")
                yield Flaw("timer.pauses", here, words, {"stage": stage.id, "key": key})
        if stage.side and stage.kind != "task":
            yield Flaw("side.kind", here, _("旁支“{stage}”只能是有人办的步骤（task）"), {"stage": stage.id})
        yield from _silence(stage, here)


def _accountable(stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id}
    if stage.owner is None:
        yield Flaw("task.owner", here, _("步骤“{stage}”没有负责的席位"), facts)
    if stage.clock is None:
        yield Flaw("task.clock", here, _("步骤“{stage}”没有时限"), facts)
    elif not 0 < stage.clock.warn <= 1:
        yield Flaw("clock.warn", (*here, "clock"), _("“{stage}”的提醒点要在 0 到 1 之间"), facts)
    if not stage.phase and not stage.side:
        yield Flaw("task.phase", here, _("步骤“{stage}”没有说居民看到的是哪一步（phase）"), facts)


def _ladder(stage: Stage, here: tuple[str, ...], posts: Mapping[str, object]) -> Iterator[Flaw]:
    before = -1.0
    for number, rung in enumerate(stage.ladder):
        at = (*here, "ladder", str(number))
        facts = {"stage": stage.id, "post": rung.post, "after": rung.after}
        if rung.post and rung.post not in posts:
            yield Flaw("ladder.post", at, _("升级到的席位“{post}”不在岗位表里"), facts)
        elif not rung.post and rung.do != "remind":
            yield Flaw("ladder.post", at, _("“{stage}”的这一级要写升级到哪个岗位"), facts)
        if _hours(rung) < before:
            yield Flaw("ladder.order", at, _("“{stage}”的升级要按时间先后写，“{after}”早于上一级"), facts)
        before = max(before, _hours(rung))
        if rung.do == "take_over" and number != len(stage.ladder) - 1:
            yield Flaw("ladder.take_over", at, _("“{stage}”接管之后还有升级：接管只能是最后一级"), facts)


def _hours(rung: Rung) -> float:
    after = parse_limit(rung.after)
    return float(after.value) * HOURS.get(after.unit.value, 24.0)


def _ways_on(stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id}
    if not any(
        (a.to or a.close or a.effect == "move") and "owner" in a.by and not a.must for a in stage.actions.values()
    ):
        yield Flaw(
            "task.stuck",
            here,
            _(
                "步骤“{stage}”的负责人没有任何办法让它往下走：给他一种办法（by: [owner]），写上 to 去哪一步，旁支写 close: true"
            ),
            facts,
        )
    # A resident's and the owner's main action may stand side by side: each sees only their own.
    mains: dict[str, int] = {}
    for action in stage.actions.values():
        for who in action.by if action.main else ():
            mains[who] = mains.get(who, 0) + 1
    if any(count > 1 for count in mains.values()):
        yield Flaw("task.mains", here, _("步骤“{stage}”同一个人有两个主操作"), facts)


def _timer(stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    facts = {"stage": stage.id}
    if stage.then is None:
        yield Flaw("timer.then", here, _("“{stage}”到了时间不知道去哪一步（then）"), facts)
    if stage.clock is not None and stage.clock.until is None and stage.clock.limit in ("promise", "category"):
        words = _("“{stage}”等的时间要自己写明，不能用答应居民的日期")
        yield Flaw("timer.clock", (*here, "clock"), words, facts)
    if stage.silence_action is not None:
        yield Flaw("timer.silence", here, _("“{stage}”自己会到时间，不用再写没回话怎么办"), facts)


def _silence(stage: Stage, here: tuple[str, ...]) -> Iterator[Flaw]:
    if stage.silence_action is not None:
        silent = stage.actions.get(stage.silence_action)
        if silent is None or "system" not in silent.by:
            words = _("“{stage}”到期没回话时的操作要写明由系统做（by: [system]）")
            yield Flaw("silence.action", (*here, "silence"), words, {"stage": stage.id})


# --- separation of duties ----------------------------------------------------------------------------


def separation(flow: Workflow, posts: Mapping[str, object]) -> Iterator[Flaw]:
    """Stages whose `unlike` could bar everybody who may ever answer for them.

    The persons counted on: one for each post up the chain of `falls_to`, two at the root, and one for each post beside
    the root that may supervise (the directory lets them stand in). Each stage that is to be
    avoided is counted at the lowest post that answers for it when those it must avoid itself are passed over; a unit
    that is chosen case by case may turn out to be any of them. docs/rules/proof.md has an example.
    """
    done_by = {s.id: _doer(s, posts) for s in flow.stages.values() if s.waits}
    for stage in flow.stages.values():
        owner = stage.owner
        if not stage.waits or owner is None or not owner.post or not owner.unlike or owner.post not in posts:
            continue
        reach = _reach(owner.post, posts)
        people = len(reach) + 1  # the root keeps two
        barred = [other for other in owner.unlike if done_by.get(other) is None or done_by[other] in reach]
        # Stages owned by one post may be done by one person; by two only where the root's pair shares the work.
        held: set[str] = set()
        top = _chain(owner.post, posts)[-1]
        count = 0
        for other in barred:
            post = done_by.get(other)
            if post is None or post == top or post not in held:
                count += 1
            if post is not None:
                held.add(post)
        if count >= people:
            words = _("“{stage}”要避开的人太多：从“{post}”到顶只有 {people} 个人，避开“{others}”后没有人能办")
            facts = {"stage": stage.id, "post": owner.post, "people": people, "others": "、".join(owner.unlike)}
            yield Flaw("owner.nobody", ("stages", stage.id, "owner"), words, facts, notes=(" → ".join(reach),))
    yield from _rings(flow, posts)


def _rings(flow: Workflow, posts: Mapping[str, object]) -> Iterator[Flaw]:
    """Three stages of the root post that all avoid each other: it keeps two people, and nobody stands beside it."""
    top = {
        s.id: set(s.owner.unlike)
        for s in flow.stages.values()
        if s.waits and s.owner is not None and s.owner.post in posts and len(_reach(s.owner.post or "", posts)) == 1
    }
    apart: dict[str, set[str]] = {stage: set() for stage in top}
    for stage, avoided in top.items():
        for other in avoided & apart.keys():
            apart[stage].add(other)
            apart[other].add(stage)
    for one in sorted(apart):
        for two in sorted(apart[one]):
            third = sorted((apart[one] & apart[two]) - {one, two})
            if third:
                words = _("“{one}”“{two}”“{three}”都由最上面的岗位办又两两避开，要三个人，那里只保证有两个")
                facts = {"one": one, "two": two, "three": third[0]}
                yield Flaw("owner.ring", ("stages", one, "owner"), words, facts)
                return


def _chain(post: str, posts: Mapping[str, object]) -> list[str]:
    """A post and those its vacant seats fall to, upwards."""
    found: list[str] = []
    here: str | None = post
    while here is not None and here not in found:
        found.append(here)
        known = posts.get(here)
        here = known.get("falls_to") if isinstance(known, Mapping) else None
    return found


def _reach(post: str, posts: Mapping[str, object]) -> list[str]:
    """The chain of a post and those who stand in beside its root."""
    chain = _chain(post, posts)
    root = posts.get(chain[-1])
    if not isinstance(root, Mapping):
        return chain
    beside = [
        code
        for code, known in posts.items()
        if code not in chain
        and isinstance(known, Mapping)
        and known.get("level") == root.get("level")
        and "case.supervise" in known.get("powers", ())
    ]
    return [*chain, *beside]


def _doer(stage: Stage, posts: Mapping[str, object]) -> str | None:
    """The post that answers for a stage; None when it is chosen case by case."""
    return stage.owner.post if stage.owner is not None and stage.owner.post in posts else None
