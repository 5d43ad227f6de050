"""What this engine reads from packs: `duties/*.yaml`."""

from __future__ import annotations

from gezhi.engines.duties import holding as _holding  # noqa: F401  (what a register may not lose)
from gezhi.engines.duties.reader import read_duty
from gezhi.foundation import packs

packs.reader("duty", folder="duties", after=("posts", "register", "workflow"))(read_duty)
