"""How packs' places are read; imported by the pack loader before the first pack."""

from typing import Any

from gezhi.foundation import packs
from gezhi.foundation.packs.reading import Context

from .spec import check_spec


@packs.reader("places", after=("posts",))
def read_places(node: Any, context: Context) -> Any:
    """A places document, checked against the shipped divisions and the posts known so far."""
    return packs.plain(node) if check_spec(node, context) is not None else None
