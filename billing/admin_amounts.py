"""What operators enter where they move an amount, and how they are told what came of it."""

from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from billing.models import Move
from billing.moves import desk
from catalog.admin_acts import Dialog
from catalog.admin_page import go_to
from kernel import money

__all__ = ["Amount", "CreditForm", "told"]


class Amount(Dialog):
    """Asks how much and why; its token makes two clicks one movement."""

    usd = forms.CharField(
        label="Amount in USD", widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
    )
    reason = forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget())
    token = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput())

    def clean_usd(self) -> int:
        """Return the amount in nano-USD."""
        try:
            return money.from_usd(self.cleaned_data["usd"].strip())
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None


class CreditForm(Amount):
    """Asks how much of what a request cost is given back."""

    def ask(self, workspace_id: int, request_id: UUID, *, by: str) -> Move:
        """Ask for the credit. Raises desk.NotAllowed for more than is left of what the request cost."""
        return desk.credit_request(
            workspace_id=workspace_id,
            request_id=request_id,
            amount=self.cleaned_data["usd"],
            reason=self.cleaned_data["reason"],
            by=by,
            token=self.cleaned_data["token"],
        )


def told(request: HttpRequest, move: Move) -> HttpResponse:
    """Say what came of a movement that was asked for, and go to it."""
    if move.status == Move.Status.POSTED:
        messages.success(request, "Posted.")
        return go_to(request, reverse("admin:billing_ledgertransaction_change", args=[move.transaction_id]))
    messages.warning(request, "Kept. Somebody else must post it, because of its size.")
    return go_to(request, reverse("admin:billing_move_change", args=[move.pk]))
