"""What this engine reads from packs: `documents/*.yaml`."""

from __future__ import annotations

from gezhi.engines.publishing.reader import read_document
from gezhi.foundation import packs

packs.reader("document", folder="documents")(read_document)
