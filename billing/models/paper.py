"""The rows of papers: what was issued, who issues, and whom a workspace's papers are made out to."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from kernel import clock

__all__ = ["BillingDetails", "Paper", "PaperIssuer"]


class Paper(models.Model):
    """A receipt, credit note or monthly statement with all its words, for ever; `billing.paper` writes it.

    Money in nano-USD unless named cents. Without a series it is another's document (Stripe's), named and linked.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", "Receipt"
        CREDIT_NOTE = "credit_note", "Credit note"
        STATEMENT = "statement", "Usage statement"

    id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    kind = models.TextField(choices=Kind.choices)
    series = models.TextField(null=True)
    number = models.BigIntegerField(null=True, help_text="Gap-free within its series.")
    transaction_id = models.UUIDField(null=True, help_text="The movement that it documents.")
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True, help_text="The last UTC day of the month it states.")
    currency = models.TextField(default="USD")
    total_nano = models.BigIntegerField()
    total_cents = models.BigIntegerField()
    ledger_seq = models.BigIntegerField(null=True, help_text="The last ledger entry a statement looked at.")
    next_seq = models.BigIntegerField(null=True, help_text="All entries below it are on a statement.")
    charge_no = models.BigIntegerField(null=True, help_text="The last charge number a statement looked at.")
    closing = models.BigIntegerField(null=True)
    remainder = models.BigIntegerField(
        null=True, help_text="Usage below a cent, carried to the next statement."
    )
    content = models.TextField(help_text="Everything it says, as JSON.")
    digest = models.BinaryField(help_text="SHA-256 of the content.")
    foreign_number = models.TextField(default="")
    foreign_url = models.TextField(default="")
    issued_at = models.DateTimeField()

    class Meta:
        db_table = "billing_paper"

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Its number as it is printed: R-000123, or the other issuer's."""
        return f"{self.series}-{self.number:06d}" if self.series else self.foreign_number


class Address(models.Model):
    """Who and where somebody is, as papers say it."""

    legal_name = models.CharField(max_length=200)
    line1 = models.CharField("address", max_length=200, blank=True)
    line2 = models.CharField("address, second line", max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField("state or region", max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="Two letters of ISO 3166.")
    tax_id = models.CharField("tax id", max_length=40, blank=True)
    email = models.EmailField("e-mail for papers", blank=True)
    changed_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        abstract = True


class BillingDetails(Address):
    """Whom a workspace's papers are made out to; each paper keeps what was said when it was issued."""

    workspace_id = models.BigIntegerField(primary_key=True)
    reference = models.CharField(
        "your reference",
        max_length=100,
        blank=True,
        help_text="A purchase order or cost centre, printed as it is.",
    )
    changed_by = models.CharField(max_length=254, blank=True, editable=False)

    class Meta:
        db_table = "billing_details"
        verbose_name_plural = "billing details"

    def __str__(self) -> str:
        return self.legal_name


def one_line_each(text: str) -> None:
    """Raise ValidationError for a note of more lines than a page's foot has room for."""
    if len(text.splitlines()) > 6:
        raise ValidationError("At most six lines.")


class PaperIssuer(Address):
    """Who issues the papers: the one row is filled in by an operator before the first paper."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    note = models.TextField(
        blank=True,
        max_length=600,
        validators=[one_line_each],
        help_text="Printed at the end of each paper: what your tax law wants said, a register number.",
    )

    class Meta:
        db_table = "billing_paper_issuer"
        verbose_name = "issuer of papers"
        verbose_name_plural = "issuer of papers"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="paper_issuer_is_one")]

    def __str__(self) -> str:
        return self.legal_name
