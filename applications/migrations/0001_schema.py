"""The tables as they stood when the migrations were put together, one for each app."""

import django.db.models.constraints
import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.grants import withhold
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    replaces = [
        ("applications", "0001_initial"),
        ("applications", "0002_grants"),
        ("applications", "0003_refused_after_joint_review"),
        ("applications", "0004_one_live_case_invoice_columns"),
        ("applications", "0005_bounced_payment"),
    ]

    initial = True

    dependencies = [
        ("audit", "0001_schema"),
        ("accounts", "0001_schema"),
        ("files", "0001_schema"),
        ("policy", "0001_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Numbering",
            fields=[
                ("series", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="Application",
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
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="policy.call",
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="policy.definition",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="applications",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "district",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                ("title", models.CharField(blank=True, max_length=60, verbose_name="项目名称")),
                (
                    "number",
                    models.CharField(
                        max_length=40, null=True, unique=True, verbose_name="申报编号"
                    ),
                ),
                (
                    "status",
                    models.CharField(
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
                ("revision", models.PositiveIntegerField(default=1)),
                ("ordinal", models.PositiveSmallIntegerField(default=1)),
                (
                    "started_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                ("stage_started_at", models.DateTimeField()),
                ("claimed_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("asked_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("computed_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("capped_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("verified_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                (
                    "recommended_cny",
                    models.DecimalField(decimal_places=2, max_digits=14, null=True),
                ),
                ("approved_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("paid_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("computation", models.JSONField(default=dict)),
                (
                    "holder_unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                ("due_on", models.DateField(null=True)),
                ("due_provisional", models.BooleanField(default=False)),
                ("due_waiting", models.JSONField(null=True)),
                ("next_stage", models.CharField(blank=True, max_length=20)),
                ("correction_round", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["holder_unit", "due_on", "id"], name="application_inbox"),
                    models.Index(
                        fields=["organisation", "-id"], name="application_of_organisation"
                    ),
                    models.Index(fields=["call", "status"], name="application_of_call"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            (
                                "status__in",
                                [
                                    "cancelled",
                                    "lapsed",
                                    "not_recommended",
                                    "not_selected",
                                    "refused",
                                    "withdrawn",
                                ],
                            ),
                            _negated=True,
                        ),
                        fields=("call", "organisation", "ordinal"),
                        name="application_live_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("number__isnull", True), ("submitted_at__isnull", True)),
                            models.Q(("number__isnull", False), ("submitted_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="application_number_at_submission",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["draft", "handed"]),
                            models.Q(("asked_cny__isnull", False), ("number__isnull", False)),
                            _connector="OR",
                        ),
                        name="application_submitted_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("asked_cny__isnull", True), ("asked_cny__gte", 0), _connector="OR"
                        ),
                        name="application_asked_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("capped_cny__isnull", True),
                            ("capped_cny__lte", models.F("computed_cny")),
                            _connector="OR",
                        ),
                        name="application_capped_within_computed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_cny__isnull", True),
                            ("verified_cny__lte", models.F("claimed_cny")),
                            _connector="OR",
                        ),
                        name="application_verified_within_claimed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("recommended_cny__isnull", True),
                            ("recommended_cny__lte", models.F("capped_cny")),
                            _connector="OR",
                        ),
                        name="application_recommended_within_capped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_cny__isnull", True),
                            ("approved_cny__lte", models.F("recommended_cny")),
                            _connector="OR",
                        ),
                        name="application_approved_within_recommended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paid_cny__isnull", True),
                            ("paid_cny__lte", models.F("approved_cny")),
                            _connector="OR",
                        ),
                        name="application_paid_within_approved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="applications.application",
                    ),
                ),
                ("section", models.CharField(max_length=40)),
                ("data", models.JSONField(default=dict)),
                ("revision", models.PositiveIntegerField(default=0)),
                ("touched", models.JSONField(default=dict)),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("updated_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("application", "section"), name="answer_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Attachment",
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
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="applications.application",
                    ),
                ),
                ("slot", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=255)),
                (
                    "blob",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
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
                ("uploaded_at", models.DateTimeField()),
                (
                    "removed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("removed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["application", "slot"], name="attachment_slot")],
            },
        ),
        migrations.CreateModel(
            name="Correction",
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
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="applications.application",
                    ),
                ),
                ("round", models.PositiveSmallIntegerField()),
                ("flagged", models.JSONField()),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("due_on", models.DateField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("differences", models.JSONField(default=list)),
            ],
            options={
                "ordering": ["application", "round"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("application", "round"), name="correction_round"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
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
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invoices",
                        to="applications.application",
                    ),
                ),
                ("position", models.PositiveIntegerField()),
                ("raw", models.JSONField(default=dict)),
                ("problems", models.JSONField(default=dict)),
                ("valid", models.BooleanField(default=False)),
                ("revision", models.PositiveIntegerField(default=1)),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("updated_at", models.DateTimeField(null=True)),
                ("category", models.CharField(blank=True, max_length=20)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("specification", models.CharField(blank=True, max_length=120)),
                ("quantity", models.DecimalField(decimal_places=4, max_digits=16, null=True)),
                ("seller", models.CharField(blank=True, max_length=120)),
                ("seller_uscc", models.CharField(blank=True, max_length=18)),
                ("contract_no", models.CharField(blank=True, max_length=60)),
                ("invoice_no", models.CharField(blank=True, max_length=40)),
                ("invoice_date", models.DateField(null=True)),
                ("net_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("tax_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("gross_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("paid_on", models.DateField(null=True)),
                ("voucher_no", models.CharField(blank=True, max_length=60)),
                ("related_party", models.BooleanField(null=True)),
                ("fiscal_percent", models.DecimalField(decimal_places=2, max_digits=5, null=True)),
                ("verified_cny", models.DecimalField(decimal_places=2, max_digits=14, null=True)),
                ("reduction_reason", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ["position"],
                "indexes": [models.Index(fields=["invoice_no"], name="invoice_number")],
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("application", "position"),
                        name="invoice_position",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid", False),
                            (
                                "gross_cny",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("net_cny"), "+", models.F("tax_cny")
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="invoice_gross_is_net_plus_tax",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid", False),
                            models.Q(
                                ("category__gt", ""),
                                ("fiscal_percent__isnull", False),
                                ("gross_cny__isnull", False),
                                ("invoice_date__isnull", False),
                                ("invoice_no__gt", ""),
                                ("net_cny__isnull", False),
                                ("related_party__isnull", False),
                                ("tax_cny__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="invoice_valid_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fiscal_percent__isnull", True),
                            models.Q(("fiscal_percent__gte", 0), ("fiscal_percent__lte", 100)),
                            _connector="OR",
                        ),
                        name="invoice_fiscal_percent_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_cny__isnull", True),
                            models.Q(
                                ("verified_cny__gte", 0),
                                ("verified_cny__lte", models.F("gross_cny")),
                            ),
                            _connector="OR",
                        ),
                        name="invoice_verified_within_gross",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("valid", True)),
                        fields=("application", "invoice_no"),
                        name="invoice_once_per_application",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
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
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="applications.application",
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("number", models.CharField(max_length=60, unique=True)),
                ("subject", models.CharField(max_length=200)),
                ("body", models.TextField()),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                (
                    "issued_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("issued_at", models.DateTimeField()),
                (
                    "pdf",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["application", "id"], name="letter_of_application")
                ],
            },
        ),
        migrations.CreateModel(
            name="Party",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parties",
                        to="applications.application",
                    ),
                ),
                (
                    "part",
                    models.CharField(
                        choices=[
                            ("district", "推荐单位"),
                            ("lead", "牵头单位"),
                            ("co_unit", "配合单位"),
                            ("expert", "评审专家"),
                            ("finance", "财政部门"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("since", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["unit", "application"], name="party_of_unit"),
                    models.Index(fields=["user", "application"], name="party_of_user"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("part", "expert"), ("unit__isnull", True), ("user__isnull", False)
                            ),
                            models.Q(
                                models.Q(("part", "expert"), _negated=True),
                                ("unit__isnull", False),
                                ("user__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="party_unit_or_expert",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("application", "part", "unit", "user"),
                        name="party_once",
                        nulls_distinct=False,
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Submission",
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
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="applications.application",
                    ),
                ),
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("action", models.CharField(default="submit", max_length=20)),
                ("arrived_at", models.DateTimeField()),
                ("received_at", models.DateTimeField()),
                (
                    "submitted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("snapshot", models.JSONField()),
                ("sha256", models.CharField(max_length=64)),
                ("idempotency_key", models.CharField(max_length=64, unique=True)),
                ("request_sha256", models.CharField(max_length=64)),
                (
                    "receipt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
                    ),
                ),
                (
                    "form",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
                    ),
                ),
            ],
            options={
                "ordering": ["application", "round"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("application", "round"), name="submission_round"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TableRow",
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
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="table_rows",
                        to="applications.application",
                    ),
                ),
                ("table", models.CharField(max_length=40)),
                ("position", models.PositiveIntegerField()),
                ("data", models.JSONField(default=dict)),
                ("revision", models.PositiveIntegerField(default=1)),
                (
                    "updated_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("updated_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["table", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                        fields=("application", "table", "position"),
                        name="tablerow_position",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Transition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transitions",
                        to="applications.application",
                    ),
                ),
                ("action", models.CharField(max_length=40)),
                ("source", models.CharField(max_length=20)),
                ("target", models.CharField(max_length=20)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("note", models.TextField(blank=True)),
                ("public_note", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["application", "id"], name="transition_history")],
            },
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:handed,handed:draft,draft:recommendation,draft:formal_check,handed:recommendation,handed:formal_check,recommendation:returned,returned:recommendation,recommendation:formal_check,recommendation:not_recommended,formal_check:correction,correction:formal_check,correction:lapsed,formal_check:refused,joint_review:refused,formal_check:joint_review,formal_check:expert_review,formal_check:verification,formal_check:selection,joint_review:expert_review,joint_review:verification,joint_review:selection,expert_review:verification,expert_review:selection,verification:selection,selection:public_notice,selection:waitlisted,selection:not_selected,waitlisted:public_notice,waitlisted:not_selected,public_notice:objection,objection:public_notice,objection:cancelled,public_notice:decision,decision:finance,decision:cancelled,finance:payment,payment:paid,paid:payment,recommendation:withdrawn,returned:withdrawn,formal_check:withdrawn,correction:withdrawn,joint_review:withdrawn,expert_review:withdrawn,verification:withdrawn,selection:withdrawn,waitlisted:withdrawn,public_notice:withdrawn,objection:withdrawn,decision:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="f4df802db57f08debe8c2f1c3cde5f04f6e75770",
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
                name="application_move_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))',
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require(\n                  'applications.application', NEW.id::text, OLD.status, NEW.status);\n                RETURN NULL;\n                ",
                    hash="e589aa4ec01a86b8c090ffce1bd8d659aad3c56c",
                    operation="UPDATE",
                    pgid="pgtrigger_application_move_audited_3d85c",
                    table="applications_application",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_starts_as_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"status\" = 'draft'))",
                    func="\n                RAISE EXCEPTION 'an application starts as a draft'\n                  USING ERRCODE = 'check_violation', CONSTRAINT = 'application_starts_as_draft';\n                ",
                    hash="a495e30c285f37c4f20aa0067a3608b1280a0913",
                    operation="INSERT",
                    pgid="pgtrigger_application_starts_as_draft_9ee24",
                    table="applications_application",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="application",
            trigger=pgtrigger.compiler.Trigger(
                name="application_number_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."number" IS NOT NULL AND (OLD."number" IS DISTINCT FROM (NEW."number") OR OLD."definition_id" IS DISTINCT FROM (NEW."definition_id")))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="f4bc35eccb50ea90b4dc85dc66159476b09fbfd1",
                    operation="UPDATE",
                    pgid="pgtrigger_application_number_kept_26192",
                    table="applications_application",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="submission",
            trigger=pgtrigger.compiler.Trigger(
                name="submission_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="5300c3b7ba3747be7cdccbadf87403b502767c85",
                    operation="DELETE",
                    pgid="pgtrigger_submission_not_deleted_34788",
                    table="applications_submission",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="submission",
            trigger=pgtrigger.compiler.Trigger(
                name="submission_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."action" IS DISTINCT FROM (NEW."action") OR OLD."application_id" IS DISTINCT FROM (NEW."application_id") OR OLD."arrived_at" IS DISTINCT FROM (NEW."arrived_at") OR OLD."idempotency_key" IS DISTINCT FROM (NEW."idempotency_key") OR OLD."received_at" IS DISTINCT FROM (NEW."received_at") OR OLD."request_sha256" IS DISTINCT FROM (NEW."request_sha256") OR OLD."round" IS DISTINCT FROM (NEW."round") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."snapshot" IS DISTINCT FROM (NEW."snapshot") OR OLD."submitted_by_id" IS DISTINCT FROM (NEW."submitted_by_id"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6ad8ef44cf71593baa21e2295f03e11adf31b958",
                    operation="UPDATE",
                    pgid="pgtrigger_submission_frozen_9700a",
                    table="applications_submission",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="transition",
            trigger=pgtrigger.compiler.Trigger(
                name="transition_append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="96ae6c17b207d446d2be3f78d84fdd55efb348a6",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_transition_append_only_d76ac",
                    table="applications_transition",
                    when="BEFORE",
                ),
            ),
        ),
        withhold("UPDATE, DELETE, TRUNCATE", "applications_transition"),
        withhold("DELETE, TRUNCATE", "applications_submission", "applications_letter"),
    ]
