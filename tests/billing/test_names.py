"""Names of rows: what operators read of each in titles, paths, questions before a deed, and the trail."""

import datetime
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db.models import Model

from billing import models
from billing.models.paper import one_line_each
from catalog.models import Plan, PlanVersion

ID = UUID("01890000-0000-7000-8000-0123456789ab")
DAY = datetime.date(2026, 11, 1)
AT = datetime.datetime(2026, 11, 1, 9, 30, 15, tzinfo=datetime.UTC)
TERMS = PlanVersion(plan=Plan(pk=1, name="Team"), version=3)
CODE = models.Voucher(prefix="TW-4K")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (models.Account(workspace_id=7), "account 7"),
        (models.AlertRule(name="Red audit"), "Red audit"),
        (models.AlertFiring(title="An audit is red"), "An audit is red"),
        (
            models.AlertDelivery(event="began", channel=models.AlertChannel(name="On call")),
            "began, to On call",
        ),
        (models.Announcement(title="Kimi is slow"), "Kimi is slow"),
        (
            models.AnnouncementUpdate(announcement=models.Announcement(title="Kimi is slow"), stage="found"),
            "Kimi is slow, found",
        ),
        (models.KeyBudget(limit_nano=5, period="day", api_key_id=9), "5 a day of key 9"),
        (models.BulkJob(what="revoke", total=1200), "Revoke keys: 1,200"),
        (models.BulkLine(no=3, subject="key 9"), "3: key 9"),
        (models.Purse(workspace_id=7), "purse 7"),
        (models.CreditLot(source="grant", id=ID), f"grant {ID}"),
        (models.CreditMovement(amount=-5, lot_id=ID), f"-5 of {ID}"),
        (models.CustomerAlert(kind="errors", percent=12), "Failed requests, 12 %"),
        (models.CustomerAlert(kind="balance", amount=2_500_000_000), "Low balance, $2.50"),
        (models.CustomerFiring(title="The balance is low"), "The balance is low"),
        (models.CustomerEndpoint(address="https://hook.example/in?secret"), "hook.example"),
        (models.CustomerEndpoint(address="http://hook.example:81/in"), "hook.example:81"),
        (
            models.CustomerDelivery(
                firing=models.CustomerFiring(title="Low"),
                endpoint=models.CustomerEndpoint(address="https://h/i"),
            ),
            "Low, h",
        ),
        (models.CustomerDelivery(), "a test, by e-mail"),
        (models.DeskMark(title="A refund waits", kind="later"), "A refund waits, put off"),
        (models.JobRun(name="audit"), "audit"),
        (models.LedgerTransaction(kind="topup", id=ID), f"topup {ID}"),
        (models.LedgerEntry(account="revenue", amount=-3), "revenue -3"),
        (models.BookMonth(first=DAY), "November 2026"),
        (models.MonthClose(first=DAY), "November 2026, closed"),
        (models.Move(kind="grant", id=ID), f"grant {ID}"),
        (models.Paper(series="R", number=12), "R-000012"),
        (models.Paper(foreign_number="ABC-1"), "ABC-1"),
        (models.BillingDetails(legal_name="Ada Ltd"), "Ada Ltd"),
        (models.PaperIssuer(legal_name="Tollway BV"), "Tollway BV"),
        (models.Part(name="web h:1"), "web h:1"),
        (models.StripeCustomer(customer_id="cus_1"), "cus_1"),
        (models.StripeCustomer(), "not known at Stripe yet"),
        (models.TopUp(id=ID), "top-up …0123456789ab"),
        (models.Dispute(dispute_id="dp_1"), "dp_1"),
        (models.RefundRequest(id=ID), "refund …0123456789ab"),
        (models.Recharge(workspace_id=7), "auto-recharge of 7"),
        (models.StripeEvent(event_id="evt_1"), "evt_1"),
        (models.PaymentAlert(message="A payment is disputed"), "A payment is disputed"),
        (models.DaySeal(day=DAY, no=4), "2026-11-01 seal 4"),
        (models.DroppedMonth(month=DAY), "November 2026"),
        (models.AuditRun(kind="whole", started_at=AT), "everything, 2026-11-01 09:30:15"),
        (models.UpstreamFile(name="november.csv"), "november.csv"),
        (models.UpstreamLine(day=DAY, model="kimi"), "2026-11-01 kimi"),
        (models.LineDecision(verdict="disputed", reason="Sent twice."), "disputed: Sent twice."),
        (models.Refusal(code="NOT_FOUND", request_id=ID), f"NOT_FOUND {ID}"),
        (models.RefusalCount(refusals=3, code="NOT_FOUND"), "3 × NOT_FOUND"),
        (models.IdempotencyKey(key="once"), "once"),
        (models.Reprice(id=ID), "re-pricing 0123456789ab"),
        (models.RepriceLine(workspace_id=7, delta=-3), "7 -3"),
        (models.PriceGap(model_id=5, kind="unpriced"), "model 5, no price, refused"),
        (models.Subscription(plan_version=TERMS, anchor=DAY), "Team v3 since 2026-11-01"),
        (models.SubscriptionChange(kind="changed", to_version=TERMS), "changed at once: Team v3"),
        (models.Worker(host="h", pid=12), "h:12"),
        (models.Admission(request_id=ID), str(ID)),
        (models.Attempt(request_id=ID, number=2), f"{ID} #2"),
        (models.UsageEvent(request_id=ID), str(ID)),
        (models.DailyUsage(workspace_id=7, day=DAY), "7 2026-11-01"),
        (models.UsageBucket(workspace_id=7, starts_at=AT), "7 2026-11-01 09:30:15+00:00"),
        (models.VoucherBatch(note="For the fair"), "For the fair"),
        (CODE, "TW-4K…"),
        (models.Redemption(voucher=CODE, workspace_id=7), "TW-4K… by workspace 7"),
    ],
)
def test_a_row_has_a_name_that_tells_it_from_others(row: Model, name: str) -> None:
    assert str(row) == name


def test_a_payment_is_credited_once_by_its_session_or_where_it_has_none_by_itself() -> None:
    assert models.TopUp(session_id="cs_1", payment_intent="pi_1").idem_key == "stripe:cs_1"
    assert models.TopUp(payment_intent="pi_1").idem_key == "stripe:pi_1"


def test_the_foot_of_a_paper_has_room_for_six_lines() -> None:
    one_line_each("\n".join("123456"))
    with pytest.raises(ValidationError, match="At most six lines"):
        one_line_each("\n".join("1234567"))
