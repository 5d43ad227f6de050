"""Case numbers come from a sequence on PostgreSQL: openings do not wait for one another."""

from django.db import migrations


def create(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute("CREATE SEQUENCE IF NOT EXISTS workflows_case_number")


def drop(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute("DROP SEQUENCE IF EXISTS workflows_case_number")


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
