"""How one message reaches one channel: by mail, or posted to an address that may be called; once, within ten seconds."""

import asyncio
import smtplib
from collections.abc import Sequence

import aiohttp
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from yarl import URL

from accounts.models import User
from billing.models import AlertChannel, AlertDelivery
from catalog import credentials
from kernel import addresses, clock, guarded

from . import message, signing

__all__ = ["MOST_PEOPLE", "SECONDS", "Failed", "addressees", "mail_is_set_up", "send"]

SECONDS = 10.0
MOST_PEOPLE = 50
_NO_MAIL = ("console.EmailBackend", "dummy.EmailBackend")


class Failed(Exception):
    """It was not taken; the text says why, without a secret in it. `hopeless`: another try would come to the same."""

    def __init__(self, why: str, *, hopeless: bool = False) -> None:
        super().__init__(why)
        self.hopeless = hopeless


def mail_is_set_up() -> bool:
    """Tell whether mails leave this machine."""
    return not settings.EMAIL_BACKEND.endswith(_NO_MAIL)


def addressees(channel: AlertChannel) -> Sequence[str]:
    """Return the addresses of a channel by mail: of its people and groups, or of those who may do everything."""
    named = Q(pk__in=channel.people.values("pk")) | Q(groups__in=channel.groups.values("pk"))
    whom = named if channel.people.exists() or channel.groups.exists() else Q(is_superuser=True)
    people = User.objects.filter(whom, is_staff=True, is_active=True)
    return list(people.order_by("email").values_list("email", flat=True).distinct()[:MOST_PEOPLE])


def send(delivery: AlertDelivery) -> str:
    """Send a message and return what came of it, in words. Raises Failed."""
    if not delivery.channel.active:
        raise Failed("the channel is off", hopeless=True)
    if delivery.channel.kind == AlertChannel.Kind.MAIL:
        return _mail(delivery)
    return _post(delivery)


def _mail(delivery: AlertDelivery) -> str:
    if not mail_is_set_up():
        raise Failed("e-mail is not set up", hopeless=True)
    to = addressees(delivery.channel)
    if not to:
        raise Failed("nobody who may get it has an account", hopeless=True)
    subject, text = message.in_words(delivery.body)
    # The same id each time: whoever gets a message twice can tell.
    sent = EmailMessage(
        subject, text, settings.DEFAULT_FROM_EMAIL, to, headers={"Message-ID": f"<{delivery.pk}@tollway>"}
    )
    try:
        sent.send()
    except (smtplib.SMTPException, OSError) as error:
        raise Failed(f"the mail server did not take it: {type(error).__name__}") from None
    return f"taken for {len(to)} {'person' if len(to) == 1 else 'people'}"


def _post(delivery: AlertDelivery) -> str:
    channel = delivery.channel
    try:
        addresses.check_url(channel.address, private=channel.private)
        secret = credentials.decrypt(bytes(channel.sealed))
    except addresses.RefusedAddress as error:
        raise Failed(str(error), hopeless=True) from None
    except credentials.Unreadable:
        raise Failed("its secret cannot be opened: enter it anew", hopeless=True) from None
    at = int(clock.now().timestamp())
    signed = signing.headers(secret, message_id=f"msg_{delivery.pk}", at=at, body=delivery.body)
    status = asyncio.run(_answered(channel, delivery.body, signed))
    if not 200 <= status < 300:
        raise Failed(f"answered {status}")
    return f"answered {status}"


async def _answered(channel: AlertChannel, body: str, signed: dict[str, str]) -> int:
    headers = {**signed, "Content-Type": "application/json", "User-Agent": "Tollway"}
    pool = guarded.connector(private=channel.private, connections=1)
    try:
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession(connector=pool, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(
                URL(channel.address, encoded=True),
                data=body.encode(),
                headers=headers,
                allow_redirects=False,  # elsewhere nobody looked
            ) as answer,
        ):
            return answer.status
    except TimeoutError:
        raise Failed(f"no answer within {SECONDS:.0f} s") from None
    except aiohttp.ClientConnectorError as error:
        why = "its address must not be called" if guarded.refused(error) else "no connection"
        raise Failed(why) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Failed(f"no answer: {type(error).__name__}") from None
