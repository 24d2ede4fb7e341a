"""A real HTTP server that answers the few calls we make to Stripe, with its idempotency keys and its errors."""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from stripe import params
from stripe.params import billing_portal, checkout

from tests.fakes.stripe_world import Refused, Thing, World

__all__ = ["StripeServer", "running_stripe"]


class StripeServer:
    """The server and the account behind it; `fail` makes calls to come fail as named, in order."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls: list[tuple[str, str, Thing]] = []
        self.failures: list[str] = []
        self._kept: dict[str, tuple[Thing, int, Thing]] = {}
        self._lock = threading.Lock()
        self._http = _Listening(("127.0.0.1", 0), _Handler)
        self._http.stripe = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def fail(self, *how: str) -> None:
        """Have the next calls fail: "500", "429", "401", or "lost", which does its work and hangs up unanswered."""
        self.failures.extend(how)

    def made(self, path: str) -> list[Thing]:
        """Return the parameters of the calls that made something at a path."""
        return [asked for method, at, asked in self.calls if method == "POST" and at == path]

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def failure(self) -> str:
        """Take the next failure, if there is one."""
        with self._lock:
            return self.failures.pop(0) if self.failures else ""

    def answer(self, method: str, path: str, asked: Thing, key: str | None) -> tuple[int, Thing]:
        """Do what a call asks for; under a key that was used, what it answered then."""
        with self._lock:
            self.calls.append((method, path, asked))
            if key is None:
                return self._do(method, path, asked)
            if key in self._kept:
                before, status, body = self._kept[key]
                if before != asked:
                    return 400, {
                        "error": {"type": "idempotency_error", "message": f"Key {key} was used otherwise"}
                    }
                return status, body
            status, body = self._do(method, path, asked)
            self._kept[key] = (asked, status, json.loads(json.dumps(body)))
            return status, body

    def _do(self, method: str, path: str, asked: Thing) -> tuple[int, Thing]:
        for wanted, pattern, known, work in _ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == method and found:
                try:
                    _check(asked, known)
                    return 200, work(self, asked, *found.groups())
                except Refused as refused:
                    return refused.status, refused.body
        return 404, {"error": {"type": "invalid_request_error", "message": f"Unrecognized URL {path}"}}

    # The calls.

    def customer(self, asked: Thing) -> Thing:
        return self.world.new("cus", object="customer", **asked)

    def session(self, asked: Thing) -> Thing:
        items = asked.get("line_items", [])
        made = self.world.new(
            "cs",
            object="checkout.session",
            mode=asked["mode"],
            status="open",
            payment_status="unpaid" if asked["mode"] == "payment" else "no_payment_required",
            client_reference_id=asked.get("client_reference_id"),
            customer=asked["customer"],
            metadata=asked.get("metadata", {}),
            amount_total=sum(int(i["quantity"]) * int(i["price_data"]["unit_amount"]) for i in items) or None,
            currency="usd",
            payment_intent=None,
            setup_intent=None,
            success_url=asked["success_url"],
        )
        made["_payment_metadata"] = asked.get("payment_intent_data", {}).get("metadata", {})
        if asked["mode"] == "subscription":
            made["_subscription_metadata"] = asked.get("subscription_data", {}).get("metadata", {})
            made["_interval"] = items[0]["price_data"]["recurring"]["interval"]
        made["url"] = f"{self.url}/pay/{made['id']}"
        return made

    def portal(self, asked: Thing) -> Thing:
        self.world.get(asked["customer"])
        made = self.world.new("bps", object="billing_portal.session", **asked)
        return made | {"url": f"{self.url}/portal/{made['id']}"}

    def charge(self, asked: Thing) -> Thing:
        return self.intent(asked, self.world.charge_card(asked)["id"])

    def intent(self, asked: Thing, name: str) -> Thing:
        found = dict(self.world.get(name))
        if found["latest_charge"] and "latest_charge" in asked.get("expand", []):
            found["latest_charge"] = dict(self.world.get(found["latest_charge"]))
        return found

    def cancel(self, asked: Thing, name: str) -> Thing:
        found = self.world.get(name)
        if found["status"] in ("succeeded", "canceled"):
            raise Refused(400, "invalid_request_error", "This payment cannot be canceled")
        found["status"] = "canceled"
        return found

    def refund(self, asked: Thing) -> Thing:
        return self.world.make_refund(
            asked["payment_intent"], int(asked["amount"]), asked.get("metadata", {})
        )

    def setup(self, asked: Thing, name: str) -> Thing:
        found = dict(self.world.get(name))
        if "payment_method" in asked.get("expand", []):
            found["payment_method"] = self.world.get(found["payment_method"])
        return found

    def subscription(self, asked: Thing, name: str) -> Thing:
        return self.world.get(name)

    def listed(self, asked: Thing, *, kind: str) -> Thing:
        by = {name: asked[name] for name in ("payment_intent", "customer") if name in asked}
        return {"object": "list", "data": self.world.all(kind, **by), "has_more": False, "url": "/v1"}


# With the parameters that a call may have, as the library knows them of its version of the API.
_ROUTES: tuple[tuple[str, str, Any, Any], ...] = (
    ("POST", "/v1/customers", params.CustomerCreateParams, StripeServer.customer),
    ("POST", "/v1/checkout/sessions", checkout.SessionCreateParams, StripeServer.session),
    ("POST", "/v1/billing_portal/sessions", billing_portal.SessionCreateParams, StripeServer.portal),
    ("POST", "/v1/payment_intents", params.PaymentIntentCreateParams, StripeServer.charge),
    ("GET", "/v1/payment_intents", params.PaymentIntentListParams, partial(StripeServer.listed, kind="pi")),
    ("GET", "/v1/payment_intents/([^/]+)", params.PaymentIntentRetrieveParams, StripeServer.intent),
    ("POST", "/v1/payment_intents/([^/]+)/cancel", params.PaymentIntentCancelParams, StripeServer.cancel),
    ("POST", "/v1/refunds", params.RefundCreateParams, StripeServer.refund),
    ("GET", "/v1/refunds", params.RefundListParams, partial(StripeServer.listed, kind="re")),
    ("GET", "/v1/disputes", params.DisputeListParams, partial(StripeServer.listed, kind="dp")),
    ("GET", "/v1/subscriptions/([^/]+)", params.SubscriptionRetrieveParams, StripeServer.subscription),
    ("GET", "/v1/setup_intents/([^/]+)", params.SetupIntentRetrieveParams, StripeServer.setup),
)


def _check(asked: Thing, known: Any) -> None:
    """Refuse what Stripe has no parameter for. Raises Refused."""
    for name in asked:
        if name not in known.__annotations__:
            raise Refused(400, "invalid_request_error", f"Received unknown parameter: {name}", param=name)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    stripe: StripeServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listening

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path.startswith("/pay/"):
            self._say(200, {"page": "a card would be typed in here"})
            return
        self._serve("GET", place.path, _read(place.query))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._serve("POST", self.path, _read(body))

    def _serve(self, method: str, path: str, asked: Thing) -> None:
        failure = self.server.stripe.failure()
        if failure.isdigit():
            self._say(int(failure), {"error": {"type": "api_error", "message": f"made to fail: {failure}"}})
            return
        if not self.headers.get("Authorization", "").startswith(("Bearer sk_", "Bearer rk_")):
            self._say(401, {"error": {"type": "invalid_request_error", "message": "No key"}})
            return
        status, body = self.server.stripe.answer(method, path, asked, self.headers.get("Idempotency-Key"))
        if failure == "lost":
            self.close_connection = True
            return
        self._say(status, body)

    def _say(self, status: int, body: Thing) -> None:
        said = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Request-Id", "req_test")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
        """Say nothing."""


def _read(text: str) -> Thing:
    """Return a form as Stripe reads it: a[b]=c is a dict, a[0]=b or a[]=b a list."""
    found: Thing = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = re.findall(r"[^\[\]]+", name)
        place: Thing = found
        for step in rest:
            place = place.setdefault(first, {})
            first = step
        place[first] = value
    return {name: _lists(value) for name, value in found.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _lists(part) for name, part in value.items()}
    return list(inner.values()) if inner and all(name.isdigit() for name in inner) else inner


@contextlib.contextmanager
def running_stripe(*, livemode: bool = False) -> Iterator[StripeServer]:
    """Run an account of its own on a free port for as long as the block lasts."""
    server = StripeServer(World(livemode=livemode))
    server.start()
    try:
        yield server
    finally:
        server.stop()
