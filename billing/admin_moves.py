"""How an operator moves money by hand: what is asked, which system account stands against it, and the posting."""

from typing import Any
from uuid import UUID, uuid4

from django import forms
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from billing import ledger
from billing.models import LedgerEntry, LedgerTransaction
from kernel import money

__all__ = ["MoveForm", "ReverseForm"]

Kind, System = LedgerTransaction.Kind, LedgerEntry.Account
GREATEST_USD = 1_000_000
OFFSETS = {Kind.GRANT: System.PROMOTION, Kind.TOP_UP: System.CLEARING, Kind.ADJUSTMENT: System.REVENUE}
KINDS = (
    (Kind.GRANT, "Grant: a gift of ours"),
    (Kind.TOP_UP, "Top-up: a payment that came by another way"),
    (Kind.ADJUSTMENT, "Adjustment: a correction of charges, up or down"),
)


class MoveForm(BaseDialogForm):  # type: ignore[misc]  # unfold has no types
    """Asks what is moved and why; its token makes two clicks one movement."""

    kind = forms.ChoiceField(choices=KINDS, widget=UnfoldAdminSelectWidget(choices=KINDS))
    usd = forms.CharField(
        label="Amount in USD", widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    )
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget())
    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput())

    def clean_usd(self) -> int:
        """Return the amount in nano-USD."""
        try:
            amount = money.from_usd(self.cleaned_data["usd"].strip())
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None
        if amount == 0 or abs(amount) > GREATEST_USD * money.NANO_PER_USD:
            raise forms.ValidationError(f"An amount other than zero, at most {GREATEST_USD:,} USD.")
        return amount

    def clean(self) -> dict[str, Any]:
        """Refuse to take by a grant or a top-up."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("usd", 1) < 0 and cleaned.get("kind") != Kind.ADJUSTMENT:
            self.add_error("usd", "Only an adjustment takes money off an account.")
        return cleaned

    def post(self, workspace_id: int, *, actor: str) -> UUID:
        """Post the movement that was asked for and return its id. Raises ledger.Conflict for a reused token."""
        kind = Kind(self.cleaned_data["kind"])
        return ledger.post(
            workspace_id=workspace_id,
            kind=kind,
            amount=self.cleaned_data["usd"],
            offset=OFFSETS[kind],
            idem_key=f"admin:{self.cleaned_data['token']}",
            reason=self.cleaned_data["reason"],
            actor=actor,
        )


class ReverseForm(BaseDialogForm):  # type: ignore[misc]
    """Asks why a movement is reversed."""

    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget())
