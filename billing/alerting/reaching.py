"""How one message leaves: by mail, or signed and posted to an address that may be called; once, within ten seconds."""

import asyncio
import smtplib
from collections.abc import Sequence

import aiohttp
from django.conf import settings
from django.core.mail import EmailMessage
from yarl import URL

from catalog import credentials
from kernel import addresses, clock, guarded

from . import signing

__all__ = ["MOST_PEOPLE", "SECONDS", "Failed", "mail", "mail_is_set_up", "post"]

SECONDS = 10.0
MOST_PEOPLE = 50
"""To so many a mail goes at most."""
_NO_MAIL = ("console.EmailBackend", "dummy.EmailBackend")


class Failed(Exception):
    """It was not taken; the text says why, without a secret in it. `hopeless`: another try would come to the same."""

    def __init__(self, why: str, *, hopeless: bool = False) -> None:
        super().__init__(why)
        self.hopeless = hopeless


def mail_is_set_up() -> bool:
    """Tell whether mails leave this machine."""
    return not settings.EMAIL_BACKEND.endswith(_NO_MAIL)


def mail(to: Sequence[str], subject: str, text: str, *, message_id: str) -> str:
    """Send a mail and return what came of it, in words; the same id each time tells whoever gets it twice. Raises Failed."""
    if not mail_is_set_up():
        raise Failed("e-mail is not set up", hopeless=True)
    if not to:
        raise Failed("nobody who may get it has an account", hopeless=True)
    headers = {"Message-ID": f"<{message_id}@tollway>"}
    sent = EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, list(to), headers=headers)
    try:
        sent.send()
    except (smtplib.SMTPException, OSError) as error:
        raise Failed(f"the mail server did not take it: {type(error).__name__}") from None
    return f"taken for {len(to)} {'person' if len(to) == 1 else 'people'}"


def post(address: str, body: str, *, sealed: Sequence[bytes], message_id: str, private: bool) -> str:
    """Post a body, signed with each of the sealed secrets, and return what came of it, in words. Raises Failed.

    `private` allows http and the operator's own networks.
    """
    try:
        addresses.check_url(address, private=private)
        secrets = [credentials.decrypt(each) for each in sealed]
    except addresses.RefusedAddress as error:
        raise Failed(str(error), hopeless=True) from None
    except credentials.Unreadable:
        raise Failed("its secret cannot be opened: enter it anew", hopeless=True) from None
    at = int(clock.now().timestamp())
    signed = signing.headers(*secrets, message_id=f"msg_{message_id}", at=at, body=body)
    status = asyncio.run(_answered(address, body, signed, private=private))
    if not 200 <= status < 300:
        raise Failed(f"answered {status}")
    return f"answered {status}"


async def _answered(address: str, body: str, signed: dict[str, str], *, private: bool) -> int:
    headers = {**signed, "Content-Type": "application/json", "User-Agent": "Tollway"}
    pool = guarded.connector(private=private, connections=1)
    try:
        async with (
            asyncio.timeout(SECONDS),
            aiohttp.ClientSession(connector=pool, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(
                URL(address, encoded=True),
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
