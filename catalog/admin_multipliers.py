"""The operator's page of factors on prices: each in force for a time, one of a scope and target at once."""

from decimal import Decimal

from django.contrib import admin
from django.http import HttpRequest

from .admin_page import Page, figure, moment
from .models import Multiplier

_MILLION = 10**6


@admin.register(Multiplier)
class MultiplierPage(Page):
    """Factors on prices. A charge names the factors it took, so one is ended and followed, not changed."""

    list_display = (
        "scope",
        figure("number", "No.", lambda row: row.pk, order="id"),
        "shown_target",
        figure("factor", "Factor", lambda row: f"{Decimal(row.factor_ppm) / _MILLION:f}", order="factor_ppm"),
        moment("valid_from", "From", order=True),
        moment("valid_until", "Until"),
        "reason",
    )
    list_filter = ("scope",)
    search_fields = ("target", "reason")
    fields = ("scope", "target", "factor_ppm", "valid_from", "valid_until", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Multiplier | None = None) -> tuple[str, ...]:
        """Return what charges refer to, once it is saved."""
        return ("scope", "target", "factor_ppm", "valid_from") if obj is not None else ()

    @admin.display(description="Applies to", ordering="target")
    def shown_target(self, row: Multiplier) -> str:
        """Show the target, or that it is everything."""
        return row.target or "everything"
