"""Kinds of pack documents this room reads; imported by the pack loader before the first pack."""

from gezhi.foundation import packs

from .reading import check_meant, read_kind, read_register, read_relation
from .reading_sums import check_sums

packs.reader("subject", folder="subjects")(read_kind)
packs.reader("relation", folder="relations", after=("subject",))(read_relation)
packs.reader("register", folder="registers", after=("posts", "subject", "relation", "categories"))(read_register)
packs.whole("register")(check_meant)
packs.whole("register")(check_sums)
