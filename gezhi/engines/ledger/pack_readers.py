"""What this engine reads from packs: `ledgers/*.yaml`."""

from __future__ import annotations

from gezhi.engines.ledger.reader import read_ledger
from gezhi.foundation import packs

packs.reader("ledger", folder="ledgers", after=("posts", "register"))(read_ledger)
