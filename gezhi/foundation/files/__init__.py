"""Photos: known by their content, bounded, re-encoded without metadata, encrypted at rest.

`stage(upload, actor=...)` keeps a photo before its matter exists, `attach(ids, stream=...)` binds it,
`keep(upload, stream=..., actor=...)` does both; `open(id, size)`, `serve(id, may, size)`, `of(stream)`,
`discard(stream)`. See docs/rules/files.md.
"""

from gezhi.foundation.files.images import MAX_BYTES, MAX_PHOTOS
from gezhi.foundation.files.store import attach, discard, keep, of, open, serve, stage, sweep

__all__ = [
    "MAX_BYTES",
    "MAX_PHOTOS",
    "attach",
    "discard",
    "keep",
    "of",
    "open",
    "serve",
    "stage",
    "sweep",
]
