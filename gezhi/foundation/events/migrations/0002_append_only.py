"""Triggers: events and blocks cannot be changed or removed; PostgreSQL numbers events by transaction."""

from django.db import migrations

SQLITE = [
    # INSERT OR REPLACE removes the old row without any DELETE trigger, hence the trigger before INSERT.
    """
    CREATE TRIGGER events_event_no_replace BEFORE INSERT ON events_event
    WHEN EXISTS (SELECT 1 FROM events_event WHERE id = NEW.id)
      OR EXISTS (SELECT 1 FROM events_event WHERE stream = NEW.stream AND seq = NEW.seq)
    BEGIN SELECT RAISE(ABORT, 'events_event is append-only: this event exists'); END
    """,
    """
    CREATE TRIGGER events_event_no_update BEFORE UPDATE ON events_event
    BEGIN SELECT RAISE(ABORT, 'events_event is append-only'); END
    """,
    """
    CREATE TRIGGER events_event_no_delete BEFORE DELETE ON events_event
    BEGIN SELECT RAISE(ABORT, 'events_event is append-only'); END
    """,
    """
    CREATE TRIGGER events_block_no_replace BEFORE INSERT ON events_block
    WHEN EXISTS (SELECT 1 FROM events_block WHERE position = NEW.position)
    BEGIN SELECT RAISE(ABORT, 'events_block is append-only: this block exists'); END
    """,
    """
    CREATE TRIGGER events_block_no_update BEFORE UPDATE ON events_block
    BEGIN SELECT RAISE(ABORT, 'events_block is append-only'); END
    """,
    """
    CREATE TRIGGER events_block_no_delete BEFORE DELETE ON events_block
    BEGIN SELECT RAISE(ABORT, 'events_block is append-only'); END
    """,
]
SQLITE_BACK = [
    f"DROP TRIGGER IF EXISTS {table}_no_{verb}"
    for table in ("events_event", "events_block")
    for verb in ("replace", "update", "delete")
]

POSTGRESQL = [
    """
    CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    # The offset only moves when this cluster counts transactions lower than the one the data came from
    # (a restore): then the first writer lifts it above every known event, the others wait for it.
    # Otherwise writers only read the epoch, and never wait for each other; were its row missing, they
    # go by the last block, and the sealer makes it anew.
    """
    CREATE FUNCTION events_number() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      xid bigint;
      epoch events_epoch%ROWTYPE;
    BEGIN
      IF NEW.tx IS NOT NULL THEN
        RETURN NEW;  -- a data-only restore brings the numbers along
      END IF;
      xid := pg_current_xact_id()::text::bigint;
      SELECT * INTO epoch FROM events_epoch WHERE id = 1;
      IF NOT FOUND THEN
        epoch.tx_offset := 0;
        SELECT coalesce(max(tx_to), 0) INTO epoch.floor FROM events_block;
      END IF;
      IF epoch.tx_offset + xid < epoch.floor THEN
        INSERT INTO events_epoch (id, tx_offset, floor) VALUES (1, 0, epoch.floor) ON CONFLICT DO NOTHING;
        UPDATE events_epoch
           SET tx_offset = greatest(floor, (SELECT coalesce(max(tx), 0) + 1 FROM events_event)) - xid,
               settled = NULL
         WHERE id = 1 AND tx_offset + xid < floor;
        SELECT * INTO STRICT epoch FROM events_epoch WHERE id = 1;
      END IF;
      NEW.tx := epoch.tx_offset + xid;
      RETURN NEW;
    END $$
    """,
    "INSERT INTO events_epoch (id, tx_offset, floor, settled) VALUES (1, 0, 0, 0)",
    "CREATE INDEX events_event_tx ON events_event (tx, id)",
    "CREATE TRIGGER events_event_number BEFORE INSERT ON events_event FOR EACH ROW EXECUTE FUNCTION events_number()",
    *(
        f"CREATE TRIGGER {table}_no_{verb.split()[0].lower()} BEFORE {verb} ON {table} "
        f"FOR EACH {level} EXECUTE FUNCTION events_refuse_change()"
        for table in ("events_event", "events_block")
        for verb, level in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT"))
    ),
]
POSTGRESQL_BACK = [
    *(
        f"DROP TRIGGER IF EXISTS {table}_no_{verb} ON {table}"
        for table in ("events_event", "events_block")
        for verb in ("update", "truncate")
    ),
    "DROP TRIGGER IF EXISTS events_event_number ON events_event",
    "DROP INDEX IF EXISTS events_event_tx",
    "DELETE FROM events_epoch",
    "DROP FUNCTION IF EXISTS events_number()",
    "DROP FUNCTION IF EXISTS events_refuse_change()",
]


def _run(sqlite, postgresql):
    def run(apps, schema_editor):
        for statement in sqlite if schema_editor.connection.vendor == "sqlite" else postgresql:
            schema_editor.execute(statement, params=None)  # as it stands: % is no placeholder

    return run


class Migration(migrations.Migration):
    dependencies = [("events", "0001_initial")]
    operations = [migrations.RunPython(_run(SQLITE, POSTGRESQL), _run(SQLITE_BACK, POSTGRESQL_BACK))]
