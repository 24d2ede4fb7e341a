"""Where the stories happen: a site that serves pages and /v1, an upstream, the people who come, and rows made apart."""

import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from allauth.account.models import EmailAddress
from django.db import connections
from django.test import Client

from accounts.models import Member, User, Workspace
from tests.fakes.gateway import Gateway

__all__ = ["PASSWORD", "Place", "apart", "customers_session", "saved_operator"]

PASSWORD = "a long road to drive"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Place:
    """A gateway that serves the pages too, and the base URL of a sandbox that answers."""

    gateway: Gateway
    sandbox: str

    @property
    def address(self) -> str:
        """Where the pages are."""
        return self.gateway.base_url.removesuffix("/v1")


def apart(do: Callable[[], Made]) -> Made:
    """Do something with rows in a thread of its own: Django refuses them where a browser's loop runs."""

    def done() -> Made:
        try:
            return do()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as beside:
        return beside.submit(done).result()


def saved_operator() -> str:
    """Save an operator and return their e-mail address."""
    email = f"{secrets.token_hex(6)}@operator.example"
    user = User.objects.create_superuser(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
    return email


def customers_session(workspace: Workspace) -> str:
    """Save an owner of a workspace and return the cookie of a session that is open."""
    user = User.objects.create_user(f"{secrets.token_hex(6)}@northwind.example", PASSWORD)
    Member.objects.create(user=user, workspace=workspace, role=Member.Role.OWNER)
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value
