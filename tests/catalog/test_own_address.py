"""Tests of catalog.own_address."""

import pytest
from pytest_django import Settings

from catalog.own_address import is_ours

HOSTS = ["tollway.example", "192.0.2.7", "localhost", "127.0.0.1", "[::1]", ".wild.example", "*"]


@pytest.fixture(autouse=True)
def site(settings: Settings) -> Settings:
    settings.ALLOWED_HOSTS = HOSTS
    settings.CSRF_TRUSTED_ORIGINS = ["https://front.example:8443", "http://localhost:3000"]
    settings.OWN_PORT = 8000
    return settings


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://tollway.example/v1", True),
        ("https://TOLLWAY.example./v1", True),
        ("http://tollway.example:8000/v1", True),
        ("http://tollway.example:11434/v1", False),
        ("http://192.0.2.7/v1", True),
        ("http://192.0.2.7:11434/v1", False),
        ("https://front.example:8443/v1", True),
        ("https://other.example/v1", False),
        ("https://not-tollway.example/v1", False),
        ("https://models.wild.example/v1", False),
        ("http://localhost:8000/v1", True),
        ("http://gateway.localhost:8000/v1", True),
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://0.0.0.0:8000/v1", True),
        ("http://localhost:3000/v1", True),
        ("http://localhost:11434/v1", False),
        ("http://127.0.0.1:8099/v1", False),
        ("http://127.0.0.1/v1", False),
        ("", False),
        ("http://[broken/v1", False),
        ("http://tollway.example:port/v1", False),
    ],
)
def test_knows_this_site_by_its_hosts_and_ports(url: str, ours: bool) -> None:
    assert is_ours(url) is ours


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://tollway.example:11434/v1", True),
        ("http://127.0.0.1:8000/v1", False),
        ("http://localhost:3000/v1", True),
    ],
)
def test_takes_every_port_of_a_named_host_for_ours_where_nobody_said_which_is(
    site: Settings, url: str, ours: bool
) -> None:
    site.OWN_PORT = 0
    assert is_ours(url) is ours
