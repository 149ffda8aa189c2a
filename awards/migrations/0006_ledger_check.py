"""When the counters were last compared with their entries; indexes for the lists and sums of awards."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0007_in_hand"),
        ("awards", "0005_shares"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("accounts", models.PositiveIntegerField()),
                ("faults", models.JSONField(default=list)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="award",
            name="award_of_call",
        ),
        migrations.AddIndex(
            model_name="award",
            index=models.Index(
                fields=["call", "state"],
                include=("application", "recommended_cny", "approved_cny", "paid_cny"),
                name="award_sums_of_call",
            ),
        ),
        migrations.AddIndex(
            model_name="award",
            index=models.Index(fields=["call", "-made_at", "uid"], name="award_list_of_call"),
        ),
        migrations.AddIndex(
            model_name="award",
            index=models.Index(fields=["-made_at", "uid"], name="award_list"),
        ),
        migrations.AddIndex(
            model_name="ledgercheck",
            index=models.Index(fields=["-id"], name="ledger_check_newest"),
        ),
    ]
