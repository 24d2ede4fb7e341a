"""What is kept of a request that is not let in, for whoever asks later why."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from accounts.callers import Caller
from billing.admission import Refused
from billing.refusals import Refusal, Refusals
from kernel import clock

from .errors import Failure

__all__ = ["Sought", "noted"]


@dataclass(slots=True)
class Sought:
    """What a request sought, as far as it got: the model it named, how many requests it counts as, being let in."""

    model: str = ""
    weight: int = 1
    admitted: bool = False


@contextmanager
def noted(refusals: Refusals, request_id: UUID, caller: Caller) -> Iterator[Sought]:
    """Note the failure that ends the block, unless the request had been admitted; nothing is written here."""
    sought = Sought()
    try:
        yield sought
    except Failure as failure:
        if not sought.admitted:
            refusals.note(_refusal(request_id, caller, sought, failure))
        raise


def _refusal(request_id: UUID, caller: Caller, sought: Sought, failure: Failure) -> Refusal:
    cause = failure.__cause__
    refused = cause if isinstance(cause, Refused) else Refused(failure.code)
    return Refusal(
        request_id=request_id,
        workspace_id=caller.workspace_id,
        api_key_id=caller.api_key_id,
        model=sought.model,
        code=failure.code,
        message=failure.message,
        refused_at=clock.now(),
        weight=sought.weight,
        cap=refused.limit,
        used=refused.used,
        resets_at=refused.resets_at,
        required=refused.required,
        available=refused.available,
        held=refused.held,
    )
