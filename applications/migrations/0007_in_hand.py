"""What is in hand of a call, summed from an index alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0006_called_off"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="application",
            index=models.Index(
                condition=models.Q(("submitted_at__isnull", False)),
                fields=["call"],
                include=("status", "recommended_cny", "asked_cny"),
                name="application_in_hand",
            ),
        ),
    ]
