"""The door for Stripe: what is let in, what is refused without a trace, and what comes again."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pytest_django import Settings
from rest_framework.views import APIView

from billing.models import StripeEvent
from billing.payments import events, signatures
from tests.billing.payments.till import SECRET, Till, signature

pytestmark = pytest.mark.django_db

OTHER = "whsec_" + "o" * 32


def paid_event(till: Till) -> dict[str, Any]:
    payer = till.payer()
    topup = till.begun(payer)
    return till.world.pay(topup.session_id or "")


def forgeries(body: str) -> list[tuple[str, str | bytes, str | None, str]]:
    """Return ways to forge: name, body, header, content type."""
    good, kind = signature(body), "application/json"
    stamp, mark = good.split(",")
    digits = mark.removeprefix("v1=")
    return [
        ("without a signature", body, None, kind),
        ("with an empty signature", body, "", kind),
        ("signed by another endpoint's secret", body, signature(body, secret=OTHER), kind),
        ("signed by the empty secret", body, signature(body, secret=""), kind),
        ("too old by a second", body, signature(body, age=signatures.PAST_SECONDS + 2), kind),
        ("from the future", body, signature(body, age=-signatures.FUTURE_SECONDS - 100), kind),
        ("an hour from the future", body, signature(body, age=-3600), kind),
        ("with the body altered", json.dumps(json.loads(body) | {"id": "evt_other"}), good, kind),
        ("with a byte more", body + " ", good, kind),
        ("with its stamp renewed", body, f"t={int(time.time()) + 5},{mark}", kind),
        ("with two stamps", body, f"{stamp},t={int(time.time())},{mark}", kind),
        ("with no stamp", body, mark, kind),
        ("with a stamp of letters", body, f"t=now,{mark}", kind),
        ("with a negative stamp", body, f"t=-{stamp[2:]},{mark}", kind),
        ("with half of the signature", body, f"{stamp},v1={digits[:32]}", kind),
        ("of another scheme", body, f"{stamp},v0={digits}", kind),
        ("with a header without end", body, good + ",v1=" + "0" * 9000, kind),
        ("with a form's content type", body, good, "application/x-www-form-urlencoded"),
        ("that is no text", b"\xff\xfe\x00", good, kind),
        ("that is larger than any event", "{" + " " * signatures.MOST_BYTES, good, kind),
        ("of nothing", "", signature(""), kind),
        ("that is a list", "[]", signature("[]"), kind),
        (
            "of another kind of event",
            v2 := json.dumps({"object": "v2.core.event", "id": "evt_1"}),
            signature(v2),
            kind,
        ),
    ]


def test_webhooks_refuse_every_forgery_and_keep_nothing_of_it(till: Till) -> None:
    event = paid_event(till)
    for name, body, header, content_type in forgeries(json.dumps(event)):
        assert till.send(body, header, content_type=content_type) == 400, name
    assert not StripeEvent.objects.exists()
    assert till.deliver(event) == 200, "the event itself is good"


@pytest.mark.parametrize("age", [0, signatures.PAST_SECONDS - 5, -signatures.FUTURE_SECONDS + 5])
def test_webhooks_allow_for_clocks_that_differ_and_ways_that_take_long(till: Till, age: int) -> None:
    assert till.deliver(paid_event(till), age=age) == 200


def test_webhooks_take_either_secret_while_one_replaces_the_other(till: Till, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [OTHER, SECRET]
    assert till.deliver(paid_event(till)) == 200
    assert till.deliver(paid_event(till), secret=OTHER) == 200
    settings.STRIPE_WEBHOOK_SECRETS = [OTHER]
    assert till.deliver(paid_event(till)) == 400


def test_webhooks_never_believe_an_empty_secret(till: Till, settings: Settings) -> None:
    body = json.dumps(paid_event(till))
    settings.STRIPE_WEBHOOK_SECRETS = ["", " ", OTHER]
    assert till.send(body, signature(body, secret="")) == 400
    assert till.send(body, signature(body, secret=" ")) == 400


@pytest.mark.parametrize("missing", ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRETS"])
def test_webhooks_are_not_there_while_payments_are_off(till: Till, settings: Settings, missing: str) -> None:
    event = paid_event(till)
    setattr(settings, missing, type(getattr(settings, missing))())
    assert till.deliver(event) == 404
    assert not StripeEvent.objects.exists()


def test_webhooks_answer_posts_only(till: Till) -> None:
    assert Client().get("/webhooks/stripe").status_code == 405


@pytest.mark.parametrize("how", ["500", "429", "401"])
def test_webhooks_have_an_event_sent_again_that_they_could_not_ask_about(till: Till, how: str) -> None:
    event = paid_event(till)
    till.stripe.fail(how, how)
    assert till.deliver(event) == 503
    assert not StripeEvent.objects.exists()
    till.stripe.failures.clear()
    assert till.deliver(event) == 200


def test_webhooks_keep_an_event_of_a_kind_that_is_nothing_to_us(till: Till) -> None:
    event = till.world.event("product.created", till.world.new("prod", object="product"))
    assert till.deliver(event) == 200
    kept = StripeEvent.objects.get(pk=event["id"])
    assert (kept.type, kept.outcome) == ("product.created", "ignored")


def test_webhooks_forget_the_event_where_handling_it_broke(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = paid_event(till)

    def broken(_: signatures.Event) -> events.Result:
        raise RuntimeError("broken")

    monkeypatch.setitem(events.HANDLED, "checkout.session.completed", broken)
    with pytest.raises(RuntimeError):
        till.deliver(event)
    assert not StripeEvent.objects.exists()
    monkeypatch.undo()
    assert till.deliver(event) == 200


def test_webhooks_are_the_only_view_without_a_csrf_token() -> None:
    exempt = {
        path for path, view in views() if getattr(view, "csrf_exempt", False) and not is_without_cookies(view)
    }
    assert exempt == {"webhooks/stripe"}


def is_without_cookies(view: Callable[..., object]) -> bool:
    """REST framework's views are exempt from Django's check; ours take no cookies, so there is nothing to forge."""
    kind = getattr(view, "cls", None)
    return isinstance(kind, type) and issubclass(kind, APIView)


def views() -> Iterator[tuple[str, Callable[..., object]]]:
    def under(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[Any]:
        for pattern in patterns:
            path = before + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from under(pattern.url_patterns, path)
            else:
                yield path, pattern.callback

    return under(get_resolver(settings.ROOT_URLCONF).url_patterns, "")
