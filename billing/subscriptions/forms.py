"""What a person enters about spilling from plan credits to the balance."""

from decimal import Decimal

from django import forms

from kernel import money

__all__ = ["SpillForm"]


class SpillForm(forms.Form):
    """Up to how much of the balance usage may take in a month; empty is all of it."""

    ceiling = forms.DecimalField(
        label="At most in a month, in USD",
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(1_000_000),
        max_digits=9,
        decimal_places=2,
        help_text="Of a month in UTC. Empty means the whole balance.",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    @property
    def ceiling_nano(self) -> int | None:
        """The ceiling in nano-USD, or None for none."""
        entered = self.cleaned_data["ceiling"]
        return None if entered is None else money.from_usd(entered)
