"""What this engine reads from packs: `workflows/*.yaml`, `protected.yaml`, `words.yaml`."""

from __future__ import annotations

from gezhi.engines.workflows import drawing, proof_children, similar, voices
from gezhi.engines.workflows.protected_pack import read_protected
from gezhi.engines.workflows.reader import read_workflow
from gezhi.foundation import packs

packs.reader("workflow", folder="workflows", after=("posts", "categories", "form", "register", "competences"))(
    read_workflow
)
packs.reader("follow_up")(drawing.read_plan)
packs.reader("duplicates")(similar.read_settings)
packs.reader("words")(voices.read_words)
packs.whole("workflow")(proof_children.check)
packs.reader("protected", after=("posts", "categories", "workflow"))(read_protected)
