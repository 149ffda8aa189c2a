from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0004_more_acts_on_calls"),
    ]

    operations = [
        migrations.AddField(
            model_name="document",
            name="parts",
            field=models.JSONField(blank=True, default=list, verbose_name="部分"),
        ),
    ]
