"""Who may make an account: anybody where the operator lets them, else who was invited; and whose address is proven."""

import ipaddress
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from .models import User

__all__ = ["INVITED", "Door", "is_open"]

INVITED = "invited"
"""Under this the session of somebody who opened a good invitation keeps the address that it is for."""
_NOWHERE = "0.0.0.0"


def is_open() -> bool:
    """Tell whether anybody may make an account and a workspace."""
    return bool(settings.SIGN_UP)


class Door(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """What allauth asks us when somebody signs up or in."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "E-mail and password do not match.",
        "too_many_login_attempts": "Too many failed tries. Try again in a few minutes.",
        "incorrect_password": "This is not your password.",
        "incorrect_code": "This code is not right, or was used before.",
        "rate_limited": "Too many tries. Try again in a few minutes.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Tell whether whoever asks may make an account."""
        return is_open() or bool(request.session.get(INVITED))

    def clean_email(self, email: str) -> str:
        """Refuse an address that was not invited where only the invited may make accounts."""
        invited = self.request.session.get(INVITED)
        if not is_open() and invited is not None and email.strip().lower() != invited:
            raise ValidationError("Use the address that was invited: others cannot make accounts here.")
        return str(super().clean_email(email))

    def pre_login(self, request: HttpRequest, user: User, **how: Any) -> HttpResponse | None:
        """Take the address of somebody whom an operator made at the operator's word; others prove theirs."""
        if not EmailAddress.objects.filter(user=user).exists():
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
        answer: HttpResponse | None = super().pre_login(request, user, **how)
        return answer

    def render_mail(self, *args: Any, **named: Any) -> EmailMessage:
        """Return a mail whose words are there as text and, the same, as simple HTML."""
        mail: EmailMultiAlternatives = super().render_mail(*args, **named)
        letter = {"subject": mail.subject, "words": mail.body}
        mail.attach_alternative(render_to_string("account/email/letter.html", letter), "text/html")
        return mail

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return from where somebody asks: an IPv4 address also where a socket tells it as IPv6."""
        try:
            address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
        except ValueError:
            return _NOWHERE
        return str(getattr(address, "ipv4_mapped", None) or address)
