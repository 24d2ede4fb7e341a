"""What an operator enters about vouchers: the terms of a batch, a code for somebody, why a batch is stopped."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts.models import Workspace
from billing.models import VoucherBatch
from catalog.admin_acts import Dialog
from kernel import clock
from kernel import money as usd

__all__ = ["TERMS", "BatchForm", "RedeemForm", "StopForm"]

GREATEST_USD = 10_000
TERMS = ("codes", "most_redemptions", "once_per_workspace", "redeem_by", "credit_days", "credit_ends_on")
"""What a batch says beside its note and amount, and keeps."""


class BatchForm(forms.ModelForm):  # type: ignore[type-arg]
    """Asks for the terms of a batch; its token makes two clicks one batch."""

    usd = forms.CharField(
        label="USD for each redemption", widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    )
    codes = forms.IntegerField(
        min_value=1, max_value=10_000, widget=UnfoldAdminIntegerFieldWidget(), help_text="At most 10,000."
    )
    most_redemptions = forms.IntegerField(
        label="Redemptions of each code",
        min_value=1,
        max_value=1_000_000,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="How many workspaces may redeem one code.",
    )
    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput())

    class Meta:
        model = VoucherBatch
        fields = ("note", *TERMS)

    def clean_usd(self) -> int:
        """Return the amount in nano-USD."""
        try:
            amount = usd.from_usd(self.cleaned_data["usd"].strip())
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None
        if not 0 < amount <= GREATEST_USD * usd.NANO_PER_USD:
            raise forms.ValidationError(f"More than zero, at most {GREATEST_USD:,} USD.")
        return amount

    def clean_token(self) -> UUID:
        """Refuse a form that was sent before."""
        token: UUID = self.cleaned_data["token"]
        if VoucherBatch.objects.filter(pk=token).exists():
            raise forms.ValidationError(
                "These codes were made already. They are shown once: stop the batch if they were lost."
            )
        return token

    def clean(self) -> dict[str, Any]:
        """Refuse days that are over, and two ends of the credit."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        today = clock.utc_day(clock.now())
        for name in ("redeem_by", "credit_ends_on"):
            day: date | None = cleaned.get(name)
            if day is not None and day <= today:
                self.add_error(name, "A day to come.")
        if cleaned.get("credit_days") and cleaned.get("credit_ends_on"):
            self.add_error("credit_ends_on", "The credit ends after some days or on a day, not both.")
        if cleaned.get("token"):
            self.instance.id = cleaned["token"]
        self.instance.amount = cleaned.get("usd") or 1
        return cleaned


class RedeemForm(Dialog):
    """Asks for a code, who gets its credit, and why an operator redeems it."""

    code = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))
    workspace = forms.SlugField(label="Slug of the workspace", widget=UnfoldAdminTextInputWidget())
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget())

    def clean_workspace(self) -> Workspace:
        """Return the workspace."""
        found = Workspace.objects.filter(slug=self.cleaned_data["workspace"]).first()
        if found is None:
            raise forms.ValidationError("There is no workspace with this slug.")
        return found


class StopForm(Dialog):
    """Asks why a batch is stopped."""

    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget())
