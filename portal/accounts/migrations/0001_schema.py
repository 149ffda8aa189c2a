"""The tables as they stood when the migrations were put together, one for each app."""

import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.grants import withhold
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_guards_and_one_organisation"),
        ("accounts", "0003_invitations_and_attempts"),
    ]

    initial = True

    dependencies = [
        ("audit", "0001_schema"),
        ("files", "0001_schema"),
    ]

    operations = [
        migrations.CreateModel(
            name="SignInAttempts",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("last_at", models.DateTimeField()),
                ("locked_until", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name_zh", models.CharField(max_length=60, unique=True)),
                ("name_en", models.CharField(max_length=120)),
                ("short_zh", models.CharField(blank=True, max_length=30)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("bureau", "市政府部门"),
                            ("party_organ", "市委部门"),
                            ("court", "法院"),
                            ("procuratorate", "检察院"),
                            ("district", "区"),
                            ("state_group", "市属国有集团"),
                            ("central_bank", "人民银行分支机构"),
                            ("customs", "海关"),
                            ("arbitration", "仲裁机构"),
                            ("other", "其他"),
                        ],
                        max_length=20,
                    ),
                ),
                ("division", models.CharField(blank=True, max_length=60, verbose_name="承办处室")),
                (
                    "service_phone",
                    models.CharField(blank=True, max_length=30, verbose_name="服务电话"),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "ordering": ["position", "code"],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "uid",
                    models.CharField(
                        default=portal.ids.new_uid, editable=False, max_length=12, unique=True
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="电子邮箱")),
                ("name", models.CharField(max_length=60, verbose_name="姓名")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="手机")),
                ("is_active", models.BooleanField(default=True, verbose_name="启用")),
                ("date_joined", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"), name="user_email_ci"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Organisation",
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
                ("name", models.CharField(max_length=120, verbose_name="单位名称")),
                ("sort_key", models.CharField(blank=True, editable=False, max_length=400)),
                (
                    "uscc",
                    models.CharField(max_length=18, unique=True, verbose_name="统一社会信用代码"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("enterprise", "企业"),
                            ("university", "高校"),
                            ("institute", "科研院所"),
                            ("hospital", "医疗卫生机构"),
                            ("new_rd", "新型研发机构"),
                            ("association", "社会组织"),
                            ("park", "园区"),
                            ("bank", "金融机构"),
                            ("insurer", "保险机构"),
                            ("agency", "科技服务机构"),
                        ],
                        max_length=20,
                        verbose_name="单位性质",
                    ),
                ),
                (
                    "district",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="organisations",
                        to="accounts.unit",
                        verbose_name="注册地区",
                    ),
                ),
                ("founded_on", models.DateField(blank=True, null=True, verbose_name="成立日期")),
                ("address", models.CharField(blank=True, max_length=200, verbose_name="注册地址")),
                (
                    "legal_representative",
                    models.CharField(blank=True, max_length=60, verbose_name="法定代表人"),
                ),
                (
                    "contact_name",
                    models.CharField(blank=True, max_length=60, verbose_name="联系人"),
                ),
                (
                    "contact_phone",
                    models.CharField(blank=True, max_length=20, verbose_name="联系手机"),
                ),
                (
                    "bank_account_name",
                    models.CharField(blank=True, max_length=120, verbose_name="开户名"),
                ),
                ("bank_name", models.CharField(blank=True, max_length=120, verbose_name="开户行")),
                ("bank_account", models.CharField(blank=True, max_length=40, verbose_name="账号")),
                ("bank_code", models.CharField(blank=True, max_length=12, verbose_name="联行号")),
                (
                    "registered_capital_cny",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=18,
                        null=True,
                        verbose_name="注册资本",
                    ),
                ),
                (
                    "revenue_cny",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=18,
                        null=True,
                        verbose_name="上年营业收入",
                    ),
                ),
                (
                    "rd_expense_cny",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=18,
                        null=True,
                        verbose_name="上年研发费用",
                    ),
                ),
                (
                    "staff_count",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="职工人数"),
                ),
                (
                    "rd_staff_count",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="研发人员数"),
                ),
                (
                    "hightech_number",
                    models.CharField(blank=True, max_length=40, verbose_name="高新技术企业证书号"),
                ),
                (
                    "hightech_until",
                    models.DateField(blank=True, null=True, verbose_name="高企有效期至"),
                ),
                (
                    "specialised",
                    models.CharField(blank=True, max_length=60, verbose_name="专精特新资质"),
                ),
                (
                    "licence",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
                        verbose_name="法人证照",
                    ),
                ),
                ("licence_name", models.CharField(blank=True, max_length=255)),
                (
                    "authorisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="files.blob",
                        verbose_name="授权书",
                    ),
                ),
                ("authorisation_name", models.CharField(blank=True, max_length=255)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "待核验"),
                            ("verified", "已核验"),
                            ("returned", "已退回"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("status_note", models.CharField(blank=True, max_length=500)),
                (
                    "registered_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("registered_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                (
                    "verified_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("verified_at", models.DateTimeField(null=True)),
                ("due_on", models.DateField(null=True)),
                ("updated_at", models.DateTimeField()),
                ("revision", models.PositiveIntegerField(default=1)),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["district", "status", "registered_at"], name="organisation_queue"
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("uscc__regex", "^[0-9A-HJ-NP-RTUW-Y]{18}$")),
                        name="organisation_uscc_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rd_staff_count__isnull", True),
                            ("staff_count__isnull", True),
                            ("rd_staff_count__lte", models.F("staff_count")),
                            _connector="OR",
                        ),
                        name="organisation_rd_staff_within_staff",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "verified"), _negated=True),
                            models.Q(
                                ("verified_at__isnull", False), ("verified_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="organisation_verified_by_someone",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_by__isnull", True),
                            models.Q(("verified_by", models.F("registered_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="organisation_verified_by_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
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
                ("email", models.EmailField(max_length=254, verbose_name="电子邮箱")),
                ("name", models.CharField(blank=True, max_length=60, verbose_name="姓名")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="手机")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("filler", "填报人"),
                            ("org_admin", "单位管理员"),
                            ("clerk", "经办人"),
                            ("head", "处室负责人"),
                            ("finance", "财政经办"),
                            ("finance_head", "财政负责人"),
                            ("expert", "评审专家"),
                            ("evaluator", "第三方评估机构"),
                            ("policy_admin", "政策管理员"),
                            ("account_admin", "账户管理员"),
                            ("auditor", "审计员"),
                        ],
                        max_length=20,
                        verbose_name="角色",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="accounts.organisation",
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
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("invited_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("mailed_at", models.DateTimeField(null=True)),
                ("accepted_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("revoked_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organisation", "-id"], name="invitation_of_organisation")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("organisation__isnull", False),
                                ("role__in", ["filler", "org_admin"]),
                                ("unit__isnull", True),
                            ),
                            models.Q(
                                ("organisation__isnull", True),
                                ("role__in", ["clerk", "finance", "finance_head", "head"]),
                                ("unit__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "role__in",
                                        [
                                            "clerk",
                                            "filler",
                                            "finance",
                                            "finance_head",
                                            "head",
                                            "org_admin",
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("organisation__isnull", True),
                                ("unit__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="invitation_scope_fits_role",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at__isnull", True), ("accepted_by__isnull", True)),
                            models.Q(
                                ("accepted_at__isnull", False),
                                ("accepted_by__isnull", False),
                                ("revoked_at__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="invitation_accepted_by_someone",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        models.F("role"),
                        django.db.models.functions.comparison.Coalesce("organisation", 0),
                        django.db.models.functions.comparison.Coalesce("unit", 0),
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("revoked_at__isnull", True)
                        ),
                        name="invitation_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
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
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("filler", "填报人"),
                            ("org_admin", "单位管理员"),
                            ("clerk", "经办人"),
                            ("head", "处室负责人"),
                            ("finance", "财政经办"),
                            ("finance_head", "财政负责人"),
                            ("expert", "评审专家"),
                            ("evaluator", "第三方评估机构"),
                            ("policy_admin", "政策管理员"),
                            ("account_admin", "账户管理员"),
                            ("auditor", "审计员"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="accounts.unit",
                    ),
                ),
                (
                    "granted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("granted_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["user", "ended_at"], name="membership_of_user")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("organisation__isnull", False),
                                ("role__in", ["filler", "org_admin"]),
                                ("unit__isnull", True),
                            ),
                            models.Q(
                                ("organisation__isnull", True),
                                ("role__in", ["clerk", "finance", "finance_head", "head"]),
                                ("unit__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "role__in",
                                        [
                                            "clerk",
                                            "filler",
                                            "finance",
                                            "finance_head",
                                            "head",
                                            "org_admin",
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("organisation__isnull", True),
                                ("unit__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="membership_scope_fits_role",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("user", "role", "organisation", "unit"),
                        name="membership_once",
                        nulls_distinct=False,
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True),
                            ("role__in", ["account_admin", "auditor", "policy_admin"]),
                        ),
                        fields=("user",),
                        name="membership_separated_roles",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("ended_at__isnull", True), ("organisation__isnull", False)
                        ),
                        fields=("user",),
                        name="membership_one_organisation",
                    ),
                ],
            },
        ),
        AddTrigger(
            model_name="user",
            trigger=pgtrigger.compiler.Trigger(
                name="user_switch_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."is_active" IS DISTINCT FROM (NEW."is_active"))',
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('accounts.user', NEW.id::text,\n                  CASE WHEN OLD.is_active THEN 'active' ELSE 'disabled' END,\n                  CASE WHEN NEW.is_active THEN 'active' ELSE 'disabled' END);\n                RETURN NULL;\n                ",
                    hash="7a3a59ab79d2f6ca2f140bce8a234174976b2639",
                    operation='UPDATE OF "is_active"',
                    pgid="pgtrigger_user_switch_audited_c5f0c",
                    table="accounts_user",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="organisation_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{pending:verified,pending:returned,returned:pending,verified:pending}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="e35c326974a57f2962e5b6e2166f47e064fc9ea0",
                    operation="UPDATE",
                    pgid="pgtrigger_organisation_moves_beb34",
                    table="accounts_organisation",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="organisation_registration_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('accounts.organisation', NEW.id::text, '', NEW.status);\n                RETURN NULL;\n                ",
                    hash="e5bc26ff2fdf840843a860f414e64316be0dd950",
                    operation="INSERT",
                    pgid="pgtrigger_organisation_registration_audited_a9ddd",
                    table="accounts_organisation",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="organisation",
            trigger=pgtrigger.compiler.Trigger(
                name="organisation_move_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."status" IS DISTINCT FROM (NEW."status"))',
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require(\n                  'accounts.organisation', NEW.id::text, OLD.status, NEW.status);\n                RETURN NULL;\n                ",
                    hash="8933c723392533635b6a36862ac4b08b63976814",
                    operation="UPDATE",
                    pgid="pgtrigger_organisation_move_audited_a4a79",
                    table="accounts_organisation",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="membership_grant_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('accounts.membership', NEW.id::text, '', NEW.role);\n                RETURN NULL;\n                ",
                    hash="057f2646679ba4b5e8ff63f0c6bae42380fc0b4b",
                    operation="INSERT",
                    pgid="pgtrigger_membership_grant_audited_7247c",
                    table="accounts_membership",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="membership_end_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."ended_at" IS DISTINCT FROM (NEW."ended_at"))',
                    constraint="CONSTRAINT",
                    func="\n                PERFORM audit_require('accounts.membership', NEW.id::text, OLD.role, 'ended');\n                RETURN NULL;\n                ",
                    hash="b96e5f27622caf3d1950ac5b78f7661708322fdc",
                    operation="UPDATE",
                    pgid="pgtrigger_membership_end_audited_978ea",
                    table="accounts_membership",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="membership_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF OLD.ended_at IS NOT NULL\n                   OR (OLD.user_id, OLD.role, OLD.granted_at)\n                      IS DISTINCT FROM (NEW.user_id, NEW.role, NEW.granted_at)\n                   OR OLD.organisation_id IS DISTINCT FROM NEW.organisation_id\n                   OR OLD.unit_id IS DISTINCT FROM NEW.unit_id\n                   OR OLD.granted_by_id IS DISTINCT FROM NEW.granted_by_id THEN\n                  RAISE EXCEPTION 'a membership is granted and ended, never rewritten'\n                    USING ERRCODE = 'integrity_constraint_violation',\n                          CONSTRAINT = 'membership_kept';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="4ac8e971448415af823cd01e87a1073a1dffa0b6",
                    operation="UPDATE",
                    pgid="pgtrigger_membership_kept_42f94",
                    table="accounts_membership",
                    when="BEFORE",
                ),
            ),
        ),
        withhold(
            "DELETE, TRUNCATE",
            "accounts_user",
            "accounts_organisation",
            "accounts_unit",
            "accounts_membership",
        ),
    ]
