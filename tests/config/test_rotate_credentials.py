"""The command that seals every secret of providers and webhooks anew."""

from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import provider_keys
from accounts.models import ProviderKey, User, Workspace
from billing.models import AlertChannel, CustomerEndpoint
from catalog import credentials, demo
from catalog.models import Endpoint, EndpointKey, Provider
from config import demo_people

pytestmark = pytest.mark.django_db

OLD, NEW, LOST = (Fernet.generate_key() for _ in range(3))
NONE = ["0", "0", "0"]


@pytest.fixture(autouse=True)
def house(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [OLD]
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    demo_people.ensure(None)
    for number, endpoint in enumerate(Endpoint.objects.filter(provider__slug__in=["openai", "mistral"])):
        credentials.store(endpoint, f"sk-ours-{number}")
    provider_keys.put(
        Workspace.objects.get(), Provider.objects.get(slug="openai"), "sk-own", by=User.objects.all()[0]
    )


def run() -> list[list[str]]:
    """Run the command and return the figures it prints: sealed anew, up to date, unreadable."""
    out = StringIO()
    call_command("rotate_credentials", stdout=out)
    return [line.split()[-3:] for line in out.getvalue().splitlines()[1:]]


def secrets() -> list[str]:
    sealed = [row.sealed for row in EndpointKey.objects.all()]
    sealed += [row.sealed for row in ProviderKey.objects.all()]
    return sorted(credentials.decrypt(bytes(each)) for each in sealed)


def test_seals_all_with_the_newest_key_so_that_the_old_one_can_go(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    assert run() == [["2", "0", "0"], ["1", "0", "0"], NONE]
    settings.CREDENTIAL_KEYS = [NEW]
    assert secrets() == ["sk-ours-0", "sk-ours-1", "sk-own"]
    assert run() == [["0", "2", "0"], ["0", "1", "0"], NONE]


def test_seals_the_secrets_of_webhooks_anew(settings: Settings) -> None:
    AlertChannel.objects.create(
        name="Pager", kind="webhook", address="https://a.example", sealed=credentials.encrypt("whsec_ours")
    )
    endpoint = CustomerEndpoint.objects.create(
        workspace=Workspace.objects.get(),
        address="https://b.example",
        sealed=credentials.encrypt("whsec_theirs"),
        sealed_before=credentials.encrypt("whsec_before"),
        created_by=User.objects.all()[0],
    )
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    assert run()[2] == ["3", "0", "0"]
    settings.CREDENTIAL_KEYS = [NEW]
    assert run()[2] == ["0", "3", "0"]
    endpoint.refresh_from_db()
    kept = (AlertChannel.objects.get(name="Pager").sealed, endpoint.sealed, endpoint.sealed_before)
    told = ["whsec_ours", "whsec_theirs", "whsec_before"]
    assert [credentials.decrypt(bytes(each)) for each in kept] == told


def test_goes_on_where_it_was_stopped(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    done = EndpointKey.objects.order_by("pk").first()
    assert done is not None
    EndpointKey.objects.filter(pk=done.pk).update(sealed=credentials.encrypt("sk-ours-0"))
    assert run() == [["1", "1", "0"], ["1", "0", "0"], NONE]


def test_names_what_it_cannot_open_and_does_the_rest(settings: Settings) -> None:
    lost = EndpointKey.objects.get(endpoint__provider__slug="mistral")
    settings.CREDENTIAL_KEYS = [LOST]
    EndpointKey.objects.filter(pk=lost.pk).update(sealed=credentials.encrypt("sk-lost"))
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match=rf"mistral/default default \(number {lost.pk}\)"):
        run()
    settings.CREDENTIAL_KEYS = [NEW, LOST]
    assert "sk-lost" in secrets()
    assert "sk-own" in secrets()
