"""What tests of payments do: have people pay, and deliver signed events through Django as Stripe does."""

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import stripe as library
from django.test import Client

from accounts.models import Member, User, Workspace
from billing import ledger
from billing.models import TopUp
from billing.payments import checkout
from tests.billing import rows
from tests.fakes.stripe_server import StripeServer
from tests.fakes.stripe_world import Thing, World

SECRET = "whsec_" + "t" * 32
PAGES = checkout.Pages("http://testserver/done", "http://testserver/back")


@dataclass
class Payer:
    """A workspace with somebody who may pay for it."""

    workspace: Workspace
    user: User

    @property
    def posted(self) -> int:
        """The ledger's balance, nano-USD."""
        return rows.account(self.workspace.pk)["posted"]

    @property
    def client(self) -> Client:
        """The payer's browser."""
        browser = Client()
        browser.force_login(self.user)
        return browser

    def kinds(self) -> list[tuple[str, int]]:
        """Return kind and nano-USD of each movement, oldest first."""
        return movements(self.workspace.pk)


@dataclass
class Till:
    """A Stripe account, and the door through which its events come in."""

    stripe: StripeServer
    door: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))

    @property
    def world(self) -> World:
        """The account's state."""
        return self.stripe.world

    def payer(self, role: str = Member.Role.OWNER) -> Payer:
        """Save a workspace and a member of it."""
        workspace = Workspace.objects.get(pk=rows.workspace())
        user = User.objects.create_user(f"{secrets.token_hex(6)}@payer.example", "a long road to drive")
        Member.objects.create(workspace=workspace, user=user, role=role)
        return Payer(workspace, user)

    def begun(self, payer: Payer, cents: int = 2500) -> TopUp:
        """Begin a top-up, whose page at Stripe is open then."""
        topup = checkout.begin(payer.workspace, cents=cents, by=payer.user)
        checkout.start(topup, PAGES)
        topup.refresh_from_db()
        return topup

    def paid(self, payer: Payer, cents: int = 2500) -> TopUp:
        """Have a top-up paid and credited."""
        topup = self.begun(payer, cents)
        assert topup.session_id is not None
        assert self.deliver(self.world.pay(topup.session_id)) == 200
        topup.refresh_from_db()
        return topup

    def deliver(self, event: Thing, **how: Any) -> int:
        """Deliver an event, signed; return the status."""
        body = json.dumps(event)
        return self.send(body, signature(body, **how))

    def send(self, body: str | bytes, header: str | None, *, content_type: str = "application/json") -> int:
        """Post a body to the webhook as it is; return the status."""
        headers = {} if header is None else {"Stripe-Signature": header}
        answer = self.door.post("/webhooks/stripe", data=body, content_type=content_type, headers=headers)
        return answer.status_code


def signature(body: str, *, secret: str = SECRET, age: int = 0) -> str:
    """Sign with the library's own signer, as of `age` seconds ago."""
    made = library.WebhookSignature.generate_signature_header(body, secret, int(time.time()) - age)
    return str(made)


def movements(workspace_id: int) -> list[tuple[str, int]]:
    """Return kind and nano-USD of each movement on a workspace's account, oldest first."""
    entries = list(ledger.entries(workspace_id).values_list("transaction_id", "amount"))
    kinds = kinds_of([transaction for transaction, _ in entries])
    return [(kinds[transaction], amount) for transaction, amount in reversed(entries)]


def kinds_of(transactions: list[Any]) -> dict[Any, str]:
    """Return the kind of each ledger transaction."""
    from billing.models import LedgerTransaction

    return dict(LedgerTransaction.objects.filter(pk__in=transactions).values_list("pk", "kind"))
