"""Which pages of a section were saved by their button."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0008_nominated"),
    ]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="closed_tabs",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16), default=list, size=None
            ),
        ),
    ]
