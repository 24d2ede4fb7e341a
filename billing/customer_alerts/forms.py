"""What a person enters about an alert or an endpoint, and how it is refused beside the field."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from accounts.models import ApiKey
from kernel import addresses, money

from . import endpoints
from .kinds import KINDS, Of
from .rules import Wish

__all__ = ["AlertForm", "EndpointForm"]


class AlertForm(forms.Form):
    """Asks for what an alert of one kind needs, and for nothing else."""

    amount = forms.DecimalField(
        label="Amount in USD",
        min_value=Decimal("0.000000001"),
        max_value=Decimal(10**9),
        decimal_places=9,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    percent = forms.IntegerField(
        label="Percent",
        min_value=1,
        max_value=100,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    by_mail = forms.BooleanField(label="By e-mail to owners, admins and billing", required=False)

    def __init__(self, *given: Any, kind: str, keys: Sequence[ApiKey], **more: Any) -> None:
        super().__init__(*given, **more)
        self.kind, self._keys = kind, {key.pk: key for key in keys}
        del self.fields["percent" if KINDS[kind].money else "amount"]
        if kind == Of.KEY:
            self.fields["key"] = _choice(keys)
            self.order_fields(["amount", "percent", "key", "by_mail"])

    def wish(self) -> Wish:
        """Return what was entered."""
        amount = self.cleaned_data.get("amount")
        return Wish(
            kind=self.kind,
            amount=money.from_usd(amount) if amount is not None else None,
            percent=self.cleaned_data.get("percent"),
            api_key=self._keys.get(self.cleaned_data.get("key") or 0),
            by_mail=self.cleaned_data["by_mail"],
        )

    @staticmethod
    def suggested(kind: str, value: int) -> dict[str, object]:
        """Return what the fields hold at first; `value` is in nano-USD, or in percent."""
        if KINDS[kind].money:
            return {"amount": money.show(value, decimals=2), "by_mail": True}
        return {"percent": value, "by_mail": True}


def _choice(keys: Sequence[ApiKey]) -> forms.TypedChoiceField:
    named = [(key.pk, key.name) for key in keys]
    return forms.TypedChoiceField(
        label="Key", required=False, coerce=int, empty_value=None, choices=[("", "Any key"), *named]
    )


class EndpointForm(forms.Form):
    """Asks for an address that may be called."""

    address = forms.CharField(
        label="Address",
        max_length=addresses.LONGEST_URL,
        help_text="Begins with https:// and has no ? in it.",
        widget=forms.URLInput(attrs={"autocomplete": "off"}),
    )

    def clean_address(self) -> str:
        """Refuse what must not be called."""
        address = str(self.cleaned_data["address"])
        try:
            endpoints.check(address)
        except addresses.RefusedAddress as error:
            # What an operator could do about it is not for customers.
            raise forms.ValidationError(str(error).partition("; say so")[0].removesuffix(".") + ".") from None
        return address
