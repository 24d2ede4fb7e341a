"""What a workspace's owners, admins and billing members are told by mail about payments."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.urls import reverse

from accounts.models import Member, Workspace
from billing.seats import PAYERS

__all__ = ["recharge_is_off"]

_MOST_MAILS = 50


def recharge_is_off(workspace: Workspace, because: str) -> None:
    """Send the mail once the present transaction is committed; a mail that cannot be sent changes nothing else."""
    transaction.on_commit(
        lambda: _send(
            workspace,
            f"Auto-recharge of {workspace.name} is off",
            f"Auto-recharge of the workspace {workspace.name} was turned off: {because}.\n\n"
            "Requests that cost something are refused once the balance is spent. Nothing more is charged by itself.\n\n"
            "Add credit, or save a card and turn auto-recharge on again, on the page Credit of your dashboard"
            f"{_where()}.",
        ),
        robust=True,
    )


def _where() -> str:
    """Return the page's address in words; nothing where the settings do not say what the site is called."""
    origins = settings.CSRF_TRUSTED_ORIGINS
    return f": {origins[0]}{reverse('dashboard:credit')}" if origins else ""


def _send(workspace: Workspace, subject: str, text: str) -> None:
    people = Member.objects.filter(workspace=workspace, role__in=PAYERS, user__is_active=True)
    addresses = list(people.order_by("pk").values_list("user__email", flat=True)[:_MOST_MAILS])
    if addresses:
        # Members of a workspace see each other there, but a mail is passed on: addresses stay hidden.
        EmailMessage(subject, text, settings.DEFAULT_FROM_EMAIL, bcc=addresses).send()
