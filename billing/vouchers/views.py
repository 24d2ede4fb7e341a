"""The page Voucher: a code is typed and becomes credit, or is told why not."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.models import Member
from billing import figures
from billing.models import Redemption
from billing.seats import frame, payers
from kernel import money

from . import codes
from .redeeming import Given, Refused, redeem

__all__ = ["voucher"]

_SHOWN = 20


class CodeForm(forms.Form):
    """Asks for a code."""

    code = forms.CharField(
        label="Voucher code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=f"Such as {codes.EXAMPLE}. Small letters and spaces do not matter.",
    )


@require_http_methods(["GET", "POST"])
@payers
def voucher(request: HttpRequest, member: Member) -> HttpResponse:
    """Show the form and what was redeemed so far, or redeem a code."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            given = redeem(
                member.workspace,
                form.cleaned_data["code"],
                by=member.user.email,
                limited_as=str(member.user.pk),
            )
        except Refused as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, _says(given))
            return redirect("dashboard:voucher")
    context = frame(member, here="credit") | {"form": form, "redeemed": _redeemed(member.workspace_id)}
    return render(request, "billing/vouchers/voucher.html", context, status=400 if form.errors else 200)


def _says(given: Given) -> str:
    until = (
        f" It is gone from {figures.day(given.expires_on, year=True)} on (UTC)." if given.expires_on else ""
    )
    return f"${money.show(given.amount, decimals=2)} was added.{until}"


def _redeemed(workspace_id: int) -> list[Redemption]:
    found = Redemption.objects.filter(workspace_id=workspace_id).select_related("voucher__batch")
    return list(found.order_by("-redeemed_at", "-id")[:_SHOWN])
