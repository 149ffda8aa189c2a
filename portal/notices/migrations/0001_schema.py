"""The tables as they stood when the migrations were put together, one for each app."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import portal.ids


class Migration(migrations.Migration):
    replaces = [("notices", "0001_initial"), ("notices", "0002_both_languages_and_pauses")]

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uid",
                    models.CharField(
                        default=portal.ids.new_uid, editable=False, max_length=12, unique=True
                    ),
                ),
                ("to", models.TextField()),
                ("subject", models.TextField()),
                ("body", models.TextField()),
                ("kept_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["-id"], name="mail_newest")],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uid",
                    models.CharField(
                        default=portal.ids.new_uid, editable=False, max_length=12, unique=True
                    ),
                ),
                (
                    "recipient",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("subject", models.CharField(max_length=200)),
                ("subject_en", models.CharField(blank=True, max_length=300)),
                ("body", models.TextField(blank=True)),
                ("body_en", models.TextField(blank=True)),
                ("url", models.CharField(blank=True, max_length=200)),
                ("dedupe_key", models.CharField(max_length=200, unique=True)),
                ("created_at", models.DateTimeField()),
                ("held_until", models.DateTimeField()),
                ("mailed_at", models.DateTimeField(null=True)),
                ("retry_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, max_length=500)),
                ("given_up_at", models.DateTimeField(null=True)),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["recipient", "-id"], name="notice_inbox"),
                    models.Index(
                        condition=models.Q(
                            ("given_up_at__isnull", True), ("mailed_at__isnull", True)
                        ),
                        fields=["held_until"],
                        name="notice_outbox",
                    ),
                    models.Index(
                        condition=models.Q(("read_at__isnull", True)),
                        fields=["recipient"],
                        name="notice_unread",
                    ),
                ],
            },
        ),
    ]
