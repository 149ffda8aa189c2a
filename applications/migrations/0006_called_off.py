"""A case may be called off after its decision, before anything is paid."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0005_recognised"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="application",
            name="application_moves",
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:handed,handed:draft,draft:recommendation,draft:formal_check,handed:recommendation,handed:formal_check,recommendation:returned,returned:recommendation,recommendation:formal_check,recommendation:not_recommended,formal_check:correction,correction:formal_check,correction:lapsed,formal_check:refused,joint_review:refused,formal_check:joint_review,formal_check:expert_review,formal_check:verification,formal_check:selection,joint_review:expert_review,joint_review:verification,joint_review:selection,expert_review:verification,expert_review:selection,verification:selection,selection:public_notice,selection:waitlisted,selection:not_selected,waitlisted:public_notice,waitlisted:not_selected,public_notice:objection,objection:public_notice,objection:cancelled,public_notice:decision,decision:finance,decision:recognised,decision:cancelled,finance:cancelled,payment:cancelled,recognised:cancelled,finance:payment,payment:paid,paid:payment,recommendation:withdrawn,returned:withdrawn,formal_check:withdrawn,correction:withdrawn,joint_review:withdrawn,expert_review:withdrawn,verification:withdrawn,selection:withdrawn,waitlisted:withdrawn,public_notice:withdrawn,objection:withdrawn,decision:withdrawn,formal_check:recommendation,joint_review:formal_check,expert_review:formal_check,verification:formal_check,selection:formal_check,expert_review:joint_review,verification:joint_review,selection:joint_review}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="f799f3b1038c73207e5d946ed00d9f6f2cbcce60",
                    operation="UPDATE",
                    pgid="pgtrigger_application_moves_59aad",
                    table="applications_application",
                    when="BEFORE",
                ),
            ),
        ),
    ]
