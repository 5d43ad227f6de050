"""Search over residents' words without keeping the words: keyed-hash bigrams.

`index(kind, id, texts, places=...)`, `search(kind, query, ...) -> ids, newest first`, `forget(stream)`,
`matches(query, text)`, `spans(query, text)`. See docs/rules/text.md.
"""

from gezhi.foundation.text.table import forget, index, index_many, search
from gezhi.foundation.text.tokens import matches, spans

__all__ = ["forget", "index", "index_many", "matches", "search", "spans"]
