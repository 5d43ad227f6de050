"""The public door of everything that reads: lists, search, work, suggestions. All ask what the actor may see."""

from gezhi.engines.workflows.listing import CAP, Count, Filters, Page, count, cursor_after, page
from gezhi.engines.workflows.rows import Row, own_titles, row_of, rows_of, seat_label, state_of, titles_of
from gezhi.engines.workflows.suggesting import UnitSuggestion, seat_choices, suggest_units
from gezhi.engines.workflows.work import (
    INBOX,
    Board,
    Counts,
    Task,
    counts,
    done_today,
    inbox,
    inbox_count,
    supervision,
)

__all__ = [
    "CAP", "INBOX", "Board", "Count", "Counts", "Filters", "Page", "Row", "Task", "UnitSuggestion", "count", "counts",
    "cursor_after", "done_today", "inbox", "inbox_count", "own_titles", "page", "row_of", "rows_of", "seat_choices", "seat_label",
    "state_of", "suggest_units", "supervision", "titles_of",
]  # fmt: skip
