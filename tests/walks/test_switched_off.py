"""Provider, endpoint and model, switched off by an operator: new calls stop within two seconds, open streams end by themselves."""

import time

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.models import Endpoint, Hop, Model, Provider
from tests.fakes.cast import customer, model
from tests.fakes.gateway import Gateway
from tests.fakes.open_stream import open_stream
from tests.operator.forms import as_it_stands

pytestmark = pytest.mark.usefixtures("committed")
WITHIN_S = 2.2  # two seconds, and the time that asking takes


def _operator() -> Client:
    email = f"operator-{time.monotonic_ns()}@example.com"
    client = Client()
    client.force_login(User.objects.create_superuser(email, None))
    return client


def _switch_off(row: Provider | Endpoint | Model) -> None:
    """Take the tick away in the operator's form, and save all else as it was."""
    client, label = _operator(), f"{row._meta.app_label}_{row._meta.model_name}"
    page = reverse(f"admin:{label}_change", args=[row.pk])
    sent = as_it_stands(client.get(page).content.decode(), f"{row._meta.model_name}_form")
    del sent["active"]
    answer = client.post(page, sent)
    assert answer.status_code == 302, answer.context["errors"]


@pytest.mark.parametrize("what", ["provider", "endpoint", "model"])
def test_lets_no_new_call_through_and_cuts_no_stream(gateway: Gateway, sandbox: str, what: str) -> None:
    who, name = customer(), model((sandbox, "slow-60ms"), supported_parameters=["max_tokens"])
    gateway.knows(who.secret, name)
    endpoint = Hop.objects.get(chain__model__public_id=name).endpoint
    rows: dict[str, Provider | Endpoint | Model] = {
        "provider": endpoint.provider,
        "endpoint": endpoint,
        "model": Model.objects.get(public_id=name),
    }
    with open_stream(gateway, {"X-API-Key": who.secret}, name) as stream:
        _switch_off(rows[what])
        began = time.monotonic()
        gateway.eventually(
            lambda: gateway.chat(who.secret, name, max_tokens=1).status >= 400, within=WITHIN_S
        )
        assert time.monotonic() - began <= WITHIN_S
        stream.end()
    assert stream.heard.endswith(b"data: [DONE]\n\n")
    assert b'"finish_reason":"stop"' in stream.heard.replace(b": ", b":")
