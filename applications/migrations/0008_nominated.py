"""A case that a unit opened in an organisation's name."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0007_in_hand"),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="direct",
            field=models.BooleanField(default=False),
        ),
    ]
