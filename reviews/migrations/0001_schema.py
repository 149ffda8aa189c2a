"""The tables as they stood when the migrations were put together, one for each app."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
from django.conf import settings
from django.db import migrations, models

import portal.ids
from portal.triggers import AddTrigger


class Migration(migrations.Migration):
    replaces = [
        ("reviews", "0001_initial"),
        ("reviews", "0002_drafts_and_evidence"),
        ("reviews", "0003_scoring_guards"),
        ("reviews", "0004_selection_drafts"),
        ("reviews", "0005_several_selection_drafts"),
    ]

    initial = True

    dependencies = [
        ("audit", "0001_schema"),
        ("accounts", "0001_schema"),
        ("applications", "0001_schema"),
        ("policy", "0001_schema"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Expert",
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
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="expert",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("employer", models.CharField(max_length=120, verbose_name="工作单位")),
                (
                    "employer_uscc",
                    models.CharField(blank=True, max_length=18, verbose_name="单位代码"),
                ),
                ("title", models.CharField(blank=True, max_length=60, verbose_name="职称")),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40), size=None, verbose_name="领域"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="启用")),
            ],
        ),
        migrations.CreateModel(
            name="Panel",
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
                        related_name="panels",
                        to="policy.call",
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                ("seed", models.CharField(max_length=64)),
                ("pool", models.JSONField()),
                ("result", models.JSONField()),
                ("size", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drawn", "待审定"),
                            ("scoring", "评分中"),
                            ("frozen", "已封存"),
                            ("discarded", "已作废"),
                        ],
                        default="drawn",
                        max_length=10,
                    ),
                ),
                ("due_on", models.DateField(null=True)),
                (
                    "drawn_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("drawn_at", models.DateTimeField()),
                (
                    "approved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "frozen_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("frozen_at", models.DateTimeField(null=True)),
                ("unlocked_reason", models.CharField(blank=True, max_length=500)),
                (
                    "discarded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("discarded_at", models.DateTimeField(null=True)),
                ("discarded_reason", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("approved_by__isnull", True),
                            models.Q(("approved_by", models.F("drawn_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="panel_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discarded_by__isnull", True),
                            models.Q(("discarded_by", models.F("drawn_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="panel_discarded_by_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("size__gte", 3)), name="panel_at_least_three"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["drawn", "discarded"]),
                            models.Q(
                                ("approved_at__isnull", False), ("approved_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="panel_scoring_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "frozen"), _negated=True),
                            models.Q(("frozen_at__isnull", False), ("frozen_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="panel_frozen_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "discarded"), _negated=True),
                            models.Q(
                                ("discarded_at__isnull", False),
                                ("discarded_by__isnull", False),
                                ("discarded_reason__gt", ""),
                            ),
                            _connector="OR",
                        ),
                        name="panel_discarded_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PanelCase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "panel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="cases",
                        to="reviews.panel",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="panel_cases",
                        to="applications.application",
                    ),
                ),
                ("mean", models.DecimalField(decimal_places=2, max_digits=6, null=True)),
                ("spread", models.DecimalField(decimal_places=2, max_digits=6, null=True)),
                ("dropped", models.BooleanField(default=False)),
                ("rank", models.PositiveSmallIntegerField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("application",), name="panelcase_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Recommendation",
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
                        related_name="recommendations",
                        to="applications.application",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("recommended", "推荐"),
                            ("not_recommended", "不推荐"),
                            ("returned", "退回修改"),
                        ],
                        max_length=20,
                    ),
                ),
                ("visited_on", models.DateField(null=True)),
                ("visitors", models.CharField(blank=True, max_length=120)),
                ("record", models.TextField(blank=True)),
                ("opinion", models.TextField()),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["application", "-id"], name="recommendation_of_case")
                ],
            },
        ),
        migrations.CreateModel(
            name="Seat",
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
                    "panel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seats",
                        to="reviews.panel",
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seats",
                        to="reviews.expert",
                    ),
                ),
                ("code", models.CharField(max_length=4)),
                (
                    "state",
                    models.CharField(
                        choices=[("seated", "在组"), ("reserve", "候补"), ("withdrawn", "已回避")],
                        max_length=10,
                    ),
                ),
                ("order", models.PositiveSmallIntegerField()),
                ("field", models.CharField(blank=True, max_length=40)),
                ("withdrawn_reason", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "ordering": ["panel", "order"],
                "constraints": [
                    models.UniqueConstraint(fields=("panel", "expert"), name="seat_once"),
                    models.UniqueConstraint(fields=("panel", "code"), name="seat_code"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Scoring",
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
                    "seat",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scorings",
                        to="reviews.seat",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="scorings",
                        to="applications.application",
                    ),
                ),
                ("scores", models.JSONField(default=dict)),
                ("total", models.DecimalField(decimal_places=2, max_digits=6, null=True)),
                ("opinion", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("submitted_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("seat", "application"), name="scoring_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("total__isnull", True),
                            models.Q(("total__gte", 0), ("total__lte", 100)),
                            _connector="OR",
                        ),
                        name="scoring_total_bounds",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("submitted_at__isnull", True),
                            ("total__isnull", False),
                            _connector="OR",
                        ),
                        name="scoring_submitted_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Selection",
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
                        related_name="selections",
                        to="policy.call",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="会议名称")),
                ("met_on", models.DateField(verbose_name="会议日期")),
                ("minutes", models.TextField(blank=True, verbose_name="会议纪要")),
                (
                    "state",
                    models.CharField(
                        choices=[("drafted", "待确认"), ("confirmed", "已确认")],
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
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("sent_back_note", models.CharField(blank=True, max_length=500)),
                ("revision", models.PositiveIntegerField(default=1)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_by__isnull", True),
                            models.Q(("confirmed_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="selection_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "drafted"),
                            models.Q(
                                ("confirmed_at__isnull", False), ("confirmed_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="selection_confirmed_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PublicNotice",
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
                        related_name="public_notices",
                        to="policy.call",
                    ),
                ),
                (
                    "selection",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="public_notice",
                        to="reviews.selection",
                    ),
                ),
                ("title", models.CharField(max_length=160)),
                ("text", models.TextField()),
                ("starts_on", models.DateField(null=True)),
                ("ends_on", models.DateField(null=True)),
                ("due_waiting", models.JSONField(null=True)),
                ("contact", models.CharField(max_length=200)),
                (
                    "published_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("published_at", models.DateTimeField()),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_on__isnull", True),
                            ("ends_on__gte", models.F("starts_on")),
                            _connector="OR",
                        ),
                        name="publicnotice_ends_after_start",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Objection",
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
                    "notice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="objections",
                        to="reviews.publicnotice",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="objections",
                        to="applications.application",
                    ),
                ),
                (
                    "signed_as",
                    models.CharField(
                        choices=[("person", "个人实名"), ("unit", "单位盖章")],
                        default="person",
                        max_length=10,
                        verbose_name="署名方式",
                    ),
                ),
                ("signatory", models.CharField(max_length=120, verbose_name="异议人")),
                ("contact", models.CharField(max_length=60, verbose_name="联系方式")),
                ("text", models.TextField(verbose_name="异议内容")),
                (
                    "filed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("filed_at", models.DateTimeField()),
                ("due_on", models.DateField(null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("accepted_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("filed", "待受理"),
                            ("accepted", "核实中"),
                            ("dismissed", "不成立"),
                            ("upheld", "成立"),
                        ],
                        default="filed",
                        max_length=10,
                    ),
                ),
                ("conclusion", models.TextField(blank=True)),
                (
                    "decided_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["filed", "accepted"]),
                            models.Q(
                                ("conclusion__gt", ""),
                                ("decided_at__isnull", False),
                                ("decided_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="objection_decided_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "filed"),
                            models.Q(
                                ("accepted_at__isnull", False), ("accepted_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="objection_accepted_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("signatory", ""), _negated=True),
                            models.Q(("contact", ""), _negated=True),
                            models.Q(("text", ""), _negated=True),
                        ),
                        name="objection_signed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
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
                        related_name="proposals",
                        to="applications.application",
                    ),
                ),
                ("action", models.CharField(max_length=40)),
                ("reason", models.TextField()),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.unit",
                    ),
                ),
                (
                    "objection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="reviews.objection",
                    ),
                ),
                ("case_revision", models.PositiveIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待负责人审签"),
                            ("released", "已签发"),
                            ("sent_back", "已退回"),
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
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_note", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "indexes": [models.Index(fields=["unit", "state"], name="proposal_queue")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("settled_by__isnull", True),
                            models.Q(("settled_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="proposal_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("action__in", ["dismiss_objection", "uphold_objection"]),
                                ("objection__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    ("action__in", ["dismiss_objection", "uphold_objection"]),
                                    _negated=True,
                                ),
                                ("objection__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="proposal_objection_fits_action",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent_back"), _negated=True),
                            ("settled_note__gt", ""),
                            _connector="OR",
                        ),
                        name="proposal_sent_back_with_note",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "drafted"),
                            models.Q(("settled_at__isnull", False), ("settled_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="proposal_settled_whole",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "drafted")),
                        fields=("application",),
                        name="proposal_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SelectionItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "selection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="reviews.selection",
                    ),
                ),
                (
                    "application",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="selection_items",
                        to="applications.application",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("support", "拟支持"), ("waitlist", "备选"), ("reject", "不支持")],
                        max_length=10,
                    ),
                ),
                (
                    "recommended_cny",
                    models.DecimalField(decimal_places=2, default=0, max_digits=14),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("rank", models.PositiveSmallIntegerField(null=True)),
            ],
            options={
                "ordering": ["selection", models.OrderBy(models.F("rank"), nulls_last=True), "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("selection", "application"), name="selectionitem_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("recommended_cny__gte", 0)),
                        name="selectionitem_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "reject"), _negated=True),
                            ("reason__gt", ""),
                            _connector="OR",
                        ),
                        name="selectionitem_rejection_explained",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Verification",
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
                        related_name="verification",
                        to="applications.application",
                    ),
                ),
                ("claimed_cny", models.DecimalField(decimal_places=2, max_digits=14)),
                ("verified_cny", models.DecimalField(decimal_places=2, max_digits=14)),
                ("rows", models.JSONField(default=dict)),
                ("computation", models.JSONField()),
                ("note", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("drafted", "待负责人审签"),
                            ("released", "已审签"),
                            ("sent_back", "已退回"),
                        ],
                        default="drafted",
                        max_length=10,
                    ),
                ),
                ("sent_back_note", models.CharField(blank=True, max_length=500)),
                (
                    "audit_report",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="applications.attachment",
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("released_by__isnull", True),
                            models.Q(("released_by", models.F("drafted_by")), _negated=True),
                            _connector="OR",
                        ),
                        name="verification_two_people",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("verified_cny__gte", 0), ("verified_cny__lte", models.F("claimed_cny"))
                        ),
                        name="verification_within_claimed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("released_at__isnull", False),
                                ("released_by__isnull", False),
                                ("state", "released"),
                            ),
                            models.Q(
                                models.Q(("state", "released"), _negated=True),
                                ("released_at__isnull", True),
                                ("released_by__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="verification_released_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent_back"), _negated=True),
                            ("sent_back_note__gt", ""),
                            _connector="OR",
                        ),
                        name="verification_sent_back_with_note",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CheckItem",
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
                        related_name="check_items",
                        to="applications.application",
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("passed", "符合"),
                            ("failed", "不符合"),
                            ("not_applicable", "不适用"),
                        ],
                        max_length=20,
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "attachment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="applications.attachment",
                    ),
                ),
                ("page", models.PositiveSmallIntegerField(null=True)),
                (
                    "checked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("checked_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("application", "code"), name="checkitem_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("result", "failed"), _negated=True),
                            ("note__gt", ""),
                            _connector="OR",
                        ),
                        name="checkitem_failure_explained",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Conflict",
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
                        related_name="conflicts",
                        to="applications.application",
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conflicts",
                        to="reviews.expert",
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("note", models.CharField(blank=True, max_length=300)),
                (
                    "declared_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("declared_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("application", "expert"), name="conflict_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Finding",
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
                        related_name="findings",
                        to="applications.application",
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("subject_key", models.CharField(max_length=120)),
                ("facts", models.JSONField(default=dict)),
                (
                    "invoice",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="applications.invoice",
                    ),
                ),
                (
                    "other",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="applications.application",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "待核"), ("confirmed", "属实"), ("dismissed", "排除")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("found_at", models.DateTimeField()),
                (
                    "settled_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("settled_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("application", "kind", "subject_key"), name="finding_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "open"),
                            models.Q(
                                ("reason__gt", ""),
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="finding_settled_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Opinion",
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
                        related_name="opinions",
                        to="applications.application",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="opinions",
                        to="accounts.unit",
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("due_on", models.DateField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("waiting", "待反馈"),
                            ("no_objection", "无异议"),
                            ("objection", "有异议"),
                            ("veto", "否决"),
                            ("silent", "逾期视为无异议"),
                        ],
                        default="waiting",
                        max_length=20,
                    ),
                ),
                ("text", models.TextField(blank=True)),
                (
                    "given_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("given_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(blank=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answered_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["unit", "outcome", "due_on"], name="opinion_queue")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("application", "unit"), name="opinion_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answer", ""),
                                ("answered_at__isnull", True),
                                ("answered_by__isnull", True),
                            ),
                            models.Q(
                                ("answer__gt", ""),
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="opinion_answer_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome__in", ["objection", "veto"]), _negated=True),
                            ("text__gt", ""),
                            _connector="OR",
                        ),
                        name="opinion_objection_explained",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["waiting", "silent"]),
                            models.Q(("given_at__isnull", False), ("given_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="opinion_given_by_someone",
                    ),
                ],
            },
        ),
        AddTrigger(
            model_name="objection",
            trigger=pgtrigger.compiler.Trigger(
                name="objection_not_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="e24040f0ed3c50151d811fa9b2206493aae482b4",
                    operation="DELETE",
                    pgid="pgtrigger_objection_not_deleted_79da2",
                    table="reviews_objection",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="scoring",
            trigger=pgtrigger.compiler.Trigger(
                name="scoring_submitted_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."submitted_at" IS NOT NULL AND OLD."submitted_at" IS NOT NULL AND (OLD."scores" IS DISTINCT FROM (NEW."scores") OR OLD."total" IS DISTINCT FROM (NEW."total")))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="f2d0409bf38f090f57327c9019bef1ed962f2aae",
                    operation="UPDATE",
                    pgid="pgtrigger_scoring_submitted_kept_ad9a5",
                    table="reviews_scoring",
                    when="BEFORE",
                ),
            ),
        ),
        AddTrigger(
            model_name="scoring",
            trigger=pgtrigger.compiler.Trigger(
                name="scoring_without_conflict",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                IF (TG_OP = 'INSERT' OR NEW.submitted_at IS NOT NULL) AND EXISTS (\n                  SELECT 1 FROM reviews_conflict c JOIN reviews_seat s ON s.expert_id = c.expert_id\n                   WHERE s.id = NEW.seat_id AND c.application_id = NEW.application_id)\n                THEN\n                  RAISE EXCEPTION 'an expert with a conflict may not judge'\n                    USING ERRCODE = 'integrity_constraint_violation',\n                          CONSTRAINT = 'scoring_without_conflict';\n                END IF;\n                RETURN NEW;\n                ",
                    hash="db48074987595483da663f47ee3e24c86d2a857c",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_scoring_without_conflict_633fb",
                    table="reviews_scoring",
                    when="BEFORE",
                ),
            ),
        ),
    ]
