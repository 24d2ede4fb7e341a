"""The twenty-odd secrets of the canaries' walk, each of a kind that somebody once found in a log, and where each may be kept."""

import secrets
from dataclasses import dataclass, field, fields

from django.conf import settings

from tests.accounts.rows import PASSWORD

__all__ = ["BROKEN", "KEPT", "Canaries", "needle"]

BROKEN = "TOLLWAY_BROKEN"
"""The variable that names the file whose being there breaks steps; who imports the steps that break is broken too."""


def _of(kind: str) -> str:
    return f"{kind}canary{secrets.token_hex(16)}"


@dataclass
class Canaries:
    """Every secret of the walk by its kind; those that the product makes are filled in as they are made."""

    secret_key: str = field(default_factory=lambda: str(settings.SECRET_KEY))
    pepper: str = field(default_factory=lambda: bytes(settings.KEY_PEPPER).decode())
    credential_key: str = field(default_factory=lambda: bytes(settings.CREDENTIAL_KEYS[0]).decode())
    stripe_key: str = field(default_factory=lambda: _of("sk_test_"))
    stripe_webhook_secret: str = field(default_factory=lambda: _of("whsec_"))
    metrics_token: str = field(default_factory=lambda: _of("metrics-"))
    smtp_password: str = field(default_factory=lambda: _of("smtp-"))
    provider_key: str = field(default_factory=lambda: _of("sk-ours-"))
    provider_key_of_admin: str = field(default_factory=lambda: _of("sk-entered-"))
    own_key: str = field(default_factory=lambda: _of("sk-own-"))
    password: str = PASSWORD
    new_password: str = field(default_factory=lambda: _of("new "))
    wrong_password: str = field(default_factory=lambda: _of("wrong "))
    prompt: str = field(default_factory=lambda: _of("prompt "))
    answer: str = field(default_factory=lambda: _of("answer "))
    tool_result: str = field(default_factory=lambda: _of("result "))
    talk: str = field(default_factory=lambda: _of("talk "))
    key: str = ""
    management_token: str = ""
    session_cookie: str = ""
    access_token: str = ""
    refresh_token: str = ""
    reset_link: str = ""
    invitation_link: str = ""
    webhook_secret: str = ""
    voucher_code: str = ""
    totp_secret: str = ""
    recovery_code: str = ""

    def all(self) -> dict[str, str]:
        """Return each by its kind. Raises AssertionError while one is missing."""
        found = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        assert all(found.values()), [name for name, value in found.items() if not value]
        return found


def needle(secret: str) -> str:
    """Return what of a secret must be nowhere: its middle where it is long, as beginnings and ends are shown on purpose."""
    return secret[14:-6] if len(secret) > 40 else secret


KEPT = {
    "session_cookie": {"django_session.session_key", "usersessions_usersession.session_key"},
}
"""The columns in which a secret stands in clear, as it is looked up there; every other one is kept sealed, as a digest, or not at all."""
