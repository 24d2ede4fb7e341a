"""Tax ids: what may be one of its country, and what cannot."""

import pytest

from billing.paper import countries, tax_ids


@pytest.mark.parametrize(
    ("country", "written", "printed"),
    [
        ("DE", "de 123 456 789", "DE 123 456 789"),
        ("AT", "ATU12345678", "ATU12345678"),
        ("PL", "PL 123-456-78-90", "PL 123-456-78-90"),
        ("NL", "NL123456789B01", "NL123456789B01"),
        ("GR", "EL123456789", "EL123456789"),
        ("BR", "12.345.678/0001-90", "12.345.678/0001-90"),
        ("US", "12-3456789", "12-3456789"),
        ("IN", "22AAAAA0000A1Z5", "22AAAAA0000A1Z5"),
        ("KE", "P051234567X", "P051234567X"),
        ("", "X-1234", "X-1234"),
        ("FR", "  ", ""),
    ],
)
def test_tax_ids_that_may_be_are_kept_in_capitals(country: str, written: str, printed: str) -> None:
    assert tax_ids.tidy(written, country=country) == printed


@pytest.mark.parametrize(
    ("country", "written"),
    [("DE", "12345"), ("AT", "12345678"), ("US", "123"), ("KE", "=1+1"), ("", "?"), ("GB", "GB12")],
)
def test_tax_ids_that_cannot_be_are_refused_with_how_they_look(country: str, written: str) -> None:
    with pytest.raises(tax_ids.InvalidTaxId, match="tax id"):
        tax_ids.tidy(written, country=country)


def test_tax_ids_are_looked_at_by_countries_that_exist() -> None:
    assert set(tax_ids._SHAPES) <= set(countries.NAMES)
    assert len(countries.NAMES) == 249
