"""What an applicant writes and adds: answers, rows of tables, invoices, files."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from applications.models.cases import Application
from portal.columns import uid_column, user_column


class Answer(models.Model):
    """The answers of one section (栏目); the revision counts saves.

    ``data`` holds for each field the JSON that ``policy.schema.form`` describes, or the text as
    it was typed where that could not be read: a draft loses nothing. What is wrong and how far a
    section has come is computed when asked (``applications.sections``), not stored.
    """

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="answers")
    section = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    # field code → {"revision", "by", "at", "tab"}: who wrote what last, for merging two tabs; with
    # "source" where it was taken from elsewhere (applications.prefilling).
    touched = models.JSONField(default=dict)
    # The pages that were saved by their button; their own late autosaves are refused.
    closed_tabs = ArrayField(models.CharField(max_length=16), default=list)
    updated_by = user_column(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "section"], name="answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.section}"


class TableRow(models.Model):
    """A row of a child table (子表); ``data`` as an Answer's."""

    uid = uid_column()
    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="table_rows"
    )
    table = models.CharField(max_length=40)
    position = models.PositiveIntegerField()
    data = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)
    updated_by = user_column(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["table", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "table", "position"],
                name="tablerow_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id}/{self.table}#{self.position}"


class Invoice(models.Model):
    """A row of the investment table (投入明细表): one invoice, its columns as policy.invoices.

    ``raw`` keeps every cell as an Answer's data, so that a draft loses nothing; the typed
    columns hold what could be read. ``problems`` (column → issue) is what the last check of the
    table found; ``valid`` says that the row passed every check.
    """

    uid = uid_column()
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="invoices")
    position = models.PositiveIntegerField()
    raw = models.JSONField(default=dict)
    problems = models.JSONField(default=dict)
    valid = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    updated_by = user_column(null=True)
    updated_at = models.DateTimeField(null=True)
    category = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=120, blank=True)
    specification = models.CharField(max_length=120, blank=True)
    quantity = models.DecimalField(max_digits=16, decimal_places=4, null=True)
    seller = models.CharField(max_length=120, blank=True)
    seller_uscc = models.CharField(max_length=18, blank=True)
    contract_no = models.CharField(max_length=60, blank=True)
    invoice_no = models.CharField(max_length=40, blank=True)
    invoice_date = models.DateField(null=True)
    net_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    tax_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    gross_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    paid_on = models.DateField(null=True)
    voucher_no = models.CharField(max_length=60, blank=True)
    related_party = models.BooleanField(null=True)
    fiscal_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    # The reviewer's verification (核定).
    verified_cny = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    reduction_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["application", "position"],
                name="invoice_position",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=Q(valid=False) | Q(gross_cny=F("net_cny") + F("tax_cny")),
                name="invoice_gross_is_net_plus_tax",
            ),
            models.CheckConstraint(
                condition=Q(valid=False)
                | Q(
                    invoice_no__gt="",
                    category__gt="",
                    invoice_date__isnull=False,
                    net_cny__isnull=False,
                    tax_cny__isnull=False,
                    gross_cny__isnull=False,
                    related_party__isnull=False,
                    fiscal_percent__isnull=False,
                ),
                name="invoice_valid_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(fiscal_percent__isnull=True)
                | Q(fiscal_percent__gte=0, fiscal_percent__lte=100),
                name="invoice_fiscal_percent_bounds",
            ),
            models.CheckConstraint(
                condition=Q(verified_cny__isnull=True)
                | Q(verified_cny__gte=0, verified_cny__lte=F("gross_cny")),
                name="invoice_verified_within_gross",
            ),
            models.UniqueConstraint(
                fields=["application", "invoice_no"],
                condition=Q(valid=True),
                name="invoice_once_per_application",
            ),
        ]
        indexes = [models.Index(fields=["invoice_no"], name="invoice_number")]

    def __str__(self) -> str:
        return f"{self.application_id}#{self.position} {self.invoice_no}"


class Attachment(models.Model):
    """A file in a slot (附件) of an application; removed, never deleted."""

    uid = uid_column()
    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="attachments"
    )
    slot = models.CharField(max_length=40)
    name = models.CharField(max_length=255)
    blob = models.ForeignKey("files.Blob", on_delete=models.PROTECT, related_name="+")
    uploaded_by = user_column()
    uploaded_at = models.DateTimeField()
    removed_by = user_column(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["application", "slot"], name="attachment_slot")]

    def __str__(self) -> str:
        return self.name
