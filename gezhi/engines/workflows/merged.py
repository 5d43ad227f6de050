"""What may still be done on a case that is handled with another one: its reporter speaks for themselves.

Whoever raised it keeps the code, says solved or not once the other matter has been handled, and is asked like everybody
else. "Not solved" takes it out again, to a clock of its own. These actions are drawn for no workflow in particular; what
"not solved" leads to, and how often, is the workflow's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from gezhi.engines.workflows.models import CLOSED, Case, WorkItem
from gezhi.engines.workflows.schema import PHASES, Action, Workflow
from gezhi.foundation import people
from gezhi.foundation.errors import Conflict, NotAllowed, Refusal, register
from gezhi.foundation.forms import Field, Form, Option
from gezhi.foundation.people import Actor

register(
    "case.main_running",
    409,
    _("还没到说这句话的时候。"),
    _("这件事和别人的并在一起办，还没有办好。"),
    _("办好了会请您说句话，随时可以回来看进度。"),
)

#: What needs the other matter to have been handled first.
ANSWERS = ("solved", "unsolved", "record", "record_no", "no_answer")
ASKING = ("record", "record_no", "no_answer")  # asked by staff

_RATING = Field("rating", "choice", {"zh": "满意吗", "en": "Satisfied"}, choices=(
    Option("very", {"zh": "满意", "en": "Satisfied"}),
    Option("fairly", {"zh": "基本满意", "en": "Fairly satisfied"}),
    Option("so_so", {"zh": "一般", "en": "So-so"}),
    Option("no", {"zh": "不满意", "en": "Dissatisfied"}),
))  # fmt: skip
_WORDS = Field("words", "long_text", {"zh": "原话", "en": "In their words"}, max=500)
_MISSING = Field(
    "words", "long_text", {"zh": "还差什么（原话）", "en": "What is missing (in their words)"}, max=500, required=True
)
_WHY = Field("why", "long_text", {"zh": "还差什么", "en": "What is missing"}, max=500, required=True)
_REASON = Field("reason", "text", {"zh": "为什么不是同一件", "en": "Why it is not the same"}, max=200, required=True)
_MORE = Field("words", "long_text", {"zh": "补充什么", "en": "What to add"}, max=1000, required=True)
_NOTE = Field("words", "long_text", {"zh": "给经办的人", "en": "To those handling it"}, max=500, required=True)
_SAID = Field("solved", "choice", {"zh": "居民怎么说", "en": "What the resident says"}, required=True, choices=(
    Option("yes", {"zh": "解决了", "en": "Solved"}), Option("partly", {"zh": "部分解决", "en": "Partly"}),
))  # fmt: skip
_WAY = Field("way", "choice", {"zh": "怎么联系的", "en": "How"}, required=True, choices=(
    Option("phone", {"zh": "打电话", "en": "By phone"}), Option("visit", {"zh": "上门", "en": "By a visit"}),
))  # fmt: skip

REPORTER, ASKER, SUPERVISOR = ("reporter",), ("power:case.raise_for",), ("power:case.supervise",)
UNMERGE = "unmerge"


def actions_of(flow: Workflow) -> Mapping[str, Action]:
    """What is drawn at a merged case of this workflow."""
    again = next((s.actions["unsolved"] for s in flow.stages.values() if "unsolved" in s.actions), None)
    back: dict[str, Any] = {
        "to": again.to if again else flow.start,
        "counter": again.counter if again else None,
        "exhausted": again.exhausted if again else None,
        "set": {"solved": "'no'", "rating": "rating"},
        "stamp": ("followed_at",),
        "says": {"zh": "您说没解决，单独重新办", "en": "You said it is not solved; it is handled on its own now"},
    }
    stay: dict[str, Any] = {"set": {"solved": "'yes'", "rating": "rating"}, "stamp": ("followed_at",)}
    drawn = (
        Action("solved", {"zh": "解决了", "en": "Solved"}, REPORTER, Form((_RATING,)),
               says={"zh": "您说解决了", "en": "You said it is solved"}, main=True, **stay),
        Action("unsolved", {"zh": "没解决", "en": "Not solved"}, REPORTER, Form((_WHY, _RATING)), **back),
        Action("add", {"zh": "补充一句", "en": "Add something"}, REPORTER, Form((_MORE,)),
               says={"zh": "您补充了一句", "en": "You added something"}),
        Action("record", {"zh": "记回访结果", "en": "Record the follow-up"}, ASKER, Form((_SAID, _RATING, _WORDS)),
               main=True, key="e", **(stay | {"set": {"solved": "solved", "rating": "rating"}})),
        Action("record_no", {"zh": "居民说没解决", "en": "The resident says it is not solved"}, ASKER,
               Form((_MISSING, _RATING)), **back),
        Action("no_answer", {"zh": "没联系上", "en": "Nobody answered"}, ASKER, Form((_WAY,)), effect="attempt",
               set={"solved": "'unreachable'"}, stamp=("followed_at",)),
        Action(UNMERGE, {"zh": "不是同一件，分开办", "en": "Not the same, handle it apart"}, SUPERVISOR, Form((_REASON,)),
               says={"zh": "重新看过，单独办", "en": "Looked at again; handled on its own"}, to=flow.start),
        Action("note", {"zh": "留一句话", "en": "Leave a note"}, ("power:case.see",), Form((_NOTE,)), key="n"),
    )  # fmt: skip
    return {action.id: action for action in drawn}


def drawn(flow: Workflow, case: Case, stage: str) -> Mapping[str, Action]:
    """The actions at a stage of this case: the workflow's own, or those of a merged case."""
    return flow.actions_at(stage) if case.merged_into is None else actions_of(flow)


def told(flow: Workflow, action: str) -> Action | None:
    """The action of a line of the record that no stage draws: something done on a merged case."""
    return MERGE if action == MERGE.id else actions_of(flow).get(action)


MERGE = Action(
    "merge", {"zh": "并入另一件", "en": "Merge into another"}, ("owner", *SUPERVISOR),
    Form((Field("reason", "text", {"zh": "怎么看出是同一件", "en": "How one sees it is the same"}, max=200),)),
    says={"zh": "和别人说的是同一件，并到一起办", "en": "The same as others raised; handled together"},
)  # fmt: skip


def refusal(case: Case, action: Action, actor: Actor, main: Case | None = None) -> Refusal | None:
    """Why an answer cannot be taken yet, or not by this person; None when it can. At most two queries."""
    if case.merged_into is None or action.id not in ANSWERS:
        return None
    if action.id in ("solved", *ASKING) and case.followed_at is not None and case.solved != "":
        return NotAllowed()
    main = main or Case.objects.filter(pk=case.merged_into).first()
    if main is None or not handled(main):
        return Conflict("case.main_running")
    if action.id in ASKING and actor.person_id is not None:
        did = WorkItem.objects.filter(case_id=main.id, done_by=actor.person_id).values_list("stage", flat=True)
        if any(stage_phase(main, stage) in ("working",) for stage in did):
            label = people.directory().seat(main.handler_seat).label if main.handler_seat else ""
            return NotAllowed("case.doer_verifies", seat=label)
    return None


def handled(main: Case) -> bool:
    """Whether the matter has come to where its reporters are asked."""
    return main.state == CLOSED or PHASES.index(main.phase) >= PHASES.index("your_word")


def stage_phase(case: Case, stage: str) -> str:
    """The phase of a stage of the case's own workflow."""
    from gezhi.engines.workflows.schema import definition

    found = definition(case.workflow, case.version)[0].stages.get(stage)
    return found.phase if found else ""


__all__ = ["ANSWERS", "MERGE", "actions_of", "drawn", "handled", "refusal", "told"]
