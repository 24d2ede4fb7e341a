"""What a workspace has set for its auto-recharge, and what a failed payment does to it: waiting longer, then off."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from accounts.models import Workspace
from billing.models import Recharge, TopUp
from kernel import clock

from . import keys, notices

__all__ = [
    "PAUSES",
    "BadRules",
    "Rules",
    "failed",
    "month",
    "month_after",
    "save",
    "save_card",
    "succeeded",
    "turn_off",
    "used_cents",
]

PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""After the first, second and third failure in a row; the fourth turns auto-recharge off."""

Off = Recharge.OffBecause
# The bank asks for the cardholder, who is not there: trying again asks for the same.
_AUTHENTICATION = ("authentication_required", "requires_action")
# The card as it was saved will not work again.
_CARD_GONE = ("payment_method_unusable", "expired_card", "lost_card", "stolen_card")


class BadRules(ValueError):
    """The rules cannot be meant; `field` names the one to change."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Rules:
    """When to recharge (balance below `threshold`), by how much, and the most in a UTC month; all in cents."""

    enabled: bool
    threshold: int
    amount: int
    ceiling: int


@transaction.atomic
def save(workspace_id: int, rules: Rules, *, least: int, most: int, by: int) -> Recharge:
    """Keep what a person has set; a payment that is under way is not stopped. Amounts in cents.

    Raises BadRules for an amount outside `least` to `most`, a ceiling below the amount, or no saved card.
    """
    if rules.enabled:
        if not least <= rules.amount <= most:
            raise BadRules("amount", f"From ${least // 100:,} to ${most // 100:,}.")
        if rules.ceiling < rules.amount:
            raise BadRules("ceiling", "At least one recharge a month must fit into it.")
    row = _locked(workspace_id)
    if rules.enabled and not (row.payment_method and row.livemode == keys.live()):
        raise BadRules("enabled", "Save a card first.")
    row.enabled = rules.enabled
    row.threshold_cents, row.amount_cents = rules.threshold, rules.amount
    row.monthly_ceiling_cents = rules.ceiling
    row.failures, row.next_try_at = 0, None
    row.off_because = "" if rules.enabled else Off.PERSON
    row.changed_at, row.changed_by = clock.now(), by
    row.save()
    return row


@transaction.atomic
def save_card(
    workspace_id: int, *, payment_method: str, shown: str, customer: str, livemode: bool, at: datetime
) -> bool:
    """Keep the card that was saved last, whatever order its events come in; tell whether it was this one."""
    row = _locked(workspace_id)
    if row.card_saved_at is not None and row.card_saved_at >= at:
        return False
    row.payment_method, row.card, row.customer_id = payment_method, shown, customer
    row.livemode, row.card_saved_at = livemode, at
    row.failures, row.next_try_at = 0, None
    row.save()
    return True


def used_cents(workspace_id: int, now: datetime) -> int:
    """Return how much of the ceiling of the present UTC month is used: all that did not fail."""
    return (
        TopUp.objects.filter(
            workspace_id=workspace_id, source=TopUp.Source.RECHARGE, created_at__gte=month(now)
        )
        .exclude(status=TopUp.Status.FAILED)
        .aggregate(cents=Sum("amount_cents"))["cents"]
        or 0
    )


def month(moment: datetime) -> datetime:
    """Return when the UTC month of a moment began."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(moment: datetime) -> datetime:
    """Return when the next UTC month begins."""
    return month(month(moment) + timedelta(days=32))


def succeeded(topup: TopUp) -> None:
    """Forget earlier failures: a recharge was paid."""
    Recharge.objects.filter(workspace_id=topup.workspace_id).update(failures=0, next_try_at=None)


def failed(topup: TopUp) -> None:
    """Wait longer before the next try, or turn auto-recharge off; the rules are locked by the caller."""
    row = _locked(topup.workspace_id)
    if not row.enabled:
        return
    if topup.failure in _AUTHENTICATION:
        turn_off(row, Off.AUTHENTICATION)
    elif topup.failure in _CARD_GONE:
        turn_off(row, Off.CARD)
    elif row.failures >= len(PAUSES):
        turn_off(row, Off.DECLINED)
    else:
        row.next_try_at = clock.now() + PAUSES[row.failures]
        row.failures += 1
        row.save(update_fields=["failures", "next_try_at"])


def turn_off(row: Recharge, because: Recharge.OffBecause) -> None:
    """Turn auto-recharge off for a reason that the page shows and a mail tells."""
    row.enabled, row.off_because, row.changed_at, row.changed_by = False, because, clock.now(), None
    row.save(update_fields=["enabled", "off_because", "changed_at", "changed_by"])
    notices.recharge_is_off(Workspace.objects.get(pk=row.workspace_id), because.label)


def _locked(workspace_id: int) -> Recharge:
    Recharge.objects.get_or_create(workspace_id=workspace_id, defaults={"changed_at": clock.now()})
    return Recharge.objects.select_for_update().get(workspace_id=workspace_id)
