"""What this engine reads from packs: `workflows/*.yaml`."""

from __future__ import annotations

from gezhi.engines.workflows.reader import read_workflow
from gezhi.foundation import packs

packs.reader("workflow", folder="workflows", after=("posts", "categories", "form"))(read_workflow)
