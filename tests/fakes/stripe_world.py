"""What a Stripe account of tests holds: customers, sessions, payments, refunds, disputes, and the events they make."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Any

Thing = dict[str, Any]
ENDPOINTS_VERSION = "2026-10-28.endive"


class Refused(Exception):
    """A call that Stripe answers with an error."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


@dataclass
class World:
    """The account's state, and the hands of customers, banks and the dashboard; safe for threads."""

    livemode: bool = False
    things: dict[str, Thing] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    prefix: str = field(default_factory=lambda: f"{time.time_ns():x}")

    def new(self, kind: str, **fields: Any) -> Thing:
        """Keep a new thing and give it an id."""
        with self.lock:
            thing = {"id": f"{kind}_{self.prefix}{next(self.numbers)}", "livemode": self.livemode, **fields}
            thing.setdefault("created", int(time.time()))
            self.things[thing["id"]] = thing
            return thing

    def get(self, name: str) -> Thing:
        """Return a thing. Raises Refused with 404."""
        found = self.things.get(name)
        if found is None:
            raise Refused(404, "invalid_request_error", f"No such thing: {name}", code="resource_missing")
        return found

    def all(self, kind: str, **fields: Any) -> list[Thing]:
        """Return things of a kind with these fields, newest first."""
        found = [thing for name, thing in self.things.items() if name.startswith(f"{kind}_")]
        return [thing for thing in reversed(found) if all(thing.get(name) == v for name, v in fields.items())]

    def event(self, kind: str, thing: Thing, **changed: Any) -> Thing:
        """Make an event about a thing as it is now; `changed` overwrites fields of what it tells."""
        with self.lock:
            told = {**thing, **changed}
            return self.new(
                "evt",
                object="event",
                api_version=ENDPOINTS_VERSION,
                type=kind,
                data={"object": told},
            )

    # What customers do.

    def pay(self, session: str, *, delayed: bool = False) -> Thing:
        """Pay at Checkout; `delayed` by a way whose money comes days later. Returns the completed event."""
        with self.lock:
            page = self.get(session)
            intent = self._intent(page["amount_total"], page["customer"], page["_payment_metadata"])
            page["payment_intent"] = intent["id"]
            page["status"] = "complete"
            if delayed:
                intent["status"], page["payment_status"] = "processing", "unpaid"
            else:
                self._succeed(intent)
                page["payment_status"] = "paid"
            return self.event("checkout.session.completed", page)

    def arrive(self, session: str) -> Thing:
        """Let delayed money arrive."""
        with self.lock:
            page = self.get(session)
            self._succeed(self.get(page["payment_intent"]))
            page["payment_status"] = "paid"
            return self.event("checkout.session.async_payment_succeeded", page)

    def fall_through(self, session: str) -> Thing:
        """Let delayed money not come."""
        with self.lock:
            page = self.get(session)
            intent = self.get(page["payment_intent"])
            intent["status"] = "requires_payment_method"
            intent["last_payment_error"] = {
                "type": "card_error",
                "code": "payment_intent_payment_attempt_failed",
            }
            return self.event("checkout.session.async_payment_failed", page)

    def expire(self, session: str) -> Thing:
        """Let a session run out unpaid."""
        with self.lock:
            page = self.get(session)
            page["status"] = "expired"
            return self.event("checkout.session.expired", page)

    def save_card(self, session: str, card: str = "ok") -> Thing:
        """Save a card on a setup page; `card` is ok, declined, authentication or processing."""
        with self.lock:
            page = self.get(session)
            method = self.new(
                "pm", object="payment_method", type="card", card={"brand": "visa", "last4": "4242"}
            )
            self.cards[method["id"]] = card
            setup = self.new(
                "seti",
                object="setup_intent",
                status="succeeded",
                customer=page["customer"],
                payment_method=method["id"],
                metadata=page["metadata"],
            )
            page["setup_intent"], page["status"] = setup["id"], "complete"
            return self.event("checkout.session.completed", page)

    # What the dashboard and banks do.

    def refund(self, intent: str, amount: int, **metadata: str) -> Thing:
        """Refund a part; returns the charge.refunded event."""
        self.make_refund(intent, amount, metadata)
        return self.event("charge.refunded", self.charge(intent))

    def make_refund(self, intent: str, amount: int, metadata: dict[str, str]) -> Thing:
        """Refund a part. Raises Refused for more than is left."""
        with self.lock:
            charge = self.charge(intent)
            if amount > charge["amount"] - charge["amount_refunded"]:
                raise Refused(400, "invalid_request_error", "Refund amount is greater than what is left")
            charge["amount_refunded"] += amount
            charge["refunded"] = charge["amount_refunded"] == charge["amount"]
            return self.new(
                "re",
                object="refund",
                amount=amount,
                currency="usd",
                payment_intent=intent,
                charge=charge["id"],
                status="succeeded",
                metadata=metadata,
            )

    def fail_refund(self, refund: str) -> Thing:
        """Let a refund come back from the bank; returns the refund.failed event."""
        with self.lock:
            made = self.get(refund)
            made["status"], made["failure_reason"] = "failed", "lost_or_stolen_card"
            self.charge(made["payment_intent"])["amount_refunded"] -= made["amount"]
            return self.event("refund.failed", made)

    def dispute(self, intent: str, *, amount: int | None = None, inquiry: bool = False) -> Thing:
        """Dispute a payment; an inquiry takes no money. Returns the dispute."""
        with self.lock:
            charge = self.charge(intent)
            charge["disputed"] = True
            dispute = self.new(
                "dp",
                object="dispute",
                amount=charge["amount"] if amount is None else amount,
                currency="usd",
                charge=charge["id"],
                payment_intent=intent,
                reason="fraudulent",
                status="warning_needs_response" if inquiry else "needs_response",
                balance_transactions=[],
                evidence_details={"due_by": int(time.time()) + 600_000},
                metadata={},
            )
            if not inquiry:
                self._balance(dispute, -dispute["amount"])
            return dispute

    def close_dispute(self, dispute: str, *, won: bool) -> Thing:
        """Decide a dispute; won money comes back. Returns the closed event."""
        with self.lock:
            found = self.get(dispute)
            found["status"] = "won" if won else "lost"
            if won:
                self._balance(found, found["amount"])
            return self.event("charge.dispute.closed", found)

    def charge(self, intent: str) -> Thing:
        """Return the charge of a payment."""
        return self.get(self.get(intent)["latest_charge"])

    def total(self, customer: str) -> int:
        """Return what Stripe holds of a customer's payments in cents: paid, less refunded, less taken by disputes."""
        with self.lock:
            paid = [i for i in self.all("pi", customer=customer) if i["status"] == "succeeded"]
            held = sum(i["amount_received"] - self.charge(i["id"])["amount_refunded"] for i in paid)
            mine = {i["id"] for i in paid}
            steps = [d["balance_transactions"] for d in self.all("dp") if d["payment_intent"] in mine]
            return int(held + sum(step["amount"] for step in itertools.chain.from_iterable(steps)))

    def charge_card(self, asked: Thing) -> Thing:
        """Charge a saved card off session. Raises Refused as its kind wants."""
        with self.lock:
            method = asked["payment_method"]
            if method not in self.cards:
                raise Refused(400, "invalid_request_error", f"No such payment method: {method}")
            intent = self._intent(int(asked["amount"]), asked["customer"], asked["metadata"])
            kind = self.cards[method]
            if kind in ("ok", "processing"):
                intent["status"] = "processing"
                if kind == "ok":
                    self._succeed(intent)
                return intent
            code = "authentication_required" if kind == "authentication" else "card_declined"
            intent["last_payment_error"] = {"type": "card_error", "code": code}
            raise Refused(402, "card_error", "The card was declined.", code=code, payment_intent=dict(intent))

    def _intent(self, amount: int, customer: str, metadata: Thing) -> Thing:
        return self.new(
            "pi",
            object="payment_intent",
            amount=amount,
            amount_received=0,
            currency="usd",
            customer=customer,
            metadata=metadata,
            status="requires_payment_method",
            latest_charge=None,
            last_payment_error=None,
        )

    def _succeed(self, intent: Thing) -> None:
        charge = self.new(
            "ch",
            object="charge",
            amount=intent["amount"],
            amount_refunded=0,
            refunded=False,
            disputed=False,
            currency="usd",
            customer=intent["customer"],
            payment_intent=intent["id"],
            metadata=intent["metadata"],
        )
        intent.update(status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"])

    def _balance(self, dispute: Thing, amount: int) -> None:
        step = {
            "id": f"txn_{self.prefix}{next(self.numbers)}",
            "object": "balance_transaction",
            "amount": amount,
            "currency": "usd",
        }
        dispute["balance_transactions"] = [*dispute["balance_transactions"], step]
