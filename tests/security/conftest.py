"""A gateway and its sandbox, for what has to be seen from outside, and an operator of a demo house."""

import pytest
from django.test import Client

import config.urls  # noqa: F401  # loads the pages, which tests ask for while they are collected
from accounts.models import User
from catalog import at_hand, demo
from config import demo_people
from tests.walks.conftest import gateway, sandbox

__all__ = ["gateway", "sandbox"]


@pytest.fixture(autouse=True)
def read_anew() -> None:
    """Forget the catalogue of the test before: where it was rolled back, two contents have one revision."""
    at_hand.forget()


@pytest.fixture
def operator(db: None, client: Client) -> Client:
    """An operator's browser in a demo house."""
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    demo_people.ensure(None)
    client.force_login(User.objects.get(email=demo_people.OPERATOR))
    return client
