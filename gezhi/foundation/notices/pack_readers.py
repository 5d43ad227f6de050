"""How notices are read from a pack; imported by the pack loader before the first pack."""

from gezhi.foundation import packs

from .templates import read_notices

packs.reader("notices", folder="notices")(read_notices)
