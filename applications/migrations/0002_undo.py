"""An officer takes back an act within ten seconds; the database allows the way back for it alone."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0001_schema"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="application",
            name="application_moves",
        ),
        migrations.AddField(
            model_name="letter",
            name="recalled_at",
            field=models.DateTimeField(null=True),
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:handed,handed:draft,draft:recommendation,draft:formal_check,handed:recommendation,handed:formal_check,recommendation:returned,returned:recommendation,recommendation:formal_check,recommendation:not_recommended,formal_check:correction,correction:formal_check,correction:lapsed,formal_check:refused,joint_review:refused,formal_check:joint_review,formal_check:expert_review,formal_check:verification,formal_check:selection,joint_review:expert_review,joint_review:verification,joint_review:selection,expert_review:verification,expert_review:selection,verification:selection,selection:public_notice,selection:waitlisted,selection:not_selected,waitlisted:public_notice,waitlisted:not_selected,public_notice:objection,objection:public_notice,objection:cancelled,public_notice:decision,decision:finance,decision:cancelled,finance:payment,payment:paid,paid:payment,recommendation:withdrawn,returned:withdrawn,formal_check:withdrawn,correction:withdrawn,joint_review:withdrawn,expert_review:withdrawn,verification:withdrawn,selection:withdrawn,waitlisted:withdrawn,public_notice:withdrawn,objection:withdrawn,decision:withdrawn,formal_check:recommendation,joint_review:formal_check,expert_review:formal_check,verification:formal_check,selection:formal_check,expert_review:joint_review,verification:joint_review,selection:joint_review}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="9793a0ebfd76f4fa6cd89d7ad9378f73d65a1407",
                    operation="UPDATE",
                    pgid="pgtrigger_application_moves_59aad",
                    table="applications_application",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_back_by_undo",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))',
                    func="\n                IF (OLD.status, NEW.status) IN (('formal_check', 'recommendation'), ('joint_review', 'formal_check'), ('expert_review', 'formal_check'), ('verification', 'formal_check'), ('selection', 'formal_check'), ('expert_review', 'joint_review'), ('verification', 'joint_review'), ('selection', 'joint_review')) AND NOT EXISTS (\n                  SELECT FROM (\n                    SELECT action, source, target FROM applications_transition\n                     WHERE application_id = NEW.id ORDER BY id DESC LIMIT 1) AS newest\n                   WHERE action = 'undo' AND source = OLD.status AND target = NEW.status) THEN\n                  RAISE EXCEPTION 'a case goes back by an undoing only'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'application_back_by_undo';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="5bd9533f6fbe3c432759892800d371de035ae4a1",
                    operation="UPDATE",
                    pgid="pgtrigger_application_back_by_undo_b0424",
                    table="applications_application",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="transition",
            trigger=pgtrigger.compiler.Trigger(
                name="transition_undone_in_time",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"action\" = 'undo')",
                    func="\n                IF NOT EXISTS (\n                  SELECT FROM (\n                    SELECT * FROM applications_transition\n                     WHERE application_id = NEW.application_id ORDER BY id DESC LIMIT 1) AS undone\n                   WHERE action IN ('recommend', 'return', 'accept', 'ask_correction',\n                                    'conclude_joint_review')\n                     AND source = NEW.target AND target = NEW.source\n                     AND actor_id = NEW.actor_id AND at > portal_now() - interval '10 seconds') THEN\n                  RAISE EXCEPTION 'an act is undone by its actor within ten seconds'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_undone_in_time';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="e4aeefd30d7589022468518f639f51540cf0b2f9",
                    operation="INSERT",
                    pgid="pgtrigger_transition_undone_in_time_5b9a3",
                    table="applications_transition",
                    when="BEFORE",
                ),
            ),
        ),
    ]
