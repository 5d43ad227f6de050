from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("stream", models.CharField(blank=True, default="", max_length=40)),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("size", models.PositiveIntegerField()),
                ("kept_by", models.BigIntegerField(null=True)),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "db_table": "files_stored",
                "indexes": [models.Index(fields=["stream", "kept_at"], name="files_stream")],
            },
        ),
    ]
