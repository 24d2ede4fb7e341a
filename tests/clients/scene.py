"""Who calls in a conformance run, and what: for each client customers and models of its own, one for each refusal.

Run inside the site, which knows its database: `python -m tests.clients.scene SANDBOX MIRROR CLIENT…` prints JSON.
"""

import datetime
import json
import sys
from typing import Any

# Between a request and its hold lies the plan's default of output tokens: 0.1 USD is held by one stream.
HELD_USD, POOR_USD = "0.1", "0.001"
SLOW = "slow-300ms"


def main() -> None:
    """Make the rows and print, by client, the secrets of keys and the ids of models."""
    import django

    django.setup()
    sandbox, mirror, *clients = sys.argv[1:]
    made = {name: {"keys": _keys(), "models": _models(sandbox, mirror)} for name in clients}
    sys.stdout.write(json.dumps(made))


def _keys() -> dict[str, str]:
    from accounts import keys
    from billing import budgets
    from kernel import ids
    from tests.fakes.cast import customer
    from tests.fakes.signed_in import signed_in

    revoked, expired, suspended = customer(), customer(), customer()
    keys.revoke(revoked.key)
    expired.key.created_at -= datetime.timedelta(days=2)
    expired.key.expires_at = expired.key.created_at + datetime.timedelta(days=1)
    expired.key.save()
    suspended.workspace.status = "suspended"
    suspended.workspace.save()
    budgeted, unlucky = customer(), customer()
    budgets.put(
        budgeted.workspace.pk, budgeted.key.pk, limit=1, period=budgets.Period.MONTH, actor="conformance"
    )
    _lose_marks(unlucky.workspace.pk)
    terms: dict[str, dict[str, Any]] = {
        "main": {},
        "poor": {"credit_usd": POOR_USD},
        "held": {"credit_usd": HELD_USD},
        "free": {"tiers": ["free"]},
        "minute": {"minute_cap": 1},
        "hour": {"hour_cap": 1},
        "day": {"day_cap": 1},
        "streams": {"stream_cap": 1},
        "patient": {"stream_cap": 1},
        "leaver": {"stream_cap": 1},
    }
    return {
        "unknown": ids.mint_key(),
        "revoked": revoked.secret,
        "expired": expired.secret,
        "suspended": suspended.secret,
        "budgeted": budgeted.secret,
        "unlucky": unlucky.secret,
        "person": signed_in(customer().workspace).access,
        **{name: customer(**plan).secret for name, plan in terms.items()},
    }


def _lose_marks(workspace_id: int) -> None:
    """Have the database refuse to keep which requests of a workspace were marked as one, as a full disk would."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """CREATE OR REPLACE FUNCTION conformance_refuses() RETURNS trigger LANGUAGE plpgsql
               AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no space'; END $$"""
        )
        cursor.execute(
            f"""CREATE TRIGGER conformance_{workspace_id} BEFORE INSERT ON billing_idempotencykey
                FOR EACH ROW WHEN (NEW.workspace_id = {workspace_id}) EXECUTE FUNCTION conformance_refuses()"""
        )


def _damaged(sandbox: str) -> str:
    """Return a model whose provider has headers that are a list: no form lets them in, and the gateway trips over them."""
    from catalog.models import Provider
    from tests.fakes.cast import model

    name = model((sandbox, "chat"))
    served = Provider.objects.filter(endpoints__hops__chain__model__public_id=name)
    Provider.objects.filter(pk__in=served.values("pk")).update(headers=["X-Region"])
    return name


def _models(sandbox: str, mirror: str) -> dict[str, str]:
    from tests.fakes.cast import model

    return {
        "damaged": _damaged(sandbox),
        "mirror": model((mirror, "mirror")),
        "short": model((sandbox, "chat"), context_length=1_000, max_output_tokens=100),
        "priced": model((sandbox, "chat")),
        "premium": model((sandbox, "chat"), tier="premium"),
        "seeing": model((sandbox, "chat"), input_modalities=["text", "image"]),
        "slow": model((sandbox, SLOW)),
        "brief": model((sandbox, "slow-100ms")),
        "waiting": model((sandbox, "slow-11000ms"), wait_seconds=30),
        "broken": model((sandbox, "error-500")),
        "broken_stream": model((sandbox, "sse-error-first")),
        "cut": model((sandbox, "cut-stream")),
        "hanging": model((sandbox, "hang"), wait_seconds=1),
        "endless": model((sandbox, "endless")),
    }


if __name__ == "__main__":
    main()
