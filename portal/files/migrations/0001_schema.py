"""The tables as they stood when the migrations were put together, one for each app."""

from django.db import migrations, models


class Migration(migrations.Migration):
    replaces = [("files", "0001_initial"), ("files", "0002_scan_states")]

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Blob",
            fields=[
                ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("size_bytes", models.PositiveBigIntegerField()),
                ("content_type", models.CharField(max_length=100)),
                ("pages", models.PositiveIntegerField(null=True)),
                (
                    "scan",
                    models.CharField(
                        choices=[
                            ("pending", "待查毒"),
                            ("clean", "已查毒"),
                            ("infected", "含病毒"),
                            ("failed", "查毒失败"),
                            ("none", "未配置查毒"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("scan_note", models.CharField(blank=True, max_length=200)),
                ("scanned_at", models.DateTimeField(null=True)),
                ("stored_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["scan", "stored_at"], name="blob_scan")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="blob_sha256_is_hex",
                    )
                ],
            },
        ),
    ]
