"""The customers that the browser visits the pages as."""

import secrets
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import Member, User
from catalog.models import Model
from kernel import clock
from tests.billing import rows

PASSWORD = "a long road to drive"


@dataclass(frozen=True)
class Customer:
    """Someone with a password, and the cookie of a session that is already open."""

    email: str
    session: str


def customer(*, used: bool) -> Customer:
    """Save a customer with a fortnight of requests to eight models, or with none."""
    workspace = rows.workspace(minute_cap=60, hour_cap=3000, day_cap=40_000)
    rows.fund(workspace, 148_270_000_000)
    for place in range(8 if used else 0):
        name = f"route/{secrets.token_hex(6)}"
        made = Model.objects.create(
            public_id=name,
            name=name,
            author="sandbox",
            tier="lite",
            context_length=1000,
            max_output_tokens=100,
            created_at=clock.now(),
        )
        for back in range(14 - place):
            minute = clock.minute_number() - back * clock.MINUTES_PER_DAY
            rows.settle(
                workspace, model_id=made.pk, cost=1_002_835_645, input_tokens=17_990, minute_no=minute
            )
    if used:
        rows.settle(workspace, status="failed", http_status=502, error_code="PROVIDER_ERROR")
        rows.admit(workspace, hold=840_000_000)
    user = User.objects.create_user(f"{secrets.token_hex(6)}@northwind.example", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    Member.objects.create(user=user, workspace_id=workspace, role="owner")
    client = Client()
    client.force_login(user)
    return Customer(email=user.email, session=client.cookies["sessionid"].value)
