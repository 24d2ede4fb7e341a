"""The form of whom papers are made out to: what a browser fills in, what has to be said, what cannot be."""

import pytest

from billing.paper.details import FIELDS, DetailsForm

SAID = {
    "legal_name": "Ada Ltd",
    "line1": "Way 1",
    "city": "Berlin",
    "country": "DE",
    "tax_id": "de 123 456 789",
}


def test_a_browser_fills_in_an_address_and_no_country_is_chosen_beforehand() -> None:
    form = DetailsForm()
    html = str(form)
    assert html.index("Choose a country") < html.index("Afghanistan")
    completed = {name: form.fields[name].widget.attrs["autocomplete"] for name in FIELDS}
    assert completed["postal_code"] == "postal-code"
    assert completed["reference"] == completed["tax_id"] == "off"


@pytest.mark.django_db
def test_a_tax_id_is_kept_in_capitals_and_of_its_country_alone() -> None:
    form = DetailsForm(SAID)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["tax_id"] == "DE 123 456 789"
    other = DetailsForm({**SAID, "country": "AT"})
    assert not other.is_valid()
    assert list(other.errors) == ["tax_id"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["legal_name", "line1", "city", "country"])
def test_an_address_has_a_name_a_street_a_town_and_a_country(name: str) -> None:
    form = DetailsForm({**SAID, "tax_id": "", name: ""})
    assert not form.is_valid()
    assert list(form.errors) == [name]
