"""The door of orchestrators and Prometheus: open by any address, and without TLS."""

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client, override_settings

from config.operations import PATHS

NAMED = {"Host": "10.42.0.7:8000"}
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", sorted(PATHS))
def test_answers_whatever_host_is_named(path: str) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        assert Client().get(path, headers=NAMED).status_code == 200


@pytest.mark.parametrize("path", ["/livez/", "/Readyz", "/terms"])
def test_nothing_else_does(path: str) -> None:
    assert Client().get(path, headers=NAMED).status_code == 400


def test_pages_are_sent_on_to_tls() -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = Client().get("/terms")
    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/terms")


def test_serves_the_server_too() -> None:
    answer = async_to_sync(AsyncClient().get)("/livez", headers=NAMED)
    assert (answer.status_code, answer.content) == (200, b"ok")
