"""Whether a number stands somewhere for a reader: three digits also occur within hashes, tokens and row numbers by chance."""

import re


def says(text: object, number: str) -> bool:
    """Whether the text has `number` as a word of its own."""
    return re.search(rf"(?<![\w-]){re.escape(number)}(?![\w-])", str(text)) is not None
