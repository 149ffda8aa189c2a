"""Lists of organisations that a lead unit nominates without an application."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0005_parts_of_the_document"),
        ("reviews", "0002_undo"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Nomination",
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
                ("basis", models.CharField(max_length=300, verbose_name="数据来源")),
                ("rows", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待签发"),
                            ("released", "已签发"),
                            ("discarded", "已作废"),
                        ],
                        default="drafted",
                        max_length=10,
                    ),
                ),
                ("drafted_at", models.DateTimeField()),
                ("released_at", models.DateTimeField(null=True)),
                ("discarded_note", models.CharField(blank=True, max_length=500)),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="nominations",
                        to="policy.call",
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
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["call", "-id"], name="nomination_of_call")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(("released_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="nomination_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "released"), _negated=True),
                            models.Q(
                                ("released_at__isnull", False), ("released_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="nomination_released_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "discarded"), _negated=True),
                            ("discarded_note__gt", ""),
                            _connector="OR",
                        ),
                        name="nomination_discarded_with_note",
                    ),
                ],
            },
        ),
        AddTrigger(
            model_name="nomination",
            trigger=pgtrigger.compiler.Trigger(
                name="nomination_states",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{drafted:released,drafted:discarded}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="bf786edfa5c858a32af8096131b17838969007a8",
                    operation="UPDATE",
                    pgid="pgtrigger_nomination_states_a8f8f",
                    table="reviews_nomination",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="nomination",
            trigger=pgtrigger.compiler.Trigger(
                name="nomination_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.state <> 'drafted' AND (OLD.rows, OLD.basis, OLD.call_id) IS DISTINCT FROM (NEW.rows, NEW.basis, NEW.call_id))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="fa9d7a413d26842d395c0b33c11909433d6393b6",
                    operation="UPDATE",
                    pgid="pgtrigger_nomination_kept_bbf18",
                    table="reviews_nomination",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="nomination",
            trigger=pgtrigger.compiler.Trigger(
                name="nomination_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('reviews.nomination', NEW.id::text, OLD.state, NEW.state);\n                RETURN NULL;\n                ",
                    hash="ec98fcd8e4d490c5e46071accba9cd646c68e064",
                    operation="UPDATE",
                    pgid="pgtrigger_nomination_audited_701a6",
                    table="reviews_nomination",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
    ]
