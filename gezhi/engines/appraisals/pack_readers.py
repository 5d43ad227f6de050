"""What this engine reads from packs: `rubrics/*.yaml`."""

from __future__ import annotations

from gezhi.engines.appraisals.reader import check_whole, read_rubric
from gezhi.foundation import packs

packs.reader("rubric", folder="rubrics", after=("posts", "register", "ledger"))(read_rubric)
packs.whole("rubric")(check_whole)
