"""What an operator enters about payments: a refund with its reason, a decision, what came of an alert."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.admin_acts import Dialog

__all__ = ["DecideForm", "RefundForm", "ResolveForm"]


class RefundForm(Dialog):
    """Asks how much is refunded and why; its token makes two clicks one refund."""

    usd = forms.DecimalField(
        label="Amount in USD",
        min_value=Decimal("0.01"),
        max_digits=9,
        decimal_places=2,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget())
    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput())

    @property
    def cents(self) -> int:
        """The amount in cents."""
        return int(self.cleaned_data["usd"] * 100)


class DecideForm(Dialog):
    """Asks why a refund is approved or declined."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget())


class ResolveForm(Dialog):
    """Asks what came of an alert."""

    resolution = forms.CharField(label="What came of it", max_length=500, widget=UnfoldAdminTextInputWidget())

    def clean_resolution(self) -> Any:
        """Refuse words that say nothing."""
        words = self.cleaned_data["resolution"].strip()
        if not words:
            raise forms.ValidationError("Say what came of it.")
        return words
