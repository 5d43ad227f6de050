"""The worker's pages. Each view reads queries and calls actions; no rule lives here."""
