"""The settings of payments: off without a key, refused where they cannot be meant."""

import os
import subprocess
import sys

import pytest
from django.conf import settings as configured
from django.core import checks
from pytest_django import Settings

from billing.payments import keys
from tests.kernel.engine_homes import CHECKOUT

SECRET = "whsec_" + "a" * 32


@pytest.mark.parametrize(
    ("key", "secrets", "base", "found"),
    [
        ("", [], "", []),
        ("", [SECRET], "http://elsewhere", []),
        ("sk_test_0123456789", [SECRET], "http://127.0.0.1:1", []),
        ("rk_live_0123456789", [SECRET, SECRET], keys.STRIPE, []),
        ("sk_test_0123456789", [], keys.STRIPE, ["billing.E002"]),
        ("sk_test_0123456789", [" "], keys.STRIPE, ["billing.E002"]),
        ("pk_test_0123456789", [SECRET], keys.STRIPE, ["billing.E001"]),
        ("sk_test_", [SECRET], keys.STRIPE, ["billing.E001"]),
        ("sk_test_0123456789", [SECRET, "secret"], keys.STRIPE, ["billing.E003"]),
        ("sk_live_0123456789", [SECRET], "http://127.0.0.1:1", ["billing.E004"]),
    ],
)
def test_keys_that_cannot_be_meant_are_errors(
    settings: Settings, key: str, secrets: list[str], base: str, found: list[str]
) -> None:
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRETS = key, secrets
    settings.STRIPE_API_BASE = base
    assert [fault.id for fault in keys.faults()] == found
    assert [error.id for error in keys.payments_are_set_up_whole()] == found


def test_keys_are_looked_at_by_the_checks_of_every_start() -> None:
    looked_at = [id(check) for check in checks.registry.registry.get_checks()]
    assert id(keys.payments_are_set_up_whole) in looked_at


@pytest.mark.parametrize(
    ("key", "live"), [("sk_test_0123456789", False), ("rk_live_0123456789", True), ("", False)]
)
def test_keys_say_whether_money_is_real(settings: Settings, key: str, live: bool) -> None:
    settings.STRIPE_SECRET_KEY = key
    assert keys.live() is live


def test_keys_without_a_webhook_secret_stop_the_start() -> None:
    environment = {**os.environ, "STRIPE_SECRET_KEY": "sk_test_0123456789", "STRIPE_WEBHOOK_SECRET": " , "}
    done = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "check"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "STRIPE_WEBHOOK_SECRET must be set" in done.stderr


def test_keys_leave_payments_off_in_a_run_of_tests() -> None:
    assert configured.STRIPE_SECRET_KEY == ""
    assert not keys.are_set_up()
