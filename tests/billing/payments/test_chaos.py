"""Payments in chaos, in the size of a test run; `make` has a longer one."""

import os
import secrets
from collections.abc import Callable

import pytest
from pytest_django import Settings

from tests.billing.payments import chaos
from tests.billing.payments.till import Till

PAYMENTS = int(os.environ.get("TOLLWAY_CHAOS_PAYMENTS", "60"))
FORGERIES = int(os.environ.get("TOLLWAY_CHAOS_FORGERIES", "200"))


@pytest.mark.timeout(60 + 2 * PAYMENTS)
@pytest.mark.usefixtures("committed")
def test_chaos_leaves_the_set_of_distinct_payments_and_believes_no_forgery(
    till: Till, settings: Settings, record_testsuite_property: Callable[[str, object], None]
) -> None:
    seed = secrets.randbits(32)
    record_testsuite_property("seed", seed)
    report = chaos.run(till, settings, payments=PAYMENTS, forgeries=FORGERIES, seed=seed)
    record_testsuite_property("report", report)

    assert report.wrong_balances == []
    assert report.wrong_credits == 0
    assert report.findings == {}
    assert report.unhandled == 0
    assert (report.forged >= FORGERIES, report.forged_believed) == (True, 0)
    assert report.deliveries >= PAYMENTS * chaos.DOUBLES
    assert report.cut > 0
    assert report.broken > 0
