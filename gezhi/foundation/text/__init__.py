"""Search over residents' words without keeping the words: keyed-hash bigrams.

`index(kind, id, texts, places=...)`, `search(kind, query, ...) -> ids, newest first`, `forget(stream)`,
`matches(query, text)`, `spans(query, text)`. See docs/rules/text.md.
"""

from gezhi.foundation.text.table import forget, grams, index, index_many, put, search
from gezhi.foundation.text.tokens import matches, spans

__all__ = ["forget", "grams", "index", "index_many", "matches", "put", "search", "spans"]
