"""What a person enters about payments, and how it is refused beside the field."""

from decimal import Decimal

from django import forms

from . import recharge_rules

__all__ = ["AddForm", "RechargeForm"]

_MOST_USD = Decimal(1_000_000)


def _usd(label: str, *, least: int, help_text: str = "", required: bool = True) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=Decimal(least),
        max_value=_MOST_USD,
        max_digits=9,
        decimal_places=2,
        help_text=help_text,
        required=required,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )


class AddForm(forms.Form):
    """How much credit to add."""

    amount = _usd("Amount in USD", least=0)

    @property
    def cents(self) -> int:
        """The amount in cents."""
        return int(self.cleaned_data["amount"] * 100)


class RechargeForm(forms.Form):
    """When to top up without being asked, by how much, and up to what sum a month."""

    threshold = _usd("When the balance falls below", least=0)
    amount = _usd("Add", least=0)
    ceiling = _usd(
        "At most in a month",
        least=0,
        help_text="Of a month in UTC. Once it is reached, nothing more is charged until the next.",
    )

    def rules(self, *, enabled: bool) -> recharge_rules.Rules:
        """Return what was entered, in cents."""
        cents = {name: int(self.cleaned_data[name] * 100) for name in ("threshold", "amount", "ceiling")}
        return recharge_rules.Rules(enabled=enabled, **cents)
