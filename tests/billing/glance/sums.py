"""Makes sums of usage as the roll-up leaves them, at any moment of the past."""

from datetime import UTC, date, datetime

from billing.models import DailyUsage, UsageBucket

__all__ = ["day", "moment", "quarter"]


def quarter(
    workspace_id: int,
    at: datetime,
    *,
    requests: int = 1,
    failed: int = 0,
    cost: int = 0,
    provider_cost: int = 0,
    model_id: int = 1,
    provider_id: int = 1,
) -> None:
    """Put a quarter of an hour."""
    UsageBucket.objects.create(
        workspace_id=workspace_id, starts_at=at, api_key_id=1, model_id=model_id, provider_id=provider_id, tag="",
        requests=requests, failed=failed, cost=cost, provider_cost=provider_cost,
    )  # fmt: skip


def day(workspace_id: int, of: date, *, requests: int = 1, cost: int = 0, provider_cost: int = 0) -> None:
    """Put a UTC day."""
    DailyUsage.objects.create(
        workspace_id=workspace_id, day=of, api_key_id=1, model_id=1, provider_id=1, tag="",
        requests=requests, failed=0, cost=cost, provider_cost=provider_cost,
    )  # fmt: skip


def moment(text: str) -> datetime:
    """Return a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
