"""Plans at the gate: patterns beside tiers, and an upgrade that begins and ends by itself while requests come."""

from datetime import timedelta

import pytest

from accounts import upgrades
from catalog.models import Plan
from kernel import clock
from tests.accounts.rows import person
from tests.fakes.cast import customer, model
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway
from tests.fakes.signed_in import signed_in

pytestmark = pytest.mark.usefixtures("committed")


def test_include_models_by_pattern_and_keep_others_out(gateway: Gateway, sandbox: str) -> None:
    wanted, kept_out, dear = (model((sandbox, "words"), tier=tier) for tier in ("max", "free", "max"))
    who = customer(tiers=["free"], also_models=[f"{wanted[:-2]}*"], except_models=[kept_out])
    gateway.knows(who.secret, wanted)
    listed = gateway.models(who.secret)
    assert wanted in listed
    assert not {kept_out, dear} & listed.keys()
    assert gateway.chat(who.secret, wanted).status == 200
    for name in (kept_out, dear):
        refused = gateway.chat(who.secret, name)
        assert (refused.status, refused.headers["x-error-code"]) == (403, "MODEL_NOT_ALLOWED")
        assert f"{name} is not included in the plan" in refused.body.decode()


def test_of_one_customer_are_named_to_no_other(gateway: Gateway, sandbox: str) -> None:
    rich = customer(tiers=["free", "lite", "premium", "max"])
    Plan.objects.filter(pk=rich.workspace.plan_version.plan_id).update(public=False)
    who, dear = customer(tiers=["free"]), model((sandbox, "words"), tier="max")
    gateway.knows(rich.secret, dear)
    refused = gateway.chat(who.secret, dear)
    assert refused.status == 403
    assert rich.workspace.plan_version.plan.name not in refused.body.decode()


def test_upgraded_for_a_while_count_until_exactly_then(gateway: Gateway, sandbox: str) -> None:
    who, rich = customer(tiers=["free"]), customer()
    free, dear = model((sandbox, "words")), model((sandbox, "words"), tier="max")
    gateway.knows(rich.secret, free, dear)
    someone, at = signed_in(who.workspace), clock.now()

    def told() -> tuple[bool, bool]:
        user = ask("GET", f"{gateway.base_url}/user", headers=someone.bearer).json
        key = ask("GET", f"{gateway.base_url}/key", headers={"X-API-Key": who.secret}).json["data"]
        assert (user["upgrade_expires_at"] is None) != user["is_upgraded"]
        assert key["is_upgraded"] == (key["plan"] == rich.workspace.plan_version.plan.slug)
        return user["is_upgraded"], key["is_upgraded"]

    assert gateway.chat(who.secret, dear).status == 403
    assert told() == (False, False)
    end = at + timedelta(seconds=8)
    upgrades.grant(
        who.workspace,
        rich.workspace.plan_version,
        starts_at=at,
        ends_at=end,
        reason="a test",
        by=person(),
    )
    gateway.eventually(lambda: gateway.chat(who.secret, dear).status == 200, within=3)
    assert told() == (True, True)
    statuses = []
    while (sent := clock.now()) < end + timedelta(seconds=1):
        statuses.append((sent, gateway.chat(who.secret, dear).status))
    assert {status for sent, status in statuses if sent >= end} == {403}
    assert {status for sent, status in statuses if sent < end - timedelta(seconds=1)} == {200}
    assert told() == (False, False)
