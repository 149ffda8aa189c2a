"""A recommendation that was undone stays, marked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0001_schema"),
    ]

    operations = [
        migrations.AddField(
            model_name="recommendation",
            name="undone_at",
            field=models.DateTimeField(null=True),
        ),
    ]
