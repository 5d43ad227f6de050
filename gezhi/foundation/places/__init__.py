"""The places room: divisions, grids and buildings, where they lie and when. docs/rules/places.md

directory().path(id), .children(id), .locate(lon, lat) ...   # in memory, by revision
find_place(lon, lat)                                         # refuses swapped and foreign points
open_place(...), rename, close, move, set_code, set_shape    # in `actions`: the only writers
import_divisions(...), load_pack(node, actor=...)            # bulk, idempotent
check_partition(on, layer), map_shapes(id), sheets(id), qr_svg(url)
"""

from gezhi.foundation.late import late

from .kinds import GRIDS, KINDS, LABELS, LAYERS, RANK

# Modules that need tables are loaded on first use: Django imports this package before its tables exist.
_LATE = {
    "directory": "snapshot",
    "Directory": "snapshot",
    "Path": "snapshot",
    "PlaceInfo": "snapshot",
    "short_name": "snapshot",
    "find_place": "location",
    "open_place": "actions",
    "rename": "actions",
    "close": "actions",
    "move": "actions",
    "set_code": "actions",
    "set_shape": "actions",
    "Part": "plans",
    "Plan": "plans",
    "apply": "changes",
    "successor": "successions",
    "undoing": "changes",
    "import_divisions": "divisions",
    "import_outlines": "outlines",
    "load_pack": "packs",
    "staffing": "packs",
    "check_partition": "partition",
    "map_view": "maps",
    "map_shapes": "maps",
    "qr_svg": "plates",
    "sheets": "plates",
}

__all__ = ["GRIDS", "KINDS", "LABELS", "LAYERS", "RANK", *_LATE]

_find = late(__name__, _LATE)


def __getattr__(name: str):
    return _find(name)
