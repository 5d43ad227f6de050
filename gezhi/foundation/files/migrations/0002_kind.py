"""A kept file says what it is: a photo, as all were, or a paper (PDF)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("files", "0001_initial")]

    operations = [
        migrations.AddField("storedfile", "kind", models.CharField(default="photo", max_length=8)),
    ]
