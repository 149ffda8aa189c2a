"""Which page of a scoring sheet wrote a field last, and which pages were saved as a whole."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("reviews", "0003_nominations"),
    ]

    operations = [
        migrations.AddField(
            model_name="scoring",
            name="touched",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="scoring",
            name="closed_pages",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=16), default=list, size=None
            ),
        ),
    ]
