"""Questions on calls, and the limit that a call sets for their answers."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.grants import withhold
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_schema"),
        ("policy", "0001_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Question",
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
                ("asked_at", models.DateTimeField(verbose_name="提问时间")),
                ("text", models.CharField(max_length=1000, verbose_name="问题")),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="答复期限")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("asked", "待答复"),
                            ("drafted", "待审签"),
                            ("public", "已公开答复"),
                            ("private", "已单独答复"),
                            ("merged", "已并入"),
                            ("declined", "不予答复"),
                        ],
                        default="asked",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "public_text",
                    models.CharField(blank=True, max_length=1000, verbose_name="公开的问题"),
                ),
                ("answer", models.CharField(blank=True, max_length=3000, verbose_name="答复")),
                ("answered_at", models.DateTimeField(null=True, verbose_name="答复时间")),
                ("approved_at", models.DateTimeField(null=True, verbose_name="公开时间")),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="理由")),
                ("pinned", models.BooleanField(default=False, verbose_name="置顶")),
                ("revision", models.PositiveIntegerField(default=1)),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="call",
            name="call_pinned",
        ),
        migrations.AddField(
            model_name="call",
            name="question_workdays",
            field=models.PositiveSmallIntegerField(
                blank=True, null=True, verbose_name="答疑期限（工作日）"
            ),
        ),
        AddTrigger(
            model_name="call",
            trigger=pgtrigger.compiler.Trigger(
                name="call_pinned",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status <> 'draft' AND (OLD.uid IS DISTINCT FROM NEW.uid OR OLD.code IS DISTINCT FROM NEW.code OR OLD.measure_id IS DISTINCT FROM NEW.measure_id OR OLD.definition_id IS DISTINCT FROM NEW.definition_id OR OLD.year IS DISTINCT FROM NEW.year OR OLD.opens_at IS DISTINCT FROM NEW.opens_at OR OLD.settings IS DISTINCT FROM NEW.settings OR OLD.question_workdays IS DISTINCT FROM NEW.question_workdays OR OLD.drafted_by_id IS DISTINCT FROM NEW.drafted_by_id OR OLD.published_by_id IS DISTINCT FROM NEW.published_by_id OR OLD.published_at IS DISTINCT FROM NEW.published_at OR OLD.created_at IS DISTINCT FROM NEW.created_at))",
                    func="RAISE EXCEPTION 'what publication fixed is not edited' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_call_pinned';",
                    hash="6d6fe0b7064e12b084451acdc73d79754cd30311",
                    operation="UPDATE",
                    pgid="pgtrigger_call_pinned_311bc",
                    table="policy_call",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="call",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("question_workdays__isnull", True),
                    ("question_workdays__gte", 1),
                    _connector="OR",
                ),
                name="policy_call_question_workdays_positive",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="answered_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="答复人",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="审签人",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="提问人",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="call",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="questions",
                to="policy.call",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="merged_into",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="merged",
                to="policy.question",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="organisation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organisation",
            ),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(
                condition=models.Q(("state", "public")),
                fields=["call", "-pinned", "-approved_at", "uid"],
                name="policy_question_public",
            ),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(fields=["organisation", "call"], name="policy_question_own"),
        ),
        migrations.AddIndex(
            model_name="question",
            index=models.Index(
                condition=models.Q(("state__in", ["asked", "drafted"])),
                fields=["call", "state"],
                name="policy_question_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["asked", "drafted", "public", "private", "merged", "declined"])
                ),
                name="policy_question_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(("text__regex", "\\S")), name="policy_question_text_given"
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by__isnull", True),
                    models.Q(("approved_by", models.F("answered_by")), _negated=True),
                    _connector="OR",
                ),
                name="policy_question_second_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["drafted", "public"]), _negated=True),
                    models.Q(
                        ("answer__regex", "\\S"),
                        ("answered_by__isnull", False),
                        ("public_text__regex", "\\S"),
                    ),
                    _connector="OR",
                ),
                name="policy_question_draft_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("answered_by__isnull", False),
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        ("state", "public"),
                    ),
                    models.Q(
                        models.Q(("state", "public"), _negated=True),
                        ("approved_at__isnull", True),
                        ("approved_by__isnull", True),
                        ("pinned", False),
                    ),
                    _connector="OR",
                ),
                name="policy_question_approved_if_public",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "private"), _negated=True),
                    models.Q(
                        ("answer__regex", "\\S"),
                        ("answered_by__isnull", False),
                        ("public_text", ""),
                    ),
                    _connector="OR",
                ),
                name="policy_question_private_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("merged_into__isnull", False), ("state", "merged")),
                    models.Q(
                        models.Q(("state", "merged"), _negated=True), ("merged_into__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="policy_question_merged_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "declined"), _negated=True),
                    ("note__regex", "\\S"),
                    _connector="OR",
                ),
                name="policy_question_declined_with_reason",
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{asked:drafted,asked:private,asked:merged,asked:declined,drafted:asked,drafted:public,public:asked}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="e57d516983a582713d32f965daf7fa7570f75fb0",
                    operation="UPDATE",
                    pgid="pgtrigger_question_state_bf1d7",
                    table="policy_question",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_starts_asked",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.\"state\" IS DISTINCT FROM 'asked')",
                    func="RAISE EXCEPTION 'a question starts as asked' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_question_starts_asked';",
                    hash="a66913d5a548fb769c350ce4e2642c27008dd6f9",
                    operation="INSERT",
                    pgid="pgtrigger_question_starts_asked_65f8e",
                    table="policy_question",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_kept_as_asked",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."asked_at" IS DISTINCT FROM (NEW."asked_at") OR OLD."asked_by_id" IS DISTINCT FROM (NEW."asked_by_id") OR OLD."call_id" IS DISTINCT FROM (NEW."call_id") OR OLD."organisation_id" IS DISTINCT FROM (NEW."organisation_id") OR OLD."text" IS DISTINCT FROM (NEW."text") OR OLD."uid" IS DISTINCT FROM (NEW."uid"))',
                    func="RAISE EXCEPTION 'what was asked is not edited' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_question_kept_as_asked';",
                    hash="68793e54cf05c13cc78c5a50b1079f1807dd9229",
                    operation="UPDATE",
                    pgid="pgtrigger_question_kept_as_asked_4bba9",
                    table="policy_question",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_kept_as_signed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.state = 'public' AND (OLD.public_text IS DISTINCT FROM NEW.public_text OR OLD.answer IS DISTINCT FROM NEW.answer OR OLD.answered_by_id IS DISTINCT FROM NEW.answered_by_id OR OLD.answered_at IS DISTINCT FROM NEW.answered_at OR (OLD.state = 'public' AND (OLD.approved_by_id IS DISTINCT FROM NEW.approved_by_id OR OLD.approved_at IS DISTINCT FROM NEW.approved_at))))",
                    func="RAISE EXCEPTION 'a public answer is not edited' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_question_kept_as_signed';",
                    hash="f8c5164cb2375100c7e60d1251d7f9aab6eba698",
                    operation="UPDATE",
                    pgid="pgtrigger_question_kept_as_signed_620e1",
                    table="policy_question",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_merged_into_public",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.merged_into_id IS NOT NULL AND OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id)",
                    func="\n                PERFORM 1 FROM policy_question\n                  WHERE id = NEW.merged_into_id AND call_id = NEW.call_id AND state = 'public';\n                IF NOT FOUND THEN\n                  RAISE EXCEPTION 'a question is merged into a public one of its call'\n                    USING ERRCODE = 'integrity_constraint_violation',\n                          CONSTRAINT = 'policy_question_merged_into_public';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="901ee8d3c9eb59e7b48b468ba027b74cec7510b0",
                    operation="UPDATE",
                    pgid="pgtrigger_question_merged_into_public_8614d",
                    table="policy_question",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_asked_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('policy.question', NEW.id::text, '', NEW.state);\n                RETURN NULL;\n                ",
                    hash="edb7761cc49f4769a782356ab61717cc93c93fa3",
                    operation="INSERT",
                    pgid="pgtrigger_question_asked_audited_891e6",
                    table="policy_question",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="question",
            trigger=pgtrigger.compiler.Trigger(
                name="question_move_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('policy.question', NEW.id::text, OLD.state, NEW.state);\n                RETURN NULL;\n                ",
                    hash="d3bff70bc85b82af79e0a126e6ad50ea000a1fd9",
                    operation="UPDATE",
                    pgid="pgtrigger_question_move_audited_9fc1c",
                    table="policy_question",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        withhold("DELETE", "policy_question"),
    ]
