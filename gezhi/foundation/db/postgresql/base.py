"""PostgreSQL 15+, psycopg 3 with its pool."""

from __future__ import annotations

from django.db.backends.postgresql import base
from psycopg import Cursor

# A statement that waits for a row lock longer than this is refused (503) instead of holding a
# worker thread for ever; a transaction left open by a stopped client must not keep the sealer waiting.
_SESSION = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=300s"


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend with bounded waits on every session."""

    def prepared_cursor(self):
        """A cursor whose statements the server keeps planned once they have come often (Django's sends each anew)."""
        self.ensure_connection()
        with self.wrap_database_errors:
            return self._prepare_cursor(Cursor(self.connection))  # type: ignore[attr-defined]

    def get_connection_params(self):
        params = super().get_connection_params()
        params["options"] = f"{_SESSION} {params.get('options', '')}".strip()
        params["prepare_threshold"] = 2  # of prepared_cursor alone: Django's own cursors never prepare
        return params
