"""A demo house, and an operator who is signed in to it."""

import pytest
from django.test import Client

import config.urls  # noqa: F401  # loads the pages, which tests ask for while they are collected
from accounts.models import User
from billing.waiting import board
from config import demo_people


@pytest.fixture(autouse=True)
def house(demo_anew: None) -> None:
    """Have the demo in every test."""


@pytest.fixture(autouse=True)
def read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every page read what waits: how many queries it makes is not to depend on what was read before."""
    monkeypatch.setattr(board, "MOST_SECONDS", 0.0)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.get(email=demo_people.OPERATOR))
    return client
