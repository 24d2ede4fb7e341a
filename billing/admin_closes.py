"""The operator's pages of closed months: by whom, why, and the chain of hashes; all read-only."""

from django.contrib import admin
from django.utils.safestring import SafeString

from billing.admin_month_figures import lines
from billing.models import MonthClose
from billing.month_end import closing
from billing.month_end.counting import Figures
from billing.templatetags.figures import money
from catalog.admin_page import NOTHING, ReadOnlyPage, badge, moment, table

__all__: list[str] = []


@admin.register(MonthClose)
class MonthClosePage(ReadOnlyPage):
    """How a month was closed: by whom, why, against what, and the hash that chains it to the close before."""

    list_display = ("__str__", moment("closed_at", "Closed"), "closed_by", "what_stood", "reason")
    ordering = ("-no",)
    fieldsets = (
        (None, {"fields": (("__str__", "no"), ("closed_by", moment("closed_at", "Closed")), "reason", "what_stood")}),
        ("Figures, in USD", {"fields": ("amounts", moment("counted_at", "Counted"))}),
        ("Chain", {"fields": ("chained", "hash_of_this", "hash_before")}),
    )  # fmt: skip

    @admin.display(description="Stood against it")
    def what_stood(self, row: MonthClose) -> str:
        """Show what stood against it."""
        return " ".join(row.against) or "nothing"

    @admin.display(description="To the nano")
    def amounts(self, row: MonthClose) -> SafeString:
        """Show the figures as they were closed."""
        return table(
            ("", "USD"), ((name, money(amount, 9)) for name, amount in lines(Figures.read(row.figures)))
        )

    @admin.display(description="As it was closed")
    def chained(self, row: MonthClose) -> SafeString:
        """Show whether it is as it was closed, and follows on the close before."""
        holds = row.no not in closing.verify()
        return (
            badge("", "the hashes hold") if holds else badge("failed", "changed since, or out of its place")
        )

    @admin.display(description="Hash")
    def hash_of_this(self, row: MonthClose) -> str:
        """Show the close's own hash."""
        return bytes(row.hash).hex()

    @admin.display(description="Hash before")
    def hash_before(self, row: MonthClose) -> str:
        """Show the hash it is chained to."""
        return bytes(row.before).hex() or NOTHING
