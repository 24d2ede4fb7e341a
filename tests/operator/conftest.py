"""A demo house, and an operator who is signed in to it."""

import pytest
from django.test import Client

from accounts.models import User
from catalog import demo
from config import demo_people


@pytest.fixture(autouse=True)
def house() -> None:
    demo.load(sandbox_url="http://127.0.0.1:8099/v1")
    demo_people.ensure(None)


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.get(email=demo_people.OPERATOR))
    return client
