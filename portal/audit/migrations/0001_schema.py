"""The tables as they stood when the migrations were put together, one for each app."""

import django.db.models.expressions
from django.db import migrations, models

from portal.audit import sql
from portal.grants import withhold


class Migration(migrations.Migration):
    replaces = [
        ("audit", "0001_initial"),
        ("audit", "0002_chain"),
        ("audit", "0003_longer_object_id"),
        ("audit", "0004_checks_and_indexes"),
    ]

    initial = True

    dependencies = [
        ("portal", "0001_clock"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChainCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("position", models.BigIntegerField()),
                ("seconds", models.FloatField()),
                ("faults", models.JSONField(default=list)),
            ],
            options={
                "indexes": [models.Index(fields=["-id"], name="chain_check_newest")],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.expressions.RawSQL("portal_now()", ())
                    ),
                ),
                (
                    "transaction_id",
                    models.BigIntegerField(
                        db_default=django.db.models.expressions.RawSQL(
                            "(pg_current_xact_id()::text::bigint)", ()
                        )
                    ),
                ),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_label", models.CharField(blank=True, max_length=200)),
                ("action", models.CharField(max_length=80)),
                ("object_type", models.CharField(max_length=80)),
                ("object_id", models.CharField(max_length=64)),
                ("from_state", models.CharField(blank=True, max_length=40)),
                ("to_state", models.CharField(blank=True, max_length=40)),
                ("data", models.JSONField(default=dict)),
                ("position", models.BigIntegerField(editable=False, null=True, unique=True)),
                ("previous_hash", models.CharField(editable=False, max_length=64, null=True)),
                ("hash", models.CharField(editable=False, max_length=64, null=True)),
                ("algorithm", models.CharField(default="sha256", editable=False, max_length=20)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["object_type", "object_id", "id"], name="event_object"),
                    models.Index(fields=["transaction_id"], name="event_transaction"),
                    models.Index(fields=["actor_id", "-id"], name="event_actor"),
                    models.Index(fields=["at"], name="event_at"),
                    models.Index(fields=["action", "-id"], name="event_action"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("position", models.BigIntegerField(default=0)),
                (
                    "hash",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000",
                        max_length=64,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="head_single_row")
                ],
            },
        ),
        migrations.RunSQL(sql.CHAIN, sql.DROP),
        withhold("UPDATE, DELETE, TRUNCATE", "audit_event"),
        withhold("INSERT, UPDATE, DELETE, TRUNCATE", "audit_head"),
    ]
