"""The operator's page of tokens of the management API: seen by their ends, and revoked with a reason."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import management_tokens
from accounts.models import Member, TrailRow, Workspace
from tests.accounts.rows import person
from tests.billing import rows
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

PAGE = "accounts_managementtoken"


@pytest.fixture
def made() -> tuple[int, str]:
    workspace = Workspace.objects.get(pk=rows.workspace())
    owner = person(workspace)
    token, secret = management_tokens.make(
        Member.objects.get(user=owner), name="reports", scope="read", expires_at=None
    )
    return token.pk, secret


def test_pages_show_its_ends_and_never_the_secret(operator: Client, made: tuple[int, str]) -> None:
    number, secret = made
    for page in (text(operator, f"{PAGE}_changelist"), text(operator, f"{PAGE}_change", number)):
        assert f"{secret[:10]}…{secret[-4:]}" in page
        assert secret not in page
        assert "in use" in page


def test_is_revoked_once_with_a_reason_in_the_trail(operator: Client, made: tuple[int, str]) -> None:
    number, secret = made
    address = reverse(f"admin:{PAGE}_revoke", args=[number])
    given = {"_form_submitted": "on", "reason": "It stood in a public repository"}
    operator.post(address, given)
    assert management_tokens.find(secret) is None
    assert "revoked" in text(operator, f"{PAGE}_change", number)
    assert TrailRow.objects.filter(said__contains="It stood in a public repository").count() == 1
    assert address not in text(operator, f"{PAGE}_change", number)


def test_nothing_is_revoked_without_a_reason(operator: Client, made: tuple[int, str]) -> None:
    number, secret = made
    operator.post(reverse(f"admin:{PAGE}_revoke", args=[number]), {"_form_submitted": "on", "reason": ""})
    assert management_tokens.find(secret) is not None
