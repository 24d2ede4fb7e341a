"""Receipts: one per request, over all its revisions, for nobody but its workspace."""

import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey
from billing import ledger, receipts, rollup
from billing.credits.lots import Credit, Source
from billing.models import Attempt
from billing.reach import UNBOUNDED
from catalog.models import Model, Multiplier, Provider
from kernel import clock, ids
from tests.billing import rows
from tests.billing.plans import assert_index_bound

REQUEST = ids.request_id()
TODAY = clock.utc_day(clock.now())


@pytest.mark.parametrize(
    "prefix", ["", "chatcmpl-", "cmpl-", "gen-", "msg_", "resp_", "embd-", "rerank-", "img-"]
)
def test_are_found_by_the_id_of_an_answer(prefix: str) -> None:
    assert receipts.request_of(prefix + REQUEST.hex) == REQUEST


def test_are_found_by_the_id_of_a_request() -> None:
    assert receipts.request_of(str(REQUEST)) == REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "chatcmpl-",
        "chatcmpl-" + "0" * 31 + "g",
        "x-01a1ff3c80ad7c9e81eaaaea117b4d00",
        "-" * 36,
        "f" * 32,
    ],
)
def test_are_not_found_by_anything_else(text: str) -> None:
    assert receipts.request_of(text) is None


def provider(slug: str) -> int:
    return Provider.objects.create(slug=slug, name=slug).pk


def served(workspace: int, **columns: object) -> UUID:
    model, version = rows.price(input=500, output=500)
    return rows.settle(workspace, **{"model_id": model, "price_version_id": version, **columns})  # type: ignore[arg-type]


@pytest.mark.django_db
def test_belong_to_their_workspace() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    request = served(workspace)
    assert receipts.find(other, request, reach=UNBOUNDED) is None
    assert receipts.find(workspace, ids.request_id(), reach=UNBOUNDED) is None
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    assert found is not None
    assert found.request_id == request


@pytest.mark.django_db
def test_come_when_the_request_has_ended() -> None:
    workspace = rows.workspace()
    assert receipts.find(workspace, rows.admit(workspace), reach=UNBOUNDED) is None


@pytest.mark.django_db
def test_tell_the_whole_of_a_corrected_request() -> None:
    workspace = rows.workspace()
    request = served(
        workspace, cost=2, input_tokens=1, output_tokens=2, status="reaped", usage_source="checkpoint"
    )
    model, version = rows.price(input=500, output=500)
    rows.settle(
        workspace, request_id=request, rev=1, cost=1, output_tokens=3, status="ok", model_id=model,
        price_version_id=version, finish_reason="stop",
    )  # fmt: skip
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    assert found is not None
    assert (found.cost, found.counts.input, found.counts.output) == (3, 1, 5)
    assert (found.status, found.usage_source, found.finish_reason) == ("ok", "upstream", "stop")
    charge = receipts.charge(found)
    assert Fraction(charge.explanation.cost) == Fraction(3, 10**9)
    assert charge.explanation.waived == 0
    assert [(part.revision, part.amount) for part in charge.postings] == [(0, 2), (1, 1)]


@pytest.mark.django_db
def test_explain_a_corrected_request_by_what_served_it() -> None:
    workspace, server = rows.workspace(), provider("server")
    request = served(workspace, cost=0, status="reaped", usage_source="none")
    model, version = rows.price(input=1000, output=3000)
    rows.settle(
        workspace, request_id=request, rev=1, cost=7, input_tokens=4, output_tokens=1, status="ok", model_id=model,
        price_version_id=version, provider_id=server, attempts=1, latency_ms=30,
    )  # fmt: skip
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    assert found is not None
    assert (found.model, found.provider) == (Model.objects.get(pk=model).public_id, "server")
    assert found.tries == (receipts.Try("server", "ok", 30),)
    charge = receipts.charge(found)
    assert (charge.price.version, charge.explanation.notes) == (version, ())
    assert [(line.token_class, line.units, line.rate) for line in charge.explanation.lines] == [
        ("input", 4, Decimal("0.001")),
        ("output", 1, Decimal("0.003")),
    ]
    assert Fraction(charge.explanation.cost) == Fraction(7, 10**9)
    assert rows.findings(workspace) == {}


@pytest.mark.django_db
def test_name_the_key_and_every_try() -> None:
    workspace, first, second = rows.workspace(), provider("first"), provider("second")
    key = ApiKey.objects.create(
        workspace_id=workspace, name="mine", digest=b"k", prefix="rk_", last_four="0000"
    )
    request = served(workspace, api_key_id=key.pk, provider_id=second, attempts=2, latency_ms=100)
    Attempt.objects.create(
        id=ids.revision_id(request, 1), request_id=request, workspace_id=workspace, number=1, provider_id=first,
        endpoint_id=1, upstream_model="m", outcome="500", http_status=500, started_at=clock.now(), milliseconds=60,
    )  # fmt: skip
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    assert found is not None
    assert (found.key_name, found.provider) == ("mine", "second")
    assert found.tries == (receipts.Try("first", "500", 60), receipts.Try("second", "ok", 40))


@pytest.mark.django_db
def test_name_the_scope_and_target_of_each_factor_and_the_price() -> None:
    workspace = rows.workspace()
    row = Multiplier.objects.create(
        scope="plan", target="lite", factor_ppm=2_000_000, valid_from=clock.now(), reason="test"
    )
    request = served(workspace, cost=4, output_tokens=4, multipliers=f"{row.pk}:2000000")
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    assert found is not None
    charge = receipts.charge(found)
    [factor] = charge.explanation.factors
    assert (factor.scope, factor.target, factor.ppm) == ("plan", "lite", 2_000_000)
    assert (charge.price.version, charge.price.source) == (found.price_version_id, "test")
    assert (charge.price.kind, charge.price.label) == ("standard", "")


@pytest.mark.django_db
def test_point_to_the_ledger_once_they_are_posted() -> None:
    workspace = rows.workspace()
    request = served(workspace, cost=2, output_tokens=4)
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    assert found is not None
    [before] = receipts.charge(found).postings
    assert (before.posted, before.entry_no, before.transaction_id) == (False, None, None)
    rollup.close(workspace)
    rollup.post(workspace)
    [after] = receipts.charge(found).postings
    assert (after.posted, after.entry_no, after.charge_no) == (True, 1, before.charge_no)
    assert after.transaction_id is not None


def paid(receipt: receipts.Receipt | None) -> list[tuple[str | None, datetime.date | None, int]]:
    assert receipt is not None
    [posting] = receipts.charge(receipt).postings
    return [(payment.source, payment.expires_on, payment.amount) for payment in posting.paid]


@pytest.mark.django_db
def test_tell_what_paid_for_all_that_was_posted_together() -> None:
    workspace = rows.workspace()
    ends = TODAY + datetime.timedelta(days=9)
    ledger.post(
        workspace_id=workspace, kind=ledger.Kind.GRANT, amount=50, offset=ledger.System.PROMOTION, idem_key="g",
        credit=Credit(Source.PLAN, expires_on=ends),
    )  # fmt: skip
    rows.fund(workspace, 100)
    request = served(workspace, cost=30, output_tokens=1)
    served(workspace, cost=140, output_tokens=1)
    served(workspace, cost=1000, output_tokens=1, minute_no=clock.minute_number() - 2 * 1440)
    assert paid(receipts.find(workspace, request, reach=UNBOUNDED)) == []
    rollup.close(workspace)
    rollup.post(workspace)
    found = receipts.find(workspace, request, reach=UNBOUNDED)
    # The older day is charged first: it takes all there is, and the rest of both days is covered by nothing.
    assert paid(found) == [(None, None, 170)]
    assert found is not None
    [posting] = receipts.charge(found).postings
    assert (posting.amount, posting.charged) == (30, 170)
    assert posting.entry_id is not None


@pytest.mark.django_db
def test_tell_payments_in_the_order_in_which_credit_is_spent() -> None:
    workspace = rows.workspace()
    ends = TODAY + datetime.timedelta(days=9)
    rows.fund(workspace, 100)
    for number, terms in enumerate((Credit(Source.VOUCHER), Credit(Source.PLAN, expires_on=ends))):
        ledger.post(
            workspace_id=workspace, kind=ledger.Kind.GRANT, amount=50, offset=ledger.System.PROMOTION,
            idem_key=f"g{number}", credit=terms,
        )  # fmt: skip
    request = served(workspace, cost=120, output_tokens=1)
    rollup.close(workspace)
    rollup.post(workspace)
    assert paid(receipts.find(workspace, request, reach=UNBOUNDED)) == [
        ("plan", ends, 50),
        ("voucher", None, 50),
        ("topup", None, 20),
    ]


@pytest.mark.django_db
def test_of_a_model_that_is_gone_name_its_number_and_without_a_price_have_no_charge() -> None:
    workspace = rows.workspace()
    found = receipts.find(
        workspace, rows.settle(workspace, model_id=424242, price_version_id=424242), reach=UNBOUNDED
    )
    assert found is not None
    assert found.model == "model 424242"
    with pytest.raises(LookupError, match="424242"):
        receipts.charge(found)
    with pytest.raises(LookupError, match="424242"):
        receipts.price(424242)


@pytest.mark.django_db
def test_are_read_by_an_index() -> None:
    workspace = rows.workspace()
    request = served(workspace)
    with CaptureQueriesContext(connection) as queries:
        found = receipts.find(workspace, request, reach=UNBOUNDED)
        assert found is not None
        receipts.charge(found)
    assert_index_bound(queries)
