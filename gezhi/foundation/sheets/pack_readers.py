"""How a sender's sheet is read from a pack; imported by the pack loader before the first pack."""

from gezhi.foundation import packs

from .layouts import read_sheet

packs.reader("sheet", folder="sheets", after=("categories", "workflow", "limits"))(read_sheet)
