import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.grants import withhold


class Migration(migrations.Migration):
    """What was paid is claimed back by two people, and its repayments."""

    dependencies = [
        ("applications", "0005_recognised"),
        ("awards", "0006_ledger_check"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ClawBack",
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
                ("amount_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("repaid_cny", models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ("frees_place", models.BooleanField(default=False)),
                ("reason", models.TextField()),
                ("legal_base", models.CharField(max_length=300)),
                ("due_on", models.DateField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待签发"),
                            ("released", "待缴回"),
                            ("repaid", "已缴清"),
                            ("discarded", "已作废"),
                        ],
                        default="drafted",
                        max_length=10,
                    ),
                ),
                ("drafted_at", models.DateTimeField()),
                ("released_at", models.DateTimeField(null=True)),
                ("discarded_at", models.DateTimeField(null=True)),
                ("discarded_reason", models.CharField(blank=True, max_length=500)),
                (
                    "award",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="claw_backs",
                        to="awards.award",
                    ),
                ),
                (
                    "discarded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "letter",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="applications.letter",
                    ),
                ),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Repayment",
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
                ("amount_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("repaid_on", models.DateField()),
                ("reference", models.CharField(max_length=120)),
                ("recorded_at", models.DateTimeField()),
                (
                    "claw_back",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repayments",
                        to="awards.clawback",
                    ),
                ),
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repayment",
                        to="awards.entry",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="clawback",
            index=models.Index(fields=["-drafted_at", "uid"], name="clawback_newest"),
        ),
        migrations.AddIndex(
            model_name="clawback",
            index=models.Index(
                condition=models.Q(("state", "released")),
                fields=["due_on"],
                name="clawback_outstanding",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("released_by__isnull", True),
                    models.Q(("released_by", models.F("drafted_by")), _negated=True),
                    _connector="OR",
                ),
                name="clawback_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount_cny__gt", 0), ("legal_base__gt", ""), ("reason__gt", "")
                ),
                name="clawback_with_grounds",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("repaid_cny__gte", 0), ("repaid_cny__lte", models.F("amount_cny"))
                ),
                name="clawback_repaid_within_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("repaid_cny", 0), ("state__in", ["drafted", "discarded"])),
                    models.Q(
                        ("letter__isnull", False),
                        ("released_at__isnull", False),
                        ("released_by__isnull", False),
                        ("state__in", ["released", "repaid"]),
                    ),
                    _connector="OR",
                ),
                name="clawback_released_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("repaid_cny", models.F("amount_cny")), ("state", "repaid")),
                    models.Q(
                        models.Q(("state", "repaid"), _negated=True),
                        ("repaid_cny__lt", models.F("amount_cny")),
                    ),
                    _connector="OR",
                ),
                name="clawback_repaid_is_all",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "discarded"), _negated=True),
                    models.Q(
                        ("discarded_at__isnull", False),
                        ("discarded_by__isnull", False),
                        ("discarded_reason__gt", ""),
                    ),
                    _connector="OR",
                ),
                name="clawback_discarded_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="clawback",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["drafted", "released"])),
                fields=("award",),
                name="clawback_one_at_a_time",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="clawback",
            trigger=pgtrigger.compiler.Trigger(
                name="clawback_states",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{drafted:released,drafted:discarded,released:repaid}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="9ebf677ef110a00849fe86df59ed04ed9b6e6015",
                    operation="UPDATE",
                    pgid="pgtrigger_clawback_states_49abd",
                    table="awards_clawback",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="clawback",
            trigger=pgtrigger.compiler.Trigger(
                name="clawback_starts_drafted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"state\" = 'drafted'))",
                    func="\n        RAISE EXCEPTION 'it starts as drafted'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'clawback_starts_drafted';\n        ",
                    hash="fa6262a8261bf6491f2ec87fdfa2665309b25902",
                    operation="INSERT",
                    pgid="pgtrigger_clawback_starts_drafted_2b7fa",
                    table="awards_clawback",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="clawback",
            trigger=pgtrigger.compiler.Trigger(
                name="clawback_state_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n        PERFORM audit_require('awards.clawback', NEW.id::text, OLD.state, NEW.state);\n        RETURN NULL;\n        ",
                    hash="075610901e63e9dcf033d8a0608ce4e7cc336138",
                    operation="UPDATE",
                    pgid="pgtrigger_clawback_state_audited_996cb",
                    table="awards_clawback",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="clawback",
            trigger=pgtrigger.compiler.Trigger(
                name="clawback_grounds_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (true AND (OLD.award_id IS DISTINCT FROM NEW.award_id OR OLD.amount_cny IS DISTINCT FROM NEW.amount_cny OR OLD.frees_place IS DISTINCT FROM NEW.frees_place OR OLD.reason IS DISTINCT FROM NEW.reason OR OLD.legal_base IS DISTINCT FROM NEW.legal_base OR OLD.due_on IS DISTINCT FROM NEW.due_on OR OLD.drafted_by_id IS DISTINCT FROM NEW.drafted_by_id OR OLD.drafted_at IS DISTINCT FROM NEW.drafted_at))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'clawback_grounds_kept';\n        ",
                    hash="9d4529e5cc19e8f0fc53b54f4ddd3d09c91e3cc4",
                    operation="UPDATE",
                    pgid="pgtrigger_clawback_grounds_kept_73e02",
                    table="awards_clawback",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="repayment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cny__gt", 0), ("reference__gt", "")),
                name="repayment_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="repayment",
            constraint=models.UniqueConstraint(
                fields=("claw_back", "reference"), name="repayment_once"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="repayment",
            trigger=pgtrigger.compiler.Trigger(
                name="repayment_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="0cc2c339469a257db93bbb71cc5a776795711ca8",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_repayment_append_only_487d7",
                    table="awards_repayment",
                    when="BEFORE",
                ),
            ),
        ),
        withhold("DELETE, TRUNCATE", "awards_clawback"),
        withhold("UPDATE, DELETE, TRUNCATE", "awards_repayment"),
    ]
