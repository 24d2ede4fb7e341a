"""Whether a webhook comes from Stripe, now: signature, age, and the shape of what is then believed."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import keys

__all__ = ["FUTURE_SECONDS", "MOST_BYTES", "PAST_SECONDS", "Event", "Forged", "verified"]

MOST_BYTES = 1_048_576
PAST_SECONDS = 300
FUTURE_SECONDS = 60
_MOST_HEADER = 2048
_STAMP = re.compile(r"\d{1,12}\Z", re.ASCII)


class Forged(Exception):
    """Not from Stripe, or not from now; nothing of it is believed."""


@dataclass(frozen=True)
class Event:
    """What Stripe says happened: `subject` is the thing it happened to, as it was then; `created` is Unix time."""

    id: str
    type: str
    livemode: bool
    created: int
    subject: Mapping[str, Any]
    digest: bytes

    def named(self, field: str) -> str:
        """Return the id that a field of the subject holds, alone or within the thing itself; or nothing."""
        value = self.subject.get(field)
        if isinstance(value, Mapping):
            value = value.get("id")
        return value if isinstance(value, str) else ""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What we wrote on the subject when we made it."""
        found = self.subject.get("metadata")
        return found if isinstance(found, Mapping) else {}


def verified(body: bytes, header: str | None, *, now: float) -> Event:
    """Return the event that a body holds, if one of our secrets signed it at most 300 s before `now` (Unix time).

    A moment ahead of us by up to 60 s is allowed: clocks differ. Raises Forged.
    """
    if len(body) > MOST_BYTES:
        raise Forged("the body is too large")
    _check_age(header, now)
    _check_signature(body, header)
    return _read(body)


def _check_age(header: str | None, now: float) -> None:
    """The library looks at the first of several stamps, takes any from the future, and any age for a tolerance of 0."""
    if not header or len(header) > _MOST_HEADER:
        raise Forged("there is no signature")
    stamps = [part.partition("=")[2] for part in header.split(",") if part.partition("=")[0] == "t"]
    if len(stamps) != 1 or not _STAMP.match(stamps[0]):
        raise Forged("the signature does not say when it was made")
    age = now - int(stamps[0])
    if not -FUTURE_SECONDS <= age <= PAST_SECONDS:
        raise Forged("the signature is not from now")


def _check_signature(body: bytes, header: str | None) -> None:
    import stripe  # 17 MB: only where a payment comes in

    for secret in keys.webhook_secrets():
        try:
            if stripe.WebhookSignature.verify_header(body, header, secret, PAST_SECONDS) is True:
                return
        except (stripe.SignatureVerificationError, UnicodeError):
            continue
    raise Forged("no secret of ours made this signature")


def _read(body: bytes) -> Event:
    try:
        told = json.loads(body)
        subject = told["data"]["object"]
        event = Event(
            told["id"],
            told["type"],
            told["livemode"],
            told["created"],
            subject,
            hashlib.sha256(body).digest(),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Forged("the body is no event") from error
    shaped = (
        told.get("object") == "event"
        and isinstance(event.id, str)
        and event.id != ""
        and isinstance(event.type, str)
        and isinstance(event.livemode, bool)
        and isinstance(event.created, int)
        and isinstance(subject, dict)
    )
    if not shaped:
        raise Forged("the body is no event")
    return event
