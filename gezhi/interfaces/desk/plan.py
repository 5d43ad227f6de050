"""The whole of a method as nested lists: steps under each other, the branches of a fork side by side.

The picture is the list: it is read aloud in its order, every way is a link to the step it leads to, and nothing is
said by colour alone. Steps of a level stand in the order in which a case can come to them; what does not simply go on
to the next step is written at the step (back so many times, on to another one, out of the row).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.schema import Action, Owner, Stage, Workflow
from gezhi.foundation import people
from gezhi.foundation.calendar import parse_limit, said_hour
from gezhi.interfaces.site.tallies import RESULTS

from .fields import limit_words, titled
from .route import course

Path = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Way:
    """One way out of a step. `kind` back|skip|end|next; `extra`: who, how often, what then."""

    label: str
    target: str
    title: str
    kind: str
    extra: str = ""


@dataclass(frozen=True)
class Aside:
    """A question asked beside the main line: its name, the steps of its chain, how often."""

    label: str
    steps: list[Node]
    extra: str = ""


@dataclass
class Lane:
    """A branch of a fork. `each`: opened once for every unit of a list."""

    title: str
    each: bool
    nodes: list[Node] = field(default_factory=list)


@dataclass
class Node:
    """A step as drawn. `kind` as in the definition, `sort` its word, `lit` the words of its clock in a running case."""

    id: str
    kind: str
    title: str
    sort: str = ""
    owner: str = ""
    limit: str = ""
    ways: list[Way] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    after: str = ""
    anchor: bool = True  # a side step asked for from several steps is drawn at each, and led to at the first
    follows: bool = False  # whether the step above leads here: only then is a line drawn between them


def plan(flow: Workflow) -> list[Node]:
    """The trunk of a method from top to bottom, everything else inside it."""
    graph = proof.Graph.of(flow)
    return _Drawing(flow, graph).level(())


class _Drawing:
    def __init__(self, flow: Workflow, graph: proof.Graph) -> None:
        self.flow, self.graph = flow, graph
        self._asked: set[str] = set()

    def level(self, path: Path) -> list[Node]:
        order = self._order(path)
        place = {id: n for n, id in enumerate(order)}
        nodes = [self._node(self.flow.stages[id], place, path) for id in order if self.flow.stages[id].kind != "join"]
        for above, node in itertools.pairwise(nodes):
            node.follows = any(way.target == node.id for way in above.ways)
        return nodes

    def _order(self, path: Path) -> list[str]:
        """Stages of a level so that each stands after those that lead to it.

        First what a case comes to when nothing goes wrong, then what is only reached by way of a count (returned,
        objected to, used up), ends last. The row of the method page keeps its order.
        """
        row = {step.id: n for n, step in enumerate(course(self.flow).steps)}
        level = [stage for stage, at in self.graph.paths.items() if at == path]
        calm = self._reached(path, [self.graph.entry(path)])
        rest = self._reached(path, level) - calm
        order = self._sorted(path, calm, row) + self._sorted(path, rest, row)
        return sorted(order, key=lambda id: self.flow.stages[id].kind == "end")

    def _reached(self, path: Path, start: list[str]) -> set[str]:
        found, queue = set(start), list(start)
        while queue:
            for target in self._onward(queue.pop(), path):
                if target not in found:
                    found.add(target)
                    queue.append(target)
        return found

    def _sorted(self, path: Path, stages: set[str], row: Mapping[str, int]) -> list[str]:
        """Each after those that lead to it; what closes a circle is taken as it comes."""
        known = {stage: n for n, stage in enumerate(self.graph.paths)}
        before = dict.fromkeys(stages, 0)
        for stage in stages:
            for target in self._onward(stage, path):
                if target in before:
                    before[target] += 1
        order: list[str] = []
        while before:
            ready = [s for s, count in before.items() if not count] or list(before)
            chosen = min(ready, key=lambda s: (row.get(s, len(row)), known.get(s, 0)))
            order.append(chosen)
            del before[chosen]
            for target in self._onward(chosen, path):
                if target in before:
                    before[target] -= 1
        return order

    def _onward(self, here: str, path: Path) -> list[str]:
        """Where a stage leads on its own level when nothing is counted; a fork leads to its join."""
        stage = self.flow.stages[here]
        if stage.kind == "end":
            return []
        if stage.kind == "fork":
            return [stage.join or ""]
        moves = self.graph.leaving.get(here, ())
        calm = [m.target for m in moves if not m.counted and m.kind not in ("exhausted", "moved")]
        return [target for target in dict.fromkeys(calm) if self.graph.paths.get(target) == path]

    def _node(self, stage: Stage, place: Mapping[str, int], path: Path) -> Node:
        node = Node(
            stage.id, stage.kind, titled(stage.title), _SORTS[stage.kind](), owner_words(self.flow, stage.owner)
        )
        node.limit = clock_words(stage)
        for branch in stage.branches:
            node.ways.append(self._way(_guard(branch.when) if branch.when else _("其余"), branch.to, stage, place))
        for result, to in (stage.panel.ways if stage.panel is not None else {}).items():
            node.ways.append(self._way(str(RESULTS[result]), to, stage, place, self._again(stage, result)))
        self._watched(node, stage)
        if stage.then:
            node.ways.append(self._way(_("到时") if stage.kind == "timer" else _("够数了"), stage.then, stage, place))
        for action in stage.actions.values():
            if action.id not in self.flow.flags:
                self._action(node, action, stage, place)
        for number, track in enumerate(stage.tracks, start=1):
            lane = Lane(_("第 {n} 路").format(n=number), track.each is not None)
            lane.nodes = self.level((*path, (stage.id, track.id)))
            node.lanes.append(lane)
        if stage.kind == "fork":
            join = self.flow.join_of(stage.id)
            node.after = joined_words(self.flow, join)
            node.ways.append(self._way(titled(join.title), join.to or "", join, place))
        return node

    def _again(self, stage: Stage, result: str) -> str:
        """How often a meeting too few came to is held, before its way is taken."""
        if stage.panel is None or result != "void" or stage.panel.rounds < 2:
            return ""
        return _("一共最多开 {n} 次").format(n=stage.panel.rounds)

    def _watched(self, node: Node, stage: Stage) -> None:
        """A watch of residents, drawn once: at the first step it runs beside."""
        for watch in self.flow.watches:
            if watch.beside and watch.beside[0] == stage.id:
                row = [titled(self.flow.stages[s].title) for s in watch.beside]
                until = _("居民从“{first}”看到“{last}”，提的问题交给：").format(first=row[0], last=row[-1])
                steps = (
                    [self._side(self.flow.stages[id]) for id in proof.chain(self.flow, watch.flag or "")]
                    if watch.flag
                    else []
                )
                node.asides.append(Aside(titled(watch.title), steps, until))

    def _action(self, node: Node, action: Action, stage: Stage, place: Mapping[str, int]) -> None:
        extra = [_BY[w]() for w in action.by if w in _BY and "owner" not in action.by]
        if action.counter:
            extra.append(_("最多 {n} 次").format(n=self.flow.counters[action.counter]))
        if action.exhausted:
            extra.append(_("再多就到“{stage}”").format(stage=titled(self.flow.stages[action.exhausted].title)))
        if action.ends_all:
            extra.append(_("别的路都停下"))
        said = _("，").join(extra)
        if action.to:
            node.ways.append(self._way(titled(action.title), action.to, stage, place, said))
        if action.open:
            steps = [self._side(self.flow.stages[id]) for id in proof.chain(self.flow, action.open)]
            node.asides.append(Aside(titled(action.title), steps, said))

    def _side(self, stage: Stage) -> Node:
        node = Node(stage.id, "side", titled(stage.title), "", owner_words(self.flow, stage.owner), clock_words(stage))
        node.anchor = stage.id not in self._asked
        self._asked.add(stage.id)
        for action in stage.actions.values():
            target = action.moves_to if action.effect == "move" else action.to
            if target:
                title = titled(self.flow.stages[target].title)
                node.ways.append(Way(titled(action.title), target, title, "skip"))
        return node

    def _way(self, label: str, target: str, stage: Stage, place: Mapping[str, int], extra: str = "") -> Way:
        found = self.flow.stages[target]
        own = place.get(stage.id, -1)
        if found.kind == "join":
            return Way(label, "", _("汇合"), "join", extra)
        if found.kind == "end":
            kind = "end"
        elif place.get(target, own + 2) <= own:
            kind = "back"
        else:
            kind = "next" if place.get(target) == own + 1 else "skip"
        return Way(label, target, titled(found.title), kind, extra)


_SORTS = {
    "task": lambda: "",
    "gate": lambda: _("判断"),
    "end": lambda: _("到这里结束"),
    "timer": lambda: _("到时自己走"),
    "fork": lambda: _("分头办"),
    "join": lambda: _("汇合"),
    "children": lambda: _("开子事项"),
    "panel": lambda: _("大家议"),
    "watch": lambda: _("居民看着"),
}
_READ = {
    "draw": lambda: _("抽签数"),
    "sort": lambda: _("分流"),
    "urgent": lambda: _("不能等"),
    "off_hours": lambda: _("不在上班时间"),
    "category": lambda: _("类别"),
    "returns": lambda: _("退单次数"),
    "reworks": lambda: _("返工次数"),
    "reopenings": lambda: _("重办次数"),
    "solved": lambda: _("解决"),
    "rating": lambda: _("满意"),
}


def _guard(source: str) -> str:
    """A guard with the case's own names in words; what else it says stays as it is written."""
    said = re.sub(r"[a-z_]+(?![\w'])", lambda found: _READ[found[0]]() if found[0] in _READ else found[0], source)
    joining = {"且": _("且"), "或": _("或"), "非": _("非")}
    said = re.sub(r"(?<!\w)[且或非](?!\w)", lambda found: joining[found[0]], said)
    return said.replace("==", "=")


_BY = {"reporter": lambda: _("居民"), "system": lambda: _("系统")}


def joined_words(flow: Workflow, join: Stage) -> str:
    """What a join waits for, in a sentence."""
    if join.needs == "all":
        return _("都办完了才往下走")
    if join.needs == "any":
        return _("有一路办完就往下走，别的停下")
    if isinstance(join.needs, int):
        return _("办完 {n} 路就往下走，别的停下").format(n=join.needs)
    tracks = [track.id for track in flow.stages[join.of or ""].tracks]
    return _("第 {n} 路办完就往下走，别的停下").format(n=tracks.index(join.needs) + 1)


def owner_words(flow: Workflow, owner: Owner | None) -> str:
    """Whose seat it is: a post's title, the chosen unit, a branch's unit, the level above another step."""
    if owner is None:
        return ""
    if owner.post:
        post = people.directory().posts.get(owner.post)
        title = post.title if post else owner.post
        return _("{post}（值班）").format(post=title) if owner.duty else title
    if owner.above:
        return _("“{stage}”的上一级").format(stage=titled(flow.stages[owner.above].title))
    return _("这一路的单位") if owner.case == "branch" else _("承办单位")


def clock_words(stage: Stage) -> str:
    """A stage's limit in words."""
    if stage.clock is None:
        return ""
    if stage.clock.until and stage.clock.part:
        return _("到约好的那个时段结束，最长 {limit}").format(limit=limit_words(stage.clock.max or ""))
    if stage.clock.until and stage.clock.by is not None:
        words = (
            _("到定好那天的前 {n} 天 {hour}，最长 {limit}")
            if stage.clock.before
            else _("到定好那天的 {hour}，最长 {limit}")
        )
        return words.format(
            n=stage.clock.before, hour=said_hour(stage.clock.by), limit=limit_words(stage.clock.max or "")
        )
    if stage.clock.until:
        return _("到定好的日子，最长 {limit}").format(limit=limit_words(stage.clock.max or ""))
    if stage.clock.limit == "promise":
        return _("限到答应居民的日期")
    if parse_limit(stage.clock.limit).by is not None:
        words = _("等到{limit}") if stage.kind == "timer" else _("{limit}前办好")
        return words.format(limit=limit_words(stage.clock.limit))
    if stage.kind == "timer":
        return _("等 {limit}").format(limit=limit_words(stage.clock.limit))
    return _("限 {limit}").format(limit=limit_words(stage.clock.limit))
