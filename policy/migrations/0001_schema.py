"""The tables as they stood when the migrations were put together, one for each app."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import portal.ids
from policy import sql
from portal.grants import withhold
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    replaces = [
        ("policy", "0001_initial"),
        ("policy", "0002_guards"),
        ("policy", "0003_call_changes"),
        ("policy", "0004_call_change_guards"),
    ]

    initial = True

    dependencies = [
        ("audit", "0001_schema"),
        ("accounts", "0001_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CalendarYear",
            fields=[
                (
                    "year",
                    models.PositiveSmallIntegerField(
                        primary_key=True, serialize=False, verbose_name="年份"
                    ),
                ),
                ("source", models.CharField(max_length=120, verbose_name="来源")),
                ("provisional", models.BooleanField(default=False, verbose_name="暂定")),
                ("loaded_at", models.DateTimeField(verbose_name="载入时间")),
            ],
            options={
                "ordering": ["year"],
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.CharField(max_length=60, unique=True, verbose_name="文号")),
                ("title_zh", models.CharField(max_length=200, verbose_name="标题")),
                ("title_en", models.CharField(max_length=300, verbose_name="英文标题")),
                ("issuer_zh", models.CharField(max_length=200, verbose_name="发文机关")),
                ("issuer_en", models.CharField(max_length=300, verbose_name="发文机关（英文）")),
                ("issued_on", models.DateField(verbose_name="发文日期")),
                ("text", models.TextField(verbose_name="全文")),
            ],
            options={
                "ordering": ["-issued_on", "number"],
            },
        ),
        migrations.CreateModel(
            name="Article",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="articles",
                        to="policy.document",
                    ),
                ),
                ("no", models.PositiveSmallIntegerField(verbose_name="条")),
                ("title_zh", models.CharField(max_length=100, verbose_name="条标")),
                ("title_en", models.CharField(max_length=200, verbose_name="条标（英文）")),
                ("text", models.TextField(verbose_name="原文")),
            ],
            options={
                "ordering": ["document", "no"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("document", "no"), name="policy_article_no_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ArticleUnit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="article_units",
                        to="policy.article",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="article_units",
                        to="accounts.unit",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(verbose_name="次序")),
            ],
            options={
                "ordering": ["article", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("article", "position"), name="policy_articleunit_position_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("article", "unit"), name="policy_articleunit_unit_unique"
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="article",
            name="units",
            field=models.ManyToManyField(
                related_name="articles",
                through="policy.ArticleUnit",
                to="accounts.unit",
                verbose_name="责任单位",
            ),
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("date", models.DateField(primary_key=True, serialize=False, verbose_name="日期")),
                (
                    "year",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="policy.calendaryear",
                    ),
                ),
                ("is_workday", models.BooleanField(verbose_name="工作日")),
                ("name", models.CharField(blank=True, max_length=40, verbose_name="名称")),
            ],
            options={
                "ordering": ["date"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("date__year", models.F("year"))),
                        name="policy_calendarday_in_its_year",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Measure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.CharField(max_length=8, unique=True, verbose_name="代码")),
                (
                    "article",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="measures",
                        to="policy.article",
                    ),
                ),
                ("name_zh", models.CharField(max_length=60, verbose_name="名称")),
                ("name_en", models.CharField(max_length=120, verbose_name="英文名称")),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("grant", "资助"),
                                ("reward", "奖励"),
                                ("subsidy", "补贴"),
                                ("compensation", "风险补偿"),
                                ("recognition", "认定"),
                                ("cultivation", "培育"),
                                ("support", "支持"),
                                ("ranking", "排行榜"),
                                ("list", "名单"),
                            ],
                            max_length=20,
                        ),
                        size=None,
                        verbose_name="方式",
                    ),
                ),
                ("recipients_zh", models.CharField(max_length=200, verbose_name="支持对象")),
                (
                    "recipients_en",
                    models.CharField(max_length=300, verbose_name="支持对象（英文）"),
                ),
                ("clause", models.TextField(verbose_name="原文")),
                ("clause_en", models.TextField(verbose_name="原文（英译）")),
                ("money", models.BooleanField(verbose_name="涉及资金")),
                ("position", models.PositiveSmallIntegerField(unique=True, verbose_name="次序")),
                (
                    "lead_unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="led_measures",
                        to="accounts.unit",
                        verbose_name="牵头单位",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("line__regex", "^\\d{1,2}-\\d[a-d]?$")),
                        name="policy_measure_line_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kinds", []), _negated=True),
                        name="policy_measure_has_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Definition",
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
                    "measure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="definitions",
                        to="policy.measure",
                    ),
                ),
                ("valid_from", models.DateField(verbose_name="生效日期")),
                ("body", models.JSONField(verbose_name="内容")),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256")),
                ("loaded_at", models.DateTimeField(verbose_name="载入时间")),
            ],
            options={
                "ordering": ["measure", "-valid_from"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("measure", "valid_from"), name="policy_definition_date_unique"
                    ),
                    models.UniqueConstraint(
                        fields=("id", "measure"), name="policy_definition_of_measure"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="policy_definition_sha256_form",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Call",
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
                ("code", models.CharField(max_length=30, unique=True, verbose_name="批次代码")),
                (
                    "measure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="policy.measure",
                        verbose_name="支持措施",
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="policy.definition",
                        verbose_name="规则版本",
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(verbose_name="年度")),
                ("title_zh", models.CharField(max_length=120, verbose_name="标题")),
                ("title_en", models.CharField(max_length=200, verbose_name="英文标题")),
                ("guide_zh", models.TextField(blank=True, verbose_name="申报指南")),
                ("opens_at", models.DateTimeField(verbose_name="开始时间")),
                ("closes_at", models.DateTimeField(verbose_name="截止时间")),
                (
                    "budget_cny",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=14,
                        null=True,
                        verbose_name="预算（元）",
                    ),
                ),
                ("places", models.IntegerField(blank=True, null=True, verbose_name="名额")),
                ("settings", models.JSONField(blank=True, default=dict, verbose_name="设置")),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "起草"), ("published", "已发布"), ("closed", "已截止")],
                        default="draft",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drafted_calls",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="起草人",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="published_calls",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="发布人",
                    ),
                ),
                (
                    "published_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="发布时间"),
                ),
                ("created_at", models.DateTimeField(verbose_name="起草时间")),
                ("revision", models.PositiveIntegerField(default=1, verbose_name="修订号")),
            ],
            options={
                "ordering": ["-year", "code"],
                "indexes": [models.Index(fields=["status", "closes_at"], name="policy_call_open")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("published_by__isnull", True),
                            models.Q(("published_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="policy_call_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opens_at"))),
                        name="policy_call_closes_after_opening",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("budget_cny__isnull", True), ("budget_cny__gte", 0), _connector="OR"
                        ),
                        name="policy_call_budget_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("places__isnull", True), ("places__gte", 0), _connector="OR"
                        ),
                        name="policy_call_places_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status", "draft"),
                            models.Q(
                                ("definition__isnull", False),
                                ("published_at__isnull", False),
                                ("published_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="policy_call_published_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["draft", "published", "closed"])),
                        name="policy_call_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[0-9A-Za-z][0-9A-Za-z-]*$")),
                        name="policy_call_code_form",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CallFigures",
            fields=[
                (
                    "call",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="figures",
                        serialize=False,
                        to="policy.call",
                    ),
                ),
                (
                    "places_total",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="名额"),
                ),
                (
                    "places_committed",
                    models.PositiveIntegerField(default=0, verbose_name="已用名额"),
                ),
                (
                    "budget_cny",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=14,
                        null=True,
                        verbose_name="预算（元）",
                    ),
                ),
                (
                    "committed_cny",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="已占用（元）"
                    ),
                ),
                (
                    "approved_cny",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="已批（元）"
                    ),
                ),
                (
                    "paid_cny",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="已拨（元）"
                    ),
                ),
                (
                    "in_hand_cny",
                    models.DecimalField(
                        decimal_places=2, default=0, max_digits=14, verbose_name="在办（元）"
                    ),
                ),
                (
                    "in_hand_count",
                    models.PositiveIntegerField(default=0, verbose_name="在办（件）"),
                ),
                ("updated_at", models.DateTimeField(verbose_name="更新时间")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_cny__gte", 0),
                            ("committed_cny__gte", 0),
                            ("in_hand_cny__gte", 0),
                            ("paid_cny__gte", 0),
                        ),
                        name="policy_callfigures_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CallChange",
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
                        related_name="changes",
                        to="policy.call",
                    ),
                ),
                (
                    "field",
                    models.CharField(
                        choices=[
                            ("closes_at", "延长截止时间"),
                            ("budget_cny", "追加预算"),
                            ("close", "提前截止"),
                        ],
                        max_length=12,
                        verbose_name="事项",
                    ),
                ),
                ("before", models.CharField(blank=True, max_length=40, verbose_name="变更前")),
                ("after", models.CharField(blank=True, max_length=40, verbose_name="变更后")),
                ("reason", models.CharField(max_length=500, verbose_name="理由")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待签发"),
                            ("released", "已签发"),
                            ("dropped", "已撤回"),
                        ],
                        default="drafted",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="起草人",
                    ),
                ),
                ("drafted_at", models.DateTimeField(verbose_name="起草时间")),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="签发人",
                    ),
                ),
                ("released_at", models.DateTimeField(null=True, verbose_name="签发时间")),
                (
                    "dropped_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="撤回人",
                    ),
                ),
                ("dropped_at", models.DateTimeField(null=True, verbose_name="撤回时间")),
                (
                    "drop_note",
                    models.CharField(blank=True, max_length=500, verbose_name="退回意见"),
                ),
            ],
            options={
                "ordering": ["pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(("released_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="policy_callchange_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("dropped_by__isnull", True),
                                ("released_at__isnull", True),
                                ("released_by__isnull", True),
                                ("state", "drafted"),
                            ),
                            models.Q(
                                ("dropped_by__isnull", True),
                                ("released_at__isnull", False),
                                ("released_by__isnull", False),
                                ("state", "released"),
                            ),
                            models.Q(
                                ("dropped_at__isnull", False),
                                ("dropped_by__isnull", False),
                                ("released_by__isnull", True),
                                ("state", "dropped"),
                            ),
                            _connector="OR",
                        ),
                        name="policy_callchange_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reason__regex", "\\S")),
                        name="policy_callchange_reason_given",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("after", ""), ("field", "close")),
                            models.Q(
                                ("field__in", ["closes_at", "budget_cny"]),
                                models.Q(("after", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="policy_callchange_field_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "drafted")),
                        fields=("call", "field"),
                        name="policy_callchange_one_waiting",
                    ),
                ],
            },
        ),
        AddTrigger(
            model_name="callchange",
            trigger=pgtrigger.compiler.Trigger(
                name="callchange_state",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{drafted:released,drafted:dropped}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="22038ed72aa2bb755826872a4ab12280ea3d47a8",
                    operation="UPDATE",
                    pgid="pgtrigger_callchange_state_56ac3",
                    table="policy_callchange",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
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
        AddTrigger(
            model_name="callchange",
            trigger=pgtrigger.compiler.Trigger(
                name="callchange_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'an act on a call is not deleted' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_callchange_kept';",
                    hash="c17cfb1a7d56fa9d4732887a798bf8f37fe44ea3",
                    operation="DELETE",
                    pgid="pgtrigger_callchange_kept_0d46d",
                    table="policy_callchange",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="definition",
            trigger=pgtrigger.compiler.Trigger(
                name="definition_immutable",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'a definition is never edited' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_definition_immutable';",
                    hash="8257069cb65e4a7bd7a24f282b8a3c85170b84a6",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_definition_immutable_40a1d",
                    table="policy_definition",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="call",
            trigger=pgtrigger.compiler.Trigger(
                name="call_status",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{draft:published,published:closed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="07281229ca0d836846fc9e96903cf36411e145e5",
                    operation="UPDATE",
                    pgid="pgtrigger_call_status_1215e",
                    table="policy_call",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="call",
            trigger=pgtrigger.compiler.Trigger(
                name="call_pinned",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status <> 'draft' AND (OLD.uid IS DISTINCT FROM NEW.uid OR OLD.code IS DISTINCT FROM NEW.code OR OLD.measure_id IS DISTINCT FROM NEW.measure_id OR OLD.definition_id IS DISTINCT FROM NEW.definition_id OR OLD.year IS DISTINCT FROM NEW.year OR OLD.opens_at IS DISTINCT FROM NEW.opens_at OR OLD.settings IS DISTINCT FROM NEW.settings OR OLD.drafted_by_id IS DISTINCT FROM NEW.drafted_by_id OR OLD.published_by_id IS DISTINCT FROM NEW.published_by_id OR OLD.published_at IS DISTINCT FROM NEW.published_at OR OLD.created_at IS DISTINCT FROM NEW.created_at))",
                    func="RAISE EXCEPTION 'what publication fixed is not edited' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_call_pinned';",
                    hash="f86fb264cae1138e254f9cb5a071f52e84432404",
                    operation="UPDATE",
                    pgid="pgtrigger_call_pinned_311bc",
                    table="policy_call",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="call",
            trigger=pgtrigger.compiler.Trigger(
                name="call_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.status <> 'draft')",
                    func="RAISE EXCEPTION 'a published call is not deleted' USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'policy_call_kept';",
                    hash="0b04bfba6c9b648f79662dbd856b4353d173e14a",
                    operation="DELETE",
                    pgid="pgtrigger_call_kept_56998",
                    table="policy_call",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(sql.GUARDS, sql.DROP_GUARDS),
        migrations.RunSQL(sql.CHANGES, sql.DROP_CHANGES),
        withhold("UPDATE, DELETE", "policy_definition"),
        withhold("DELETE", "policy_callchange"),
    ]
