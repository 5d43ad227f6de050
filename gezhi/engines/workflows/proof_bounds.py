"""What a file may ask of the reader, looked at before anything of it is built.

`use:` copies a form for three words of YAML, so what is written says little about what would be read: the number of
stages, actions and copied fields is counted on the raw document, and a file beyond the bounds is refused unread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gezhi.engines.workflows.proof_parts import MAX_ACTIONS, MAX_STAGES, _
from gezhi.foundation.packs.reading import Context

MAX_FIELDS = 6_000  # of all forms together, copies counted


def within_bounds(node: Any, context: Context) -> bool:
    """Whether the document is small enough to be read; a problem is noted when it is not."""
    stages = node.get("stages") if isinstance(node, Mapping) else None
    if not isinstance(stages, Mapping):
        return True
    if len(stages) > MAX_STAGES:
        words = _("步骤太多：{count} 个，最多 {max} 个，请拆成子事项")
        context.problem(node, "stages", "flow.too_big", words, count=len(stages), max=MAX_STAGES)
        return False
    count = fields = 0
    for key, stage in stages.items():
        actions = stage.get("actions") if isinstance(stage, Mapping) else None
        for action in actions.values() if isinstance(actions, Mapping) else ():
            count += 1
            fields += _asked(action, stages)
        if count > MAX_ACTIONS or fields > MAX_FIELDS:
            words = _("操作和填写项太多（到这一步 {count} 个操作、{fields} 项），请拆成子事项")
            context.problem(stages, key, "flow.too_big", words, count=count, fields=fields)
            return False
    return True


def _asked(action: Any, stages: Mapping[Any, Any]) -> int:
    """How many fields an action asks for, its own or borrowed."""
    if not isinstance(action, Mapping):
        return 0
    form = action.get("form")
    if form is None and "use" in action:
        stage, _dot, name = str(action["use"]).partition(".")
        source = stages.get(stage)
        drawn = source.get("actions") if isinstance(source, Mapping) else None
        lent = drawn.get(name) if isinstance(drawn, Mapping) else None
        form = lent.get("form") if isinstance(lent, Mapping) else None
    return len(form) if isinstance(form, list | tuple) else 0
