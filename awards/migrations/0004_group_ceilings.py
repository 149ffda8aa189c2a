"""A ceiling over several lines holds in the database too; what leaves after its approval frees its
place or not, as the call says."""

import django.contrib.postgres.fields
from django.db import migrations, models

from awards import sql


class Migration(migrations.Migration):
    dependencies = [
        ("awards", "0003_openings"),
        ("applications", "0006_called_off"),
    ]

    operations = [
        migrations.AddField(
            model_name="capaccount",
            name="lines",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=10), blank=True, default=list, size=None
            ),
        ),
        migrations.RunSQL(sql.ENTRY_EFFECT, migrations.RunSQL.noop),
        migrations.RunSQL(sql.POST, migrations.RunSQL.noop),
    ]
