import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.grants import withhold


class Migration(migrations.Migration):
    """Grants of the time before the portal, entered and approved by two people."""

    dependencies = [
        ("accounts", "0002_search_and_sharing"),
        ("awards", "0002_recognised"),
        ("policy", "0005_parts_of_the_document"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Opening",
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
                ("subjects", models.JSONField(blank=True, default=dict)),
                ("year", models.PositiveSmallIntegerField()),
                ("document_no", models.CharField(max_length=120)),
                ("granted_on", models.DateField()),
                ("amount_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("places", models.PositiveSmallIntegerField(default=0)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待复核"),
                            ("approved", "已记入台账"),
                            ("dropped", "未记入"),
                        ],
                        default="drafted",
                        max_length=10,
                    ),
                ),
                ("drafted_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_note", models.CharField(blank=True, max_length=500)),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.definition",
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
                    "entry",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="opening",
                        to="awards.entry",
                    ),
                ),
                (
                    "measure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="openings",
                        to="policy.measure",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="openings",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["-drafted_at", "uid"], name="opening_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "approved"), _negated=True),
                            models.Q(("settled_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="opening_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("entry__isnull", True),
                                ("settled_by__isnull", True),
                                ("state", "drafted"),
                            ),
                            models.Q(
                                ("entry__isnull", False),
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                                ("state", "approved"),
                            ),
                            models.Q(
                                ("entry__isnull", True),
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                                ("settled_note__gt", ""),
                                ("state", "dropped"),
                            ),
                            _connector="OR",
                        ),
                        name="opening_settled_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_cny__gte", 0),
                            ("places__lte", 1),
                            models.Q(("amount_cny__gt", 0), ("places__gt", 0), _connector="OR"),
                        ),
                        name="opening_counts_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("document_no__gt", "")), name="opening_with_document"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "dropped"), _negated=True),
                        fields=("measure", "organisation", "document_no", "subjects"),
                        name="opening_once",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="opening",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_starts_drafted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"state\" = 'drafted'))",
                    func="\n        RAISE EXCEPTION 'it starts as drafted'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'opening_starts_drafted';\n        ",
                    hash="301b90f09c3b1cecf712ebf85d15e47f1f2e54f4",
                    operation="INSERT",
                    pgid="pgtrigger_opening_starts_drafted_cd585",
                    table="awards_opening",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="opening",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_state_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n        PERFORM audit_require('awards.opening', NEW.id::text, OLD.state, NEW.state);\n        RETURN NULL;\n        ",
                    hash="765b55683e4f997c38afdff51fecb76c0951a622",
                    operation="UPDATE",
                    pgid="pgtrigger_opening_state_audited_3e215",
                    table="awards_opening",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="opening",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_basis_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (true AND (OLD.measure_id IS DISTINCT FROM NEW.measure_id OR OLD.definition_id IS DISTINCT FROM NEW.definition_id OR OLD.organisation_id IS DISTINCT FROM NEW.organisation_id OR OLD.subjects IS DISTINCT FROM NEW.subjects OR OLD.year IS DISTINCT FROM NEW.year OR OLD.document_no IS DISTINCT FROM NEW.document_no OR OLD.granted_on IS DISTINCT FROM NEW.granted_on OR OLD.amount_cny IS DISTINCT FROM NEW.amount_cny OR OLD.places IS DISTINCT FROM NEW.places OR OLD.note IS DISTINCT FROM NEW.note OR OLD.drafted_by_id IS DISTINCT FROM NEW.drafted_by_id OR OLD.drafted_at IS DISTINCT FROM NEW.drafted_at))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'opening_basis_kept';\n        ",
                    hash="6b6e94483817776c8ecc69779c72af3faa674c54",
                    operation="UPDATE",
                    pgid="pgtrigger_opening_basis_kept_56eb6",
                    table="awards_opening",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="opening",
            trigger=pgtrigger.compiler.Trigger(
                name="opening_settled_once",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.state <> 'drafted' AND (OLD.state IS DISTINCT FROM NEW.state OR OLD.entry_id IS DISTINCT FROM NEW.entry_id))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'opening_settled_once';\n        ",
                    hash="38531d0595b05154aab2c68c618690830745484d",
                    operation="UPDATE",
                    pgid="pgtrigger_opening_settled_once_832c2",
                    table="awards_opening",
                    when="BEFORE",
                ),
            ),
        ),
        withhold("DELETE, TRUNCATE", "awards_opening"),
    ]
