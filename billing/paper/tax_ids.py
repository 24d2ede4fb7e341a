"""Whether a tax id may be one of its country: its shape only, and loosely; nobody is asked whether it is in force."""

import re
from collections.abc import Mapping

__all__ = ["InvalidTaxId", "tidy"]

_ANYWHERE = re.compile(r"[0-9A-Z][0-9A-Z ./&+*-]{2,38}[0-9A-Z*+]")
# The common number for companies, without spaces, points and dashes; country letters in front may be left out.
_SHAPES: Mapping[str, tuple[str, str]] = {
    "AT": (r"(AT)?U\d{8}", "ATU12345678"),
    "AU": (r"\d{11}|\d{9}", "an ABN: 12 345 678 901"),
    "BE": (r"(BE)?[01]?\d{9}", "BE0123456789"),
    "BG": (r"(BG)?\d{9,10}", "BG123456789"),
    "BR": (r"[0-9A-Z]{12}\d{2}|\d{11}", "a CNPJ: 12.345.678/0001-90"),
    "CA": (r"\d{9}(R[TCMP]\d{4})?", "a BN: 123456789 RT0001"),
    "CH": (r"(CHE)?\d{9}(MWST|TVA|IVA)?", "CHE-123.456.789"),
    "CY": (r"(CY)?\d{8}[A-Z]", "CY12345678X"),
    "CZ": (r"(CZ)?\d{8,10}", "CZ12345678"),
    "DE": (r"(DE)?\d{9}|\d{10,13}", "DE123456789"),
    "DK": (r"(DK)?\d{8}", "DK12345678"),
    "EE": (r"(EE)?\d{9}", "EE123456789"),
    "ES": (r"(ES)?[0-9A-Z]\d{7}[0-9A-Z]", "ESX12345678"),
    "FI": (r"(FI)?\d{8}", "FI12345678"),
    "FR": (r"(FR)?[0-9A-Z]{2}\d{9}|\d{9}|\d{14}", "FRXX123456789"),
    "GB": (r"(GB|XI)?(\d{9}|\d{12}|GD\d{3}|HA\d{3})", "GB123456789"),
    "GR": (r"(EL|GR)?\d{9}", "EL123456789"),
    "HR": (r"(HR)?\d{11}", "HR12345678901"),
    "HU": (r"(HU)?\d{8}(\d{3})?", "HU12345678"),
    "IE": (r"(IE)?\d[0-9A-Z*+]\d{5}[A-Z]{1,2}", "IE1234567X"),
    "IN": (r"\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]", "a GSTIN: 22AAAAA0000A1Z5"),
    "IT": (r"(IT)?\d{11}|[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]", "IT12345678901"),
    "JP": (r"T?\d{13}", "T1234567890123"),
    "LT": (r"(LT)?(\d{9}|\d{12})", "LT123456789"),
    "LU": (r"(LU)?\d{8}", "LU12345678"),
    "LV": (r"(LV)?\d{11}", "LV12345678901"),
    "MT": (r"(MT)?\d{8}", "MT12345678"),
    "MX": (r"[A-ZÑ&]{3,4}\d{6}[0-9A-Z]{3}", "an RFC: ABC010203AB9"),
    "NL": (r"(NL)?\d{9}B\d{2}|\d{8}", "NL123456789B01"),
    "NO": (r"(NO)?\d{9}(MVA)?", "123 456 789 MVA"),
    "NZ": (r"\d{8,9}|\d{13}", "a GST number: 123-456-789"),
    "PL": (r"(PL)?\d{10}", "PL1234567890"),
    "PT": (r"(PT)?\d{9}", "PT123456789"),
    "RO": (r"(RO)?\d{2,10}", "RO1234567890"),
    "SE": (r"(SE)?\d{10}(01)?", "SE123456789001"),
    "SG": (r"\d{8,9}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z]", "a UEN: 201234567A"),
    "SI": (r"(SI)?\d{8}", "SI12345678"),
    "SK": (r"(SK)?\d{10}", "SK1234567890"),
    "US": (r"\d{9}", "an EIN: 12-3456789"),
}


class InvalidTaxId(ValueError):
    """The text cannot be a tax id of that country; the message says what one looks like."""


def tidy(text: str, *, country: str) -> str:
    """Return a tax id as it is printed: capitals, single spaces. Raises InvalidTaxId for what cannot be one.

    `country` is the two letters of ISO 3166, or empty. Where a country's shape is not known here, any text of 4 to 40
    letters and digits will do.
    """
    written = " ".join(text.upper().split())
    if not written:
        return ""
    shape, example = _SHAPES.get(country, ("", ""))
    if not shape:
        if not _ANYWHERE.fullmatch(written):
            raise InvalidTaxId("A tax id has 4 to 40 letters and digits.")
    elif not re.fullmatch(shape, re.sub(r"[ ./-]", "", written)):
        raise InvalidTaxId(f"This is not how a tax id of this country is written, such as {example}.")
    return written
