"""What is kept of a request that is not let in, for whoever asks later why."""

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


class noted:  # read as what happens to the block
    """Note the failure that ends the block, unless the request had been admitted; nothing is written here."""

    __slots__ = ("_caller", "_refusals", "_request_id", "_sought")

    def __init__(self, refusals: Refusals, request_id: UUID, caller: Caller) -> None:
        self._refusals = refusals
        self._request_id = request_id
        self._caller = caller
        self._sought = Sought()

    def __enter__(self) -> Sought:
        return self._sought

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Failure) and not self._sought.admitted:
            self._refusals.note(_refusal(self._request_id, self._caller, self._sought, error))


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
