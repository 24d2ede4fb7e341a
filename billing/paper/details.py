"""The form in which customers and operators say whom papers are made out to, or who issues them."""

from typing import Any

from django import forms

from billing.models import BillingDetails, PaperIssuer

from . import countries, tax_ids

__all__ = ["FIELDS", "DetailsForm", "IssuerForm"]

_ADDRESS = ("legal_name", "line1", "line2", "postal_code", "city", "region", "country", "tax_id", "email")
FIELDS = (*_ADDRESS, "reference")
_COMPLETED_AS = {
    "legal_name": "organization",
    "line1": "address-line1",
    "line2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
    "region": "address-level1",
    "country": "country",
    "email": "email",
}


class _AddressForm(forms.ModelForm):  # type: ignore[type-arg]  # of two models
    """Checks an address and its tax id."""

    country = forms.ChoiceField(choices=countries.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "Choose a country"), *countries.choices()]  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            field.widget.attrs["autocomplete"] = _COMPLETED_AS.get(name, "off")
        for name in ("line1", "city"):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        """Refuse a tax id that cannot be one of the country."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            cleaned["tax_id"] = tax_ids.tidy(cleaned.get("tax_id", ""), country=cleaned.get("country", ""))
        except tax_ids.InvalidTaxId as error:
            self.add_error("tax_id", str(error))
        return cleaned


class DetailsForm(_AddressForm):
    """Whom a workspace's papers are made out to."""

    class Meta:
        model = BillingDetails
        fields = FIELDS


class IssuerForm(_AddressForm):
    """Who issues the papers."""

    class Meta:
        model = PaperIssuer
        fields = (*_ADDRESS, "note")
