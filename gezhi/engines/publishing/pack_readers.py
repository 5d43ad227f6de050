"""What this engine reads from packs: `documents/*.yaml`, `bulletins/*.yaml`."""

from __future__ import annotations

from gezhi.engines.publishing.bulletins.reader import read_bulletin
from gezhi.engines.publishing.reader import read_document
from gezhi.foundation import packs

packs.reader("document", folder="documents")(read_document)
packs.reader("bulletin", folder="bulletins")(read_bulletin)
