"""The tables as they stood when the migrations were put together, one for each app."""

import django.db.models.deletion
import django.db.models.expressions
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import portal.ids
from awards import sql
from portal.grants import grant_columns, withhold
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    replaces = [
        ("awards", "0001_initial"),
        ("awards", "0002_ledger"),
        ("awards", "0003_ledger_projects_awards"),
        ("awards", "0004_ledger_effects"),
        ("awards", "0005_exports"),
        ("awards", "0006_one_check_less"),
    ]

    initial = True

    dependencies = [
        ("audit", "0001_schema"),
        ("accounts", "0001_schema"),
        ("applications", "0001_schema"),
        ("files", "0001_schema"),
        ("policy", "0001_schema"),
        ("reviews", "0001_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Award",
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="award",
                        to="applications.application",
                    ),
                ),
                (
                    "call",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="awards",
                        to="policy.call",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="awards",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.definition",
                    ),
                ),
                (
                    "selection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="awards",
                        to="reviews.selection",
                    ),
                ),
                ("year", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reserved", "拟支持"),
                            ("approved", "已批准"),
                            ("confirmed", "财政已确认"),
                            ("paid", "已拨付"),
                            ("released", "已释放"),
                        ],
                        default="reserved",
                        max_length=10,
                    ),
                ),
                ("computed_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("capped_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("recommended_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("approved_cny", models.DecimalField(decimal_places=2, max_digits=16, null=True)),
                ("paid_cny", models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ("trace", models.JSONField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["call", "state"], name="award_of_call"),
                    models.Index(fields=["organisation", "year"], name="award_of_organisation"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("capped_cny__lte", models.F("computed_cny")),
                            ("recommended_cny__lte", models.F("capped_cny")),
                        ),
                        name="award_recommended_within_capped",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_cny__isnull", True),
                            models.Q(
                                ("approved_cny__gte", 0),
                                ("approved_cny__lte", models.F("recommended_cny")),
                            ),
                            _connector="OR",
                        ),
                        name="award_approved_within_recommended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paid_cny", 0),
                            models.Q(
                                ("paid_cny__gt", 0), ("paid_cny__lte", models.F("approved_cny"))
                            ),
                            _connector="OR",
                        ),
                        name="award_paid_within_approved",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CapAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("rule", models.CharField(max_length=60)),
                ("scope", models.CharField(max_length=80)),
                ("label_zh", models.CharField(max_length=120)),
                ("label_en", models.CharField(max_length=200)),
                ("clause", models.TextField(blank=True)),
                (
                    "measure",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.measure",
                    ),
                ),
                (
                    "call",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.call",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                ("year", models.PositiveSmallIntegerField(null=True)),
                ("cap_cny", models.DecimalField(decimal_places=2, max_digits=16, null=True)),
                ("cap_places", models.PositiveIntegerField(null=True)),
                ("committed_cny", models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ("approved_cny", models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ("paid_cny", models.DecimalField(decimal_places=2, default=0, max_digits=16)),
                ("committed_places", models.IntegerField(default=0)),
            ],
            options={
                "ordering": ["rule", "scope"],
                "indexes": [models.Index(fields=["call"], name="capaccount_of_call")],
                "constraints": [
                    models.UniqueConstraint(fields=("rule", "scope"), name="capaccount_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_cny__isnull", True), ("cap_cny__gte", 0), _connector="OR"
                        ),
                        name="cap_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("cap_cny__isnull", True),
                            ("committed_cny__lte", models.F("cap_cny")),
                            _connector="OR",
                        ),
                        name="committed_within_cap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_cny__gte", 0),
                            ("approved_cny__lte", models.F("committed_cny")),
                        ),
                        name="approved_within_committed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("paid_cny__gte", 0), ("paid_cny__lte", models.F("approved_cny"))
                        ),
                        name="paid_within_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("committed_places__gte", 0),
                            models.Q(
                                ("cap_places__isnull", True),
                                ("committed_places__lte", models.F("cap_places")),
                                _connector="OR",
                            ),
                        ),
                        name="places_within_quota",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
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
                        related_name="decisions",
                        to="policy.call",
                    ),
                ),
                ("number", models.CharField(max_length=60, verbose_name="文号")),
                ("title", models.CharField(max_length=160, verbose_name="标题")),
                ("text", models.TextField(blank=True, verbose_name="正文")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待签发"),
                            ("released", "已签发"),
                            ("confirmed", "财政已确认"),
                            ("discarded", "已作废"),
                        ],
                        default="drafted",
                        max_length=10,
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
                ("drafted_at", models.DateTimeField()),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("released_at", models.DateTimeField(null=True)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "funding_source",
                    models.CharField(blank=True, max_length=120, verbose_name="资金来源"),
                ),
                ("revision", models.PositiveIntegerField(default=1)),
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
                "indexes": [models.Index(fields=["call", "-id"], name="decision_of_call")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(("released_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="decision_two_people",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "discarded"), _negated=True),
                        fields=("number",),
                        name="decision_number_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["drafted", "discarded"]),
                            models.Q(
                                ("released_at__isnull", False), ("released_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="decision_released_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "confirmed"), _negated=True),
                            models.Q(
                                ("confirmed_at__isnull", False),
                                ("confirmed_by__isnull", False),
                                ("funding_source__gt", ""),
                            ),
                            _connector="OR",
                        ),
                        name="decision_confirmed_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DecisionItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "decision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="awards.decision",
                    ),
                ),
                (
                    "award",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision_item",
                        to="awards.award",
                    ),
                ),
                ("approved_cny", models.DecimalField(decimal_places=2, max_digits=16)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("approved_cny__gte", 0)),
                        name="decisionitem_not_negative",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Export",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("ledger", "额度台账"),
                            ("supported", "拟支持名单"),
                            ("payments", "资金拨付表"),
                        ],
                        max_length=20,
                    ),
                ),
                ("arguments", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "排队中"),
                            ("running", "生成中"),
                            ("done", "已完成"),
                            ("cancelled", "已取消"),
                            ("failed", "未能生成"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("done_rows", models.PositiveIntegerField(default=0)),
                ("total_rows", models.PositiveIntegerField(default=0)),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("alive_at", models.DateTimeField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("ended_at", models.DateTimeField(null=True)),
                ("name", models.CharField(blank=True, max_length=120)),
                (
                    "blob",
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
                    models.Index(fields=["requested_by", "-id"], name="export_of_user"),
                    models.Index(
                        condition=models.Q(("state__in", ["waiting", "running"])),
                        fields=["requested_at"],
                        name="export_queue",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            models.Q(("blob__isnull", False), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="export_done_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("done_rows__lte", models.F("total_rows"))),
                        name="export_rows_within_total",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PaymentBatch",
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
                        related_name="payment_batches",
                        to="policy.call",
                    ),
                ),
                ("number", models.CharField(max_length=60, unique=True, verbose_name="拨付编号")),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
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
                (
                    "drafted_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("drafted_at", models.DateTimeField()),
                (
                    "released_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("released_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["call", "-id"], name="paymentbatch_of_call")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(("released_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="paymentbatch_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["drafted", "discarded"]),
                            models.Q(
                                ("released_at__isnull", False), ("released_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="paymentbatch_released_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payment",
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
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="awards.paymentbatch",
                    ),
                ),
                (
                    "award",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="awards.award",
                    ),
                ),
                ("instalment", models.PositiveSmallIntegerField(default=1)),
                ("amount_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("payee_name", models.CharField(max_length=120)),
                ("payee_bank", models.CharField(max_length=120)),
                ("payee_account", models.CharField(max_length=40)),
                ("payee_bank_code", models.CharField(blank=True, max_length=12)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("planned", "待拨付"),
                            ("sent", "已拨付"),
                            ("arrived", "已到账"),
                            ("bounced", "退汇"),
                            ("cancelled", "已作废"),
                        ],
                        default="planned",
                        max_length=10,
                    ),
                ),
                ("arrived_on", models.DateField(null=True)),
                ("bounced_on", models.DateField(null=True)),
                ("note", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_cny__gt", 0)), name="payment_positive"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["bounced", "cancelled"]), _negated=True),
                        fields=("award", "instalment"),
                        name="payment_once_per_instalment",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("payee_account__gt", ""),
                            ("payee_bank__gt", ""),
                            ("payee_name__gt", ""),
                        ),
                        name="payment_payee_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("state", "arrived"), _negated=True),
                                ("arrived_on__isnull", False),
                                _connector="OR",
                            ),
                            models.Q(
                                models.Q(("state", "bounced"), _negated=True),
                                models.Q(("bounced_on__isnull", False), ("note__gt", "")),
                                _connector="OR",
                            ),
                        ),
                        name="payment_outcome_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Entry",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("opening", "期初"),
                            ("reserve", "拟支持"),
                            ("approve", "批准"),
                            ("confirm", "财政确认"),
                            ("pay", "拨付"),
                            ("return", "退回"),
                            ("claw_back", "追回"),
                            ("release", "释放"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "award",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="awards.award",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="awards.payment",
                    ),
                ),
                ("amount_cny", models.DecimalField(decimal_places=2, max_digits=16)),
                ("places", models.PositiveSmallIntegerField(default=0)),
                (
                    "committed_change_cny",
                    models.DecimalField(
                        db_default=0, decimal_places=2, editable=False, max_digits=16
                    ),
                ),
                (
                    "approved_change_cny",
                    models.DecimalField(
                        db_default=0, decimal_places=2, editable=False, max_digits=16
                    ),
                ),
                (
                    "paid_change_cny",
                    models.DecimalField(
                        db_default=0, decimal_places=2, editable=False, max_digits=16
                    ),
                ),
                ("places_change", models.SmallIntegerField(db_default=0, editable=False)),
                ("note", models.CharField(blank=True, max_length=300)),
                ("idempotency_key", models.CharField(max_length=120, unique=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("made_at", models.DateTimeField()),
                (
                    "transaction_id",
                    models.BigIntegerField(
                        db_default=django.db.models.expressions.RawSQL(
                            "(pg_current_xact_id()::text::bigint)", ()
                        ),
                        editable=False,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["award", "id"], name="entry_of_award_index")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_cny__gte", 0)), name="entry_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("award__isnull", True), ("kind", "opening")),
                            models.Q(
                                models.Q(("kind", "opening"), _negated=True),
                                ("award__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="entry_of_award",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["pay", "return"]), ("payment__isnull", False)),
                            models.Q(
                                models.Q(("kind__in", ["pay", "return"]), _negated=True),
                                ("payment__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="entry_of_payment",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ["reserve", "approve", "confirm"])),
                        fields=("award", "kind"),
                        name="entry_once_per_award",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("payment__isnull", False)),
                        fields=("payment", "kind"),
                        name="entry_once_per_payment",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="awards.entry",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="awards.capaccount",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("entry", "account"), name="posting_once")
                ],
            },
        ),
        AddTrigger(
            model_name="award",
            trigger=pgtrigger.compiler.Trigger(
                name="award_states",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{reserved:approved,approved:confirmed,confirmed:paid,reserved:released,approved:released,confirmed:released,paid:confirmed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="bcd65a53b2305fc39bb88a843aff1ff4db812e8e",
                    operation="UPDATE",
                    pgid="pgtrigger_award_states_7e257",
                    table="awards_award",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="award",
            trigger=pgtrigger.compiler.Trigger(
                name="award_starts_reserved",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"state\" = 'reserved'))",
                    func="\n        RAISE EXCEPTION 'it starts as reserved'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'award_starts_reserved';\n        ",
                    hash="56242933644062b268c68ec7f507a57dcce38a07",
                    operation="INSERT",
                    pgid="pgtrigger_award_starts_reserved_a34a5",
                    table="awards_award",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="award",
            trigger=pgtrigger.compiler.Trigger(
                name="award_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="3fb3676903054dc589de9ecd116236b9a2c2c882",
                    operation="DELETE",
                    pgid="pgtrigger_award_not_deleted_67a1e",
                    table="awards_award",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="award",
            trigger=pgtrigger.compiler.Trigger(
                name="award_basis_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."application_id" IS DISTINCT FROM (NEW."application_id") OR OLD."capped_cny" IS DISTINCT FROM (NEW."capped_cny") OR OLD."computed_cny" IS DISTINCT FROM (NEW."computed_cny") OR OLD."definition_id" IS DISTINCT FROM (NEW."definition_id") OR OLD."recommended_cny" IS DISTINCT FROM (NEW."recommended_cny") OR OLD."trace" IS DISTINCT FROM (NEW."trace"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6d86d077ef6fdc88872f2eedb37bfca04ff9aa25",
                    operation="UPDATE",
                    pgid="pgtrigger_award_basis_kept_54f1d",
                    table="awards_award",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="decision_states",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{drafted:released,drafted:discarded,released:confirmed}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="ee1af164f35123dbfcd7dd33c991ca4ebbf2f27f",
                    operation="UPDATE",
                    pgid="pgtrigger_decision_states_d883a",
                    table="awards_decision",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="decision_starts_drafted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"state\" = 'drafted'))",
                    func="\n        RAISE EXCEPTION 'it starts as drafted'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_starts_drafted';\n        ",
                    hash="ec24d6412bbfbfc3091a5566e6ecaacf75b4e4c7",
                    operation="INSERT",
                    pgid="pgtrigger_decision_starts_drafted_ff94a",
                    table="awards_decision",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="decision_state_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n        PERFORM audit_require('awards.decision', NEW.id::text, OLD.state, NEW.state);\n        RETURN NULL;\n        ",
                    hash="2f3aef8ad841b1832ec3f1d5888c56e773391292",
                    operation="UPDATE",
                    pgid="pgtrigger_decision_state_audited_def78",
                    table="awards_decision",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="decision",
            trigger=pgtrigger.compiler.Trigger(
                name="decision_text_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.state <> 'drafted' AND (OLD.number IS DISTINCT FROM NEW.number OR OLD.title IS DISTINCT FROM NEW.title OR OLD.text IS DISTINCT FROM NEW.text OR OLD.call_id IS DISTINCT FROM NEW.call_id OR OLD.drafted_by_id IS DISTINCT FROM NEW.drafted_by_id OR OLD.drafted_at IS DISTINCT FROM NEW.drafted_at))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_text_kept';\n        ",
                    hash="ae71e1250c2cd663551d83e637696e3871abd0c2",
                    operation="UPDATE",
                    pgid="pgtrigger_decision_text_kept_25e70",
                    table="awards_decision",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="decisionitem",
            trigger=pgtrigger.compiler.Trigger(
                name="decisionitem_of_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF EXISTS (SELECT 1 FROM awards_decision WHERE state NOT IN ('drafted', 'discarded')\n                            AND id = CASE TG_OP WHEN 'DELETE' THEN OLD.decision_id\n                                     ELSE NEW.decision_id END) THEN\n                  RAISE EXCEPTION 'a signed decision keeps its items'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'decisionitem_of_draft';\n                END IF;\n                IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;\n                RETURN NEW;\n                ",
                    hash="b043ed10c339952d04da35a29fcc33adf884997e",
                    operation="INSERT OR UPDATE OR DELETE",
                    pgid="pgtrigger_decisionitem_of_draft_94250",
                    table="awards_decisionitem",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="paymentbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="paymentbatch_states",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{drafted:released,drafted:discarded}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="d18755052fda2c74f1eba86dc2ce1cce947270a4",
                    operation="UPDATE",
                    pgid="pgtrigger_paymentbatch_states_ce890",
                    table="awards_paymentbatch",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="paymentbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="paymentbatch_starts_drafted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"state\" = 'drafted'))",
                    func="\n        RAISE EXCEPTION 'it starts as drafted'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentbatch_starts_drafted';\n        ",
                    hash="84e227f67dd31a530b2362f66521efb7c7ec4ffd",
                    operation="INSERT",
                    pgid="pgtrigger_paymentbatch_starts_drafted_6d9ce",
                    table="awards_paymentbatch",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="paymentbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="paymentbatch_state_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n        PERFORM audit_require('awards.paymentbatch', NEW.id::text, OLD.state, NEW.state);\n        RETURN NULL;\n        ",
                    hash="5d32e72f8176f47e2bacb2f91be1e23484927da4",
                    operation="UPDATE",
                    pgid="pgtrigger_paymentbatch_state_audited_f7666",
                    table="awards_paymentbatch",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_states",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{planned:sent,planned:cancelled,sent:arrived,sent:bounced,arrived:bounced}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="faec5bfa368597c1bcb4e9b8f69e936c17a43947",
                    operation="UPDATE",
                    pgid="pgtrigger_payment_states_38bab",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_starts_planned",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.\"state\" = 'planned'))",
                    func="\n        RAISE EXCEPTION 'it starts as planned'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_starts_planned';\n        ",
                    hash="828db83a8899de063899ca5104fd17c8455f01a0",
                    operation="INSERT",
                    pgid="pgtrigger_payment_starts_planned_3bda9",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_state_audited",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."state" IS DISTINCT FROM (NEW."state"))',
                    constraint="CONSTRAINT",
                    func="\n        PERFORM audit_require('awards.payment', NEW.id::text, OLD.state, NEW.state);\n        RETURN NULL;\n        ",
                    hash="a4b0acd0ddac6799e8416035a5da605e3ef83df8",
                    operation="UPDATE",
                    pgid="pgtrigger_payment_state_audited_6c00b",
                    table="awards_payment",
                    timing="DEFERRABLE INITIALLY DEFERRED",
                    when="AFTER",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="89cb2382cb91fffa9a38fdafb5cb13682d3a1118",
                    operation="DELETE",
                    pgid="pgtrigger_payment_not_deleted_e7a7f",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_order_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (true AND (OLD.batch_id IS DISTINCT FROM NEW.batch_id OR OLD.award_id IS DISTINCT FROM NEW.award_id OR OLD.instalment IS DISTINCT FROM NEW.instalment OR OLD.amount_cny IS DISTINCT FROM NEW.amount_cny OR OLD.payee_name IS DISTINCT FROM NEW.payee_name OR OLD.payee_bank IS DISTINCT FROM NEW.payee_bank OR OLD.payee_account IS DISTINCT FROM NEW.payee_account OR OLD.payee_bank_code IS DISTINCT FROM NEW.payee_bank_code))",
                    func="\n        RAISE EXCEPTION 'what was signed is not edited'\n          USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_order_kept';\n        ",
                    hash="e9e60393bd91633be608a05164b8135171e87248",
                    operation="UPDATE",
                    pgid="pgtrigger_payment_order_kept_19717",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="payment",
            trigger=pgtrigger.compiler.Trigger(
                name="payment_of_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF NOT EXISTS (SELECT 1 FROM awards_paymentbatch\n                                WHERE id = NEW.batch_id AND state = 'drafted') THEN\n                  RAISE EXCEPTION 'a signed batch takes no more payments'\n                    USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_of_draft';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="868e79b52880920d392e587c30c20f02cfce9338",
                    operation="INSERT",
                    pgid="pgtrigger_payment_of_draft_63362",
                    table="awards_payment",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.RunSQL(sql.LEDGER, sql.DROP),
        withhold("UPDATE, DELETE, TRUNCATE", "awards_entry", "awards_posting"),
        withhold("DELETE, TRUNCATE", "awards_award", "awards_payment"),
        # The counters are moved by the trigger alone; what an administrator may change is the cap.
        withhold("UPDATE, DELETE, TRUNCATE", "awards_capaccount"),
        grant_columns(
            "UPDATE", "awards_capaccount", "cap_cny", "cap_places", "label_zh", "label_en", "clause"
        ),
        migrations.RunSQL(sql.EFFECTS, sql.DROP_EFFECTS),
        # An award's state and amounts are moved by its entries alone.
        withhold("UPDATE", "awards_award"),
        withhold("DELETE, TRUNCATE", "awards_decision", "awards_paymentbatch"),
    ]
