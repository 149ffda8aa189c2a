import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from policy import sql


class Migration(migrations.Migration):
    """More places and texts that are put right, as acts of two people."""

    dependencies = [
        ("policy", "0003_unit_in_charge"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # The trigger names the columns whose type changes.
        pgtrigger.migrations.RemoveTrigger(model_name="callchange", name="callchange_basis_kept"),
        migrations.RemoveConstraint(
            model_name="callchange",
            name="policy_callchange_field_known",
        ),
        migrations.AlterField(
            model_name="callchange",
            name="after",
            field=models.TextField(blank=True, verbose_name="变更后"),
        ),
        migrations.AlterField(
            model_name="callchange",
            name="before",
            field=models.TextField(blank=True, verbose_name="变更前"),
        ),
        migrations.AlterField(
            model_name="callchange",
            name="field",
            field=models.CharField(
                choices=[
                    ("closes_at", "延长截止时间"),
                    ("budget_cny", "追加预算"),
                    ("places", "增加名额"),
                    ("title_zh", "更正标题"),
                    ("title_en", "更正英文标题"),
                    ("guide_zh", "更正申报指南"),
                    ("close", "提前截止"),
                ],
                max_length=12,
                verbose_name="事项",
            ),
        ),
        migrations.AddConstraint(
            model_name="callchange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("after", ""), ("field", "close")),
                    models.Q(
                        (
                            "field__in",
                            [
                                "closes_at",
                                "budget_cny",
                                "places",
                                "title_zh",
                                "title_en",
                                "guide_zh",
                            ],
                        ),
                        models.Q(("after", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="policy_callchange_field_known",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="callchange",
            trigger=pgtrigger.compiler.Trigger(
                name="callchange_basis_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."after" IS DISTINCT FROM (NEW."after") OR OLD."before" IS DISTINCT FROM (NEW."before") OR OLD."call_id" IS DISTINCT FROM (NEW."call_id") OR OLD."drafted_at" IS DISTINCT FROM (NEW."drafted_at") OR OLD."drafted_by_id" IS DISTINCT FROM (NEW."drafted_by_id") OR OLD."field" IS DISTINCT FROM (NEW."field") OR OLD."reason" IS DISTINCT FROM (NEW."reason") OR OLD."uid" IS DISTINCT FROM (NEW."uid"))',
                    func="RAISE EXCEPTION 'what was drafted is not edited' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_callchange_basis_kept';",
                    hash="099e18655eca84a065a8ce6fe31689ecb9723faf",
                    operation="UPDATE",
                    pgid="pgtrigger_callchange_basis_kept_2b7b4",
                    table="policy_callchange",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(sql.MORE_CHANGES, sql.DROP_MORE_CHANGES),
    ]
