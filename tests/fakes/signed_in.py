"""People who signed in: with a role in a workspace, their password, and the tokens of a sign-in."""

import secrets
from dataclasses import dataclass

from accounts import signins
from accounts.models import Member, User, Workspace
from tests.accounts.rows import person

__all__ = ["SignedIn", "from_afar", "signed_in"]


@dataclass(frozen=True)
class SignedIn:
    """A person with the tokens of one sign-in."""

    user: User
    access: str
    refresh: str

    @property
    def bearer(self) -> dict[str, str]:
        """The headers of their requests."""
        return {"Authorization": f"Bearer {self.access}"}


def signed_in(*places: Workspace, role: str = Member.Role.OWNER) -> SignedIn:
    """Save a person of these workspaces and sign them in, without a request."""
    user = person(*places, role=role)
    pair = signins.begin(user)
    return SignedIn(user, pair.access, pair.refresh)


def from_afar() -> dict[str, str]:
    """Return the headers of a caller at an address of its own: limits are counted by address."""
    return {"X-Forwarded-For": f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"}
