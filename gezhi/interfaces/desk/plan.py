"""The whole of a method as nested lists: steps under each other, the branches of a fork side by side.

The picture is the list: it is read aloud in its order, every way is a link to the step it leads to, and nothing is
said by colour alone. Steps of a level stand in the order in which a case can come to them; what does not simply go on
to the next step is written at the step (back so many times, on to another one, out of the row).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from gezhi.engines.workflows import proof
from gezhi.engines.workflows.schema import Action, Owner, Stage, Workflow
from gezhi.foundation import people

from .fields import limit_words, titled

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


def plan(flow: Workflow) -> list[Node]:
    """The trunk of a method from top to bottom, everything else inside it."""
    graph = proof.Graph.of(flow)
    return _Drawing(flow, graph).level(())


class _Drawing:
    def __init__(self, flow: Workflow, graph: proof.Graph) -> None:
        self.flow, self.graph = flow, graph

    def level(self, path: Path) -> list[Node]:
        order = self._order(path)
        place = {id: n for n, id in enumerate(order)}
        return [self._node(self.flow.stages[id], place, path) for id in order if self.flow.stages[id].kind != "join"]

    def _order(self, path: Path) -> list[str]:
        """Stages of a level so that each stands after those that lead to it; ways back do not count, ends come last."""
        found: list[str] = []
        seen: set[str] = set()

        def visit(here: str) -> None:
            seen.add(here)
            # Main ways are visited last, so they come first in the reversed order.
            for target in sorted(self._onward(here, path), key=lambda way: way[1]):
                if target[0] not in seen:
                    visit(target[0])
            found.append(here)

        visit(self.graph.entry(path))
        for stage, at in self.graph.paths.items():
            if at == path and stage not in seen:
                visit(stage)
        order = found[::-1]
        return sorted(order, key=lambda id: self.flow.stages[id].kind == "end")

    def _onward(self, here: str, path: Path) -> list[tuple[str, int]]:
        stage = self.flow.stages[here]
        if stage.kind == "end":
            return []
        if stage.kind == "fork":
            return [(stage.join or "", 3)]
        ways: dict[str, int] = {}
        for move in self.graph.leaving.get(here, ()):
            if self.graph.paths.get(move.target) == path:
                main = 2 if move.action is None or move.action.main else 1
                rank = 0 if move.counted or move.kind == "exhausted" else main
                ways[move.target] = max(ways.get(move.target, 0), rank)
        return list(ways.items())

    def _node(self, stage: Stage, place: Mapping[str, int], path: Path) -> Node:
        node = Node(
            stage.id, stage.kind, titled(stage.title), _SORTS[stage.kind](), owner_words(self.flow, stage.owner)
        )
        node.limit = clock_words(stage)
        for branch in stage.branches:
            node.ways.append(self._way(branch.when or _("其余"), branch.to, stage, place))
        if stage.then:
            node.ways.append(self._way(_("到时") if stage.kind == "timer" else _("够数了"), stage.then, stage, place))
        for action in stage.actions.values():
            self._action(node, action, stage, place)
        for track in stage.tracks:
            lane = Lane(track.id, track.each is not None)
            lane.nodes = self.level((*path, (stage.id, track.id)))
            node.lanes.append(lane)
        if stage.kind == "fork":
            join = self.flow.join_of(stage.id)
            node.after = joined_words(self.flow, join)
            node.ways.append(self._way(titled(join.title), join.to or "", join, place))
        return node

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
}
_BY = {"reporter": lambda: _("居民"), "system": lambda: _("系统")}


def joined_words(flow: Workflow, join: Stage) -> str:
    """What a join waits for, in a sentence."""
    if join.needs == "all":
        return _("都办完了才往下走")
    if join.needs == "any":
        return _("有一路办完就往下走，别的停下")
    if isinstance(join.needs, int):
        return _("办完 {n} 路就往下走，别的停下").format(n=join.needs)
    return _("“{track}”这一路办完就往下走，别的停下").format(track=join.needs)


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
    if stage.clock.until:
        return _("到定好的日子，最长 {limit}").format(limit=limit_words(stage.clock.max or ""))
    if stage.clock.limit == "promise":
        return _("限到答应居民的日期")
    if stage.kind == "timer":
        return _("等 {limit}").format(limit=limit_words(stage.clock.limit))
    return _("限 {limit}").format(limit=limit_words(stage.clock.limit))
