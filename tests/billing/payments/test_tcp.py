"""Webhooks over TCP to a real gateway, which is killed between the ledger's commit and its answer."""

import json
import os
import signal
import threading
import urllib.error
import urllib.request
from typing import Any

import pytest

from billing.models import StripeEvent
from tests.billing import rows
from tests.billing.payments.till import SECRET, Till, signature
from tests.fakes.gateway import Gateway, running_gateway

pytestmark = pytest.mark.usefixtures("committed")

CENT = 10_000_000
PAYMENTS = 12


def post(gateway: Gateway, body: str, header: str) -> int:
    """Deliver a body; return the status, or 0 where the connection broke."""
    host, port = gateway.address
    request = urllib.request.Request(
        f"http://{host}:{port}/webhooks/stripe",
        data=body.encode(),
        headers={"Content-Type": "application/json", "Stripe-Signature": header},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


def environment(till: Till) -> dict[str, Any]:
    return {
        "STRIPE_SECRET_KEY": "sk_test_0123456789abcdef",
        "STRIPE_WEBHOOK_SECRET": SECRET,
        "STRIPE_API_BASE": till.stripe.url,
    }


@pytest.mark.timeout(400)
def test_webhooks_over_tcp_credit_once_though_the_gateway_was_killed_among_them(till: Till) -> None:
    payers = [till.payer() for _ in range(PAYMENTS)]
    bodies = [json.dumps(till.world.pay(till.begun(payer).session_id or "")) for payer in payers]
    ids = [json.loads(body)["id"] for body in bodies]
    with running_gateway(**environment(till)) as gateway:
        assert post(gateway, bodies[0], signature(bodies[0], secret="whsec_" + "x" * 32)) == 400
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda body=body: statuses.append(post(gateway, body, signature(body))))
            for body in bodies
        ]
        for thread in threads:
            thread.start()
        gateway.eventually(lambda: StripeEvent.objects.filter(pk__in=ids).exists(), within=30)
        os.kill(gateway.process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(60)
    done = StripeEvent.objects.filter(pk__in=ids).count()
    assert done >= 1
    assert statuses.count(200) <= done, "an answer is given once its event is kept"
    with running_gateway(**environment(till)) as gateway:
        for body in bodies * 2:
            assert post(gateway, body, signature(body)) == 200
    for payer in payers:
        assert payer.kinds() == [("topup", 2500 * CENT)]
        assert rows.findings(payer.workspace.pk) == {}
