"""The parts of an award that goes to several organisations, and their payments."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from portal.grants import withhold
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    dependencies = [
        ("awards", "0004_group_ceilings"),
    ]

    operations = [
        migrations.CreateModel(
            name="Share",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("uscc", models.CharField(max_length=18)),
                ("name", models.CharField(max_length=120)),
                ("percent", models.DecimalField(decimal_places=2, max_digits=5)),
                ("amount_cny", models.DecimalField(decimal_places=2, max_digits=16)),
            ],
            options={
                "ordering": ["award", "position"],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="payment",
            name="payment_order_kept",
        ),
        migrations.RemoveConstraint(
            model_name="payment",
            name="payment_once_per_instalment",
        ),
        migrations.AddField(
            model_name="share",
            name="award",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="shares",
                to="awards.award",
            ),
        ),
        migrations.AddField(
            model_name="payment",
            name="share",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="payments",
                to="awards.share",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["bounced", "cancelled"]), _negated=True),
                fields=("award", "share", "instalment"),
                name="payment_once_per_instalment",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="share",
            constraint=models.UniqueConstraint(fields=("award", "position"), name="share_position"),
        ),
        migrations.AddConstraint(
            model_name="share",
            constraint=models.UniqueConstraint(fields=("award", "uscc"), name="share_once"),
        ),
        migrations.AddConstraint(
            model_name="share",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_cny__gte", 0), ("percent__gt", 0), ("percent__lte", 100)
                ),
                name="share_bounds",
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_order_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (true AND (OLD.batch_id IS DISTINCT FROM NEW.batch_id OR OLD.award_id IS DISTINCT FROM NEW.award_id OR OLD.share_id IS DISTINCT FROM NEW.share_id OR OLD.instalment IS DISTINCT FROM NEW.instalment OR OLD.amount_cny IS DISTINCT FROM NEW.amount_cny OR OLD.payee_name IS DISTINCT FROM NEW.payee_name OR OLD.payee_bank IS DISTINCT FROM NEW.payee_bank OR OLD.payee_account IS DISTINCT FROM NEW.payee_account OR OLD.payee_bank_code IS DISTINCT FROM NEW.payee_bank_code))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_kept';\n        ",
                    hash="06d06a410594cf6929f652b248f58a9f389480cf",
                    operation="UPDATE",
                    pgid="pgtrigger_payment_order_kept_19717",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_of_share",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE part awards_share%ROWTYPE;",
                    func="\n                SELECT * INTO part FROM awards_share\n                 WHERE award_id = NEW.award_id AND (id = NEW.share_id OR NEW.share_id IS NULL)\n                 LIMIT 1;\n                IF NEW.share_id IS DISTINCT FROM part.id THEN\n                  RAISE EXCEPTION 'a payment of award % names the wrong share', NEW.award_id\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_share';\n                END IF;\n                IF part.id IS NOT NULL AND part.amount_cny < NEW.amount_cny + (\n                    SELECT coalesce(sum(amount_cny), 0) FROM awards_payment\n                     WHERE share_id = part.id AND state NOT IN ('bounced', 'cancelled')) THEN\n                  RAISE EXCEPTION 'share % has not so much left', part.id\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_within_share';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="f32cb36d20cb8790163774a39f7eb9aa4aef5f96",
                    operation="INSERT",
                    pgid="pgtrigger_payment_of_share_2299b",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="share",
            trigger=pgtrigger.compiler.Trigger(
                name="share_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="671570f6b8a269ecc6c8b6df6278b0e8b8649147",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_share_kept_7553d",
                    table="awards_share",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="share",
            trigger=pgtrigger.compiler.Trigger(
                name="shares_are_the_award",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                IF NOT EXISTS (\n                  SELECT 1 FROM awards_entry e\n                   WHERE e.award_id = NEW.award_id AND e.kind = 'approve'\n                     AND (e.amount_cny, 100) = (\n                       SELECT sum(amount_cny), sum(percent) FROM awards_share\n                        WHERE award_id = NEW.award_id)) THEN\n                  RAISE EXCEPTION 'the shares of award % are not what was approved', NEW.award_id\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'shares_are_the_award';\n                END IF;\n                RETURN NULL;\n                ",
                    hash="f3d037a57b6ff5b65619fd30994fdbe6f34e8ddc",
                    operation="INSERT",
                    pgid="pgtrigger_shares_are_the_award_f6699",
                    table="awards_share",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        withhold("UPDATE, DELETE, TRUNCATE", "awards_share"),
    ]
