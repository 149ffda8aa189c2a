"""A line without money ends with its decision: recognised."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    dependencies = [
        ("applications", "0004_inbox_order_and_words"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="application",
            name="application_moves",
        ),
        migrations.AlterField(
            model_name="application",
            name="status",
            field=models.CharField(
                choices=[
                    ("draft", "填报中"),
                    ("handed", "待单位提交"),
                    ("recommendation", "区推荐"),
                    ("returned", "退回修改"),
                    ("formal_check", "形式审查"),
                    ("correction", "补正"),
                    ("joint_review", "会商"),
                    ("expert_review", "专家评审"),
                    ("verification", "核定"),
                    ("selection", "会议遴选"),
                    ("waitlisted", "备选"),
                    ("public_notice", "公示"),
                    ("objection", "异议处理"),
                    ("decision", "待批准"),
                    ("finance", "财政确认"),
                    ("payment", "待拨付"),
                    ("paid", "已拨付"),
                    ("recognised", "已认定"),
                    ("not_recommended", "未推荐"),
                    ("refused", "不予受理"),
                    ("lapsed", "逾期未补正，视为放弃"),
                    ("not_selected", "不支持"),
                    ("cancelled", "已取消"),
                    ("withdrawn", "已撤回"),
                ],
                default="draft",
                max_length=20,
            ),
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:handed,handed:draft,draft:recommendation,draft:formal_check,handed:recommendation,handed:formal_check,recommendation:returned,returned:recommendation,recommendation:formal_check,recommendation:not_recommended,formal_check:correction,correction:formal_check,correction:lapsed,formal_check:refused,joint_review:refused,formal_check:joint_review,formal_check:expert_review,formal_check:verification,formal_check:selection,joint_review:expert_review,joint_review:verification,joint_review:selection,expert_review:verification,expert_review:selection,verification:selection,selection:public_notice,selection:waitlisted,selection:not_selected,waitlisted:public_notice,waitlisted:not_selected,public_notice:objection,objection:public_notice,objection:cancelled,public_notice:decision,decision:finance,decision:recognised,decision:cancelled,finance:payment,payment:paid,paid:payment,recommendation:withdrawn,returned:withdrawn,formal_check:withdrawn,correction:withdrawn,joint_review:withdrawn,expert_review:withdrawn,verification:withdrawn,selection:withdrawn,waitlisted:withdrawn,public_notice:withdrawn,objection:withdrawn,decision:withdrawn,formal_check:recommendation,joint_review:formal_check,expert_review:formal_check,verification:formal_check,selection:formal_check,expert_review:joint_review,verification:joint_review,selection:joint_review}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="41304ff97c908e3c36d22d71cae8cc1a4d3e4ad2",
                    operation="UPDATE",
                    pgid="pgtrigger_application_moves_59aad",
                    table="applications_application",
                    when="BEFORE",
                ),
            ),
        ),
    ]
