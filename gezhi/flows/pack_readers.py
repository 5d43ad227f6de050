"""How flows are read from a pack; imported by the pack loader before the first pack."""

from gezhi.foundation import packs

from .schema import read_flow

packs.reader("flow", folder="flows", after=("workflow", "posts", "notices", "match"))(read_flow)
