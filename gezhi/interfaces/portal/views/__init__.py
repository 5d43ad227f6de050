"""The resident's pages. Each view reads queries and calls actions; no rule lives here."""
