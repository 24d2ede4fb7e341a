"""The forms under the seals: each makes the bytes it always made, so what was sealed years ago can be made again."""

import datetime
import hashlib
import json

import pytest
from django.db import connection

from billing.models import DaySeal, LedgerEntry, LedgerTransaction
from billing.proof.marks import ENTRY_MARK, EVENT_MARK
from tests.billing import rows
from tests.billing.proof import lives

pytestmark = pytest.mark.django_db

COUNTS = {
    "input_tokens": 21,
    "cached_tokens": 22,
    "cache_write_tokens": 23,
    "cache_write_1h_tokens": 24,
    "output_tokens": 25,
    "reasoning_tokens": 26,
    "image_in_tokens": 27,
    "image_out_tokens": 28,
    "audio_in_tokens": 29,
    "audio_out_tokens": 30,
    "images": 31,
    "web_searches": 32,
}
EVENT = {
    "id": "01900000-0000-7000-8000-000000000001",
    "request_id": "01900000-0000-7000-8000-000000000000",
    "rev": 1,
    "workspace_id": 2,
    "api_key_id": 3,
    "charge_no": 4,
    "minute_no": 5,
    "weight": 6,
    "model_id": 7,
    "chain_id": 8,
    "provider_id": 9,
    "endpoint_id": 10,
    "upstream_model": "gpt",
    "attempts": 11,
    "stream": True,
    "status": "ok",
    "http_status": 200,
    "error_code": "",
    "finish_reason": "stop",
    "usage_source": "upstream",
    "suspect": False,
    **COUNTS,
    "price_version_id": 33,
    "multipliers": "",
    "cost": 34,
    "provider_cost": 35,
    "hold": 36,
    "ttfb_ms": None,
    "latency_ms": 37,
    "tag": 'a "b"',
    "admitted_at": "2026-11-21T00:00:00.000001Z",
    "recorded_at": "2026-11-21T02:00:00.5+02:00",
}
WRITTEN = (
    "(01900000-0000-7000-8000-000000000001,01900000-0000-7000-8000-000000000000,1,2,3,4,5,6,7,8,9,10,gpt,11,t,ok,200,"
    '"",stop,upstream,f,21,22,23,24,25,26,27,28,29,30,31,32,33,"",34,35,36,,37,"a ""b""",'
    "1795219200000001,1795219200500000)"
)


def test_an_event_is_written_as_it_always_was() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        cursor.execute(
            f"SELECT {EVENT_MARK} FROM jsonb_populate_record(NULL::billing_usage_event, %s) e",
            [json.dumps(EVENT)],
        )
        assert cursor.fetchone() == (hashlib.sha256(WRITTEN.encode()).digest(),)


def test_an_entry_is_written_with_its_transaction_and_what_offsets_it() -> None:
    workspace, other = rows.workspace(), rows.workspace()
    for funded in (workspace, other, workspace):
        rows.fund(funded, 7)
    entry = LedgerEntry.objects.get(workspace_id=workspace, seq=2)
    moved = LedgerTransaction.objects.get(id=entry.transaction_id)
    [leg] = LedgerEntry.objects.filter(transaction_id=moved.id).exclude(id=entry.id)
    micros = int(moved.created_at.timestamp()) * 10**6 + moved.created_at.microsecond
    days = (moved.day - datetime.date(1970, 1, 1)).days
    written = (
        f'(2,{entry.id},7,14,{moved.id},topup,{moved.idem_key},{days},,"","",{micros},"{leg.id} clearing -7")'
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {ENTRY_MARK} FROM billing_ledger_entry l JOIN billing_ledger_transaction t"
            " ON t.id = l.transaction_id WHERE l.id = %s",
            [entry.id],
        )
        assert cursor.fetchone() == (hashlib.sha256(written.encode()).digest(),)


def test_seals_are_of_the_first_form() -> None:
    workspace = lives.past()
    assert set(DaySeal.objects.filter(workspace_id=workspace).values_list("form", flat=True)) == {1}
