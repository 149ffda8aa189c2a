"""The document and its articles, the measures that it promises, and their dated rules."""

from datetime import date

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.columns import refuse, uid_column


class Document(models.Model):
    """A policy document (文件): what every clause is quoted from."""

    number = models.CharField(_("文号"), max_length=60, unique=True)
    title_zh = models.CharField(_("标题"), max_length=200)
    title_en = models.CharField(_("英文标题"), max_length=300)
    issuer_zh = models.CharField(_("发文机关"), max_length=200)
    issuer_en = models.CharField(_("发文机关（英文）"), max_length=300)
    issued_on = models.DateField(_("发文日期"))
    text = models.TextField(_("全文"))
    # Its parts (一 to 六), by which the catalogue is grouped: code, zh, en, first and last article.
    parts = models.JSONField(_("部分"), default=list, blank=True)

    class Meta:
        ordering = ["-issued_on", "number"]

    def __str__(self):
        return f"{self.title_zh}（{self.number}）"


class Article(models.Model):
    """An article (条) of a document, with its verbatim text and its responsible units."""

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="articles")
    no = models.PositiveSmallIntegerField(_("条"))
    title_zh = models.CharField(_("条标"), max_length=100)
    title_en = models.CharField(_("条标（英文）"), max_length=200)
    text = models.TextField(_("原文"))
    units = models.ManyToManyField(
        "accounts.Unit", through="ArticleUnit", related_name="articles", verbose_name=_("责任单位")
    )

    class Meta:
        ordering = ["document", "no"]
        constraints = [
            models.UniqueConstraint(fields=["document", "no"], name="policy_article_no_unique"),
        ]

    def __str__(self):
        return f"第{self.no}条 {self.title_zh}"


class ArticleUnit(models.Model):
    """A responsible unit (责任单位) of an article, in the order of the text.

    The lead unit is the first-named one; the text itself never says 牵头.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="article_units")
    unit = models.ForeignKey(
        "accounts.Unit", on_delete=models.PROTECT, related_name="article_units"
    )
    position = models.PositiveSmallIntegerField(_("次序"))

    class Meta:
        ordering = ["article", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["article", "position"], name="policy_articleunit_position_unique"
            ),
            models.UniqueConstraint(
                fields=["article", "unit"], name="policy_articleunit_unit_unique"
            ),
        ]

    def __str__(self):
        return f"{self.article_id}/{self.position}"


class MeasureQuerySet(models.QuerySet):
    def with_units(self):
        """With article, lead unit and the named units in the text's order: 2 queries."""
        named = (
            ArticleUnit.objects.select_related("unit")
            .exclude(unit__kind="district")
            .order_by("position")
        )
        return self.select_related("article", "article__document", "lead_unit").prefetch_related(
            models.Prefetch("article__article_units", queryset=named, to_attr="named_units")
        )

    def with_money(self):
        return self.filter(money=True)


class Measure(models.Model):
    """A measure (支持措施): one of the 32 lines of the catalogue."""

    class Kind(models.TextChoices):
        GRANT = "grant", _("资助")
        REWARD = "reward", _("奖励")
        SUBSIDY = "subsidy", _("补贴")
        COMPENSATION = "compensation", _("风险补偿")
        RECOGNITION = "recognition", _("认定")
        CULTIVATION = "cultivation", _("培育")
        SUPPORT = "support", _("支持")
        RANKING = "ranking", _("排行榜")
        LIST = "list", _("名单")

    line = models.CharField(_("代码"), max_length=8, unique=True)
    article = models.ForeignKey(Article, on_delete=models.PROTECT, related_name="measures")
    name_zh = models.CharField(_("名称"), max_length=60)
    name_en = models.CharField(_("英文名称"), max_length=120)
    kinds = ArrayField(
        models.CharField(max_length=20, choices=Kind.choices), verbose_name=_("方式")
    )
    recipients_zh = models.CharField(_("支持对象"), max_length=200)
    recipients_en = models.CharField(_("支持对象（英文）"), max_length=300)
    clause = models.TextField(_("原文"))
    clause_en = models.TextField(_("原文（英译）"))
    money = models.BooleanField(_("涉及资金"))
    position = models.PositiveSmallIntegerField(_("次序"), unique=True)
    lead_unit = models.ForeignKey(
        "accounts.Unit",
        on_delete=models.PROTECT,
        related_name="led_measures",
        verbose_name=_("牵头单位"),
    )

    objects = MeasureQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(line__regex=r"^\d{1,2}-\d[a-d]?$"), name="policy_measure_line_form"
            ),
            models.CheckConstraint(condition=~Q(kinds=[]), name="policy_measure_has_kind"),
        ]

    def __str__(self):
        return f"{self.line} {self.name_zh}"

    @property
    def co_units(self):
        """The article's other units, districts not among them, in the text's order."""
        named = getattr(self.article, "named_units", None)
        if named is None:
            named = self.article.article_units.select_related("unit").order_by("position")
        return [
            row.unit
            for row in named
            if row.unit_id != self.lead_unit_id and row.unit.kind != "district"
        ]


class DefinitionQuerySet(models.QuerySet):
    def in_force(self, *, on: date):
        """The newest definition of every measure that is valid on the date."""
        return (
            self.filter(valid_from__lte=on)
            .order_by("measure__position", "-valid_from")
            .distinct("measure__position")
        )


class Definition(models.Model):
    """A measure's rules from a date on: form, rubric, stages, award, caps. Never edited.

    ``body`` is what ``policy.schema.parse`` reads; ``sha256`` is the hash of its canonical
    JSON. A change is a new row with a later date.
    """

    uid = uid_column()
    measure = models.ForeignKey(Measure, on_delete=models.PROTECT, related_name="definitions")
    valid_from = models.DateField(_("生效日期"))
    body = models.JSONField(_("内容"))
    sha256 = models.CharField("SHA-256", max_length=64)
    loaded_at = models.DateTimeField(_("载入时间"))

    objects = DefinitionQuerySet.as_manager()

    class Meta:
        ordering = ["measure", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure", "valid_from"], name="policy_definition_date_unique"
            ),
            # The target of Call's composite foreign key: a call's definition is its measure's.
            models.UniqueConstraint(fields=["id", "measure"], name="policy_definition_of_measure"),
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="policy_definition_sha256_form"
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="definition_immutable",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=refuse("policy_definition_immutable", "a definition is never edited"),
            ),
        ]

    def __str__(self):
        return f"{self.measure_id} {self.valid_from:%Y-%m-%d}"
