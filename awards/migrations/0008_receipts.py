import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.grants import withhold


class Migration(migrations.Migration):
    """The bank's papers on payments."""

    dependencies = [
        ("awards", "0007_claw_backs"),
        ("files", "0001_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Receipt",
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
                ("name", models.CharField(max_length=255)),
                ("uploaded_at", models.DateTimeField()),
                ("removed_at", models.DateTimeField(null=True)),
                ("removed_reason", models.CharField(blank=True, max_length=300)),
                (
                    "blob",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="receipts",
                        to="awards.payment",
                    ),
                ),
                (
                    "removed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("removed_at__isnull", True), ("removed_by__isnull", True)),
                            models.Q(
                                ("removed_at__isnull", False),
                                ("removed_by__isnull", False),
                                ("removed_reason__gt", ""),
                            ),
                            _connector="OR",
                        ),
                        name="receipt_removed_with_reason",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("removed_at__isnull", True)),
                        fields=("payment", "blob"),
                        name="receipt_once",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="receipt",
            trigger=pgtrigger.compiler.Trigger(
                name="receipt_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="3c7a0b1bccba05eaa01701e6db6152fced6884d2",
                    operation="DELETE",
                    pgid="pgtrigger_receipt_not_deleted_075ef",
                    table="awards_receipt",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="receipt",
            trigger=pgtrigger.compiler.Trigger(
                name="receipt_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (true AND (OLD.payment_id IS DISTINCT FROM NEW.payment_id OR OLD.name IS DISTINCT FROM NEW.name OR OLD.blob_id IS DISTINCT FROM NEW.blob_id OR OLD.uploaded_by_id IS DISTINCT FROM NEW.uploaded_by_id OR OLD.uploaded_at IS DISTINCT FROM NEW.uploaded_at))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_kept';\n        ",
                    hash="fcf579790ec1ddeb4519fc2befded3092599cfff",
                    operation="UPDATE",
                    pgid="pgtrigger_receipt_kept_c7bb4",
                    table="awards_receipt",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="receipt",
            trigger=pgtrigger.compiler.Trigger(
                name="receipt_removed_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.removed_at IS NOT NULL AND (OLD.removed_at IS DISTINCT FROM NEW.removed_at))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_removed_once';\n        ",
                    hash="be06048e1b30266201bf8faecf5810f32214d937",
                    operation="UPDATE",
                    pgid="pgtrigger_receipt_removed_once_d37c7",
                    table="awards_receipt",
                    when="BEFORE",
                ),
            ),
        ),
        withhold("DELETE, TRUNCATE", "awards_receipt"),
    ]
