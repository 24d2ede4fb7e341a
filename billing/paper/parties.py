"""Who issues a paper and whom it is made out to, in the words that the paper keeps for ever."""

from typing import Any

from accounts.models import Workspace
from billing.models import BillingDetails, PaperIssuer
from billing.models.paper import Address

from . import countries

__all__ = ["NoIssuer", "address", "customer", "issuer"]


class NoIssuer(Exception):
    """No operator has filled in who issues the papers: until then none is issued."""


def issuer() -> dict[str, Any]:
    """Return who issues, as a paper keeps it. Raises NoIssuer while nobody has said who."""
    row = PaperIssuer.objects.first()
    if row is None:
        raise NoIssuer("fill in the issuer of papers in the admin: papers wait for it")
    return {**_party(row), "note": row.note}


def customer(workspace_id: int) -> dict[str, Any]:
    """Return whom a workspace's papers are made out to, as a paper keeps it: its billing details, or its name alone."""
    workspace = Workspace.objects.get(pk=workspace_id)
    row = BillingDetails.objects.filter(pk=workspace_id).first()
    if row is None:
        row = BillingDetails(legal_name=workspace.name)
    return {**_party(row), "reference": row.reference, "workspace": workspace.name}


def address(row: Address) -> list[str]:
    """Return the lines of an address, as they are printed."""
    town = " ".join(part for part in (row.postal_code, row.city) if part)
    lines = (row.line1, row.line2, town, row.region, countries.name(row.country))
    return [line for line in lines if line]


def _party(row: Address) -> dict[str, Any]:
    return {"name": row.legal_name, "lines": address(row), "tax_id": row.tax_id, "email": row.email}
