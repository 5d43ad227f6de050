"""The search table: a virtual FTS5 table on SQLite, an ordinary one with GIN on PostgreSQL."""

from django.db import migrations

# detail=none keeps no positions: smaller, and nothing to tell the order of the hashed words.
SQLITE = "CREATE VIRTUAL TABLE search_document USING fts5(tokens, tokenize='ascii', detail=none, columnsize=0)"
POSTGRESQL = (
    "CREATE TABLE search_document (id bigint PRIMARY KEY, tokens tsvector NOT NULL)",
    # fastupdate=off: a pending list would be read from end to end by every search.
    "CREATE INDEX search_document_tokens ON search_document USING gin (tokens) WITH (fastupdate = off)",
)


def create(apps, schema_editor):
    statements = POSTGRESQL if schema_editor.connection.vendor == "postgresql" else (SQLITE,)
    for statement in statements:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    schema_editor.execute("DROP TABLE search_document")


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunPython(create, drop)]
