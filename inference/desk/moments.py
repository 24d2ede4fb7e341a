"""How the desk reads days and moments: as ISO 8601 writes them, never as numbers of seconds."""

import re
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator

__all__ = ["Day", "Moment"]

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BEGINS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]", re.ASCII)


def _day(given: Any) -> Any:
    if given is not None and not (isinstance(given, str) and _DAY.fullmatch(given)):
        raise ValueError("it must be a day, as 2026-11-21")
    return given


def _moment(given: Any) -> Any:
    if isinstance(given, datetime) or (isinstance(given, str) and _BEGINS.match(given)):
        return given
    raise ValueError("it must be a moment with its offset, as 2026-11-21T12:00:00Z")


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
