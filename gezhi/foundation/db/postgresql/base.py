"""PostgreSQL 15+, psycopg 3 with its pool."""

from __future__ import annotations

from django.db.backends.postgresql import base

# A statement that waits for a row lock longer than this is refused (503) instead of holding a
# worker thread for ever; a transaction left open by a stopped client must not keep the sealer waiting.
_SESSION = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=300s"


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's backend with bounded waits on every session."""

    def get_connection_params(self):
        params = super().get_connection_params()
        params["options"] = f"{_SESSION} {params.get('options', '')}".strip()
        return params
