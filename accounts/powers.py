"""What each role of a workspace may do, declared here and nowhere else: pages, routes of /v1 and the team's table read it."""

from dataclasses import dataclass
from enum import StrEnum

from .models import Member

__all__ = ["MEANINGS", "POWERS", "Granted", "Power", "may", "may_give", "roles_with"]

Role = Member.Role


class Power(StrEnum):
    """One thing that some roles may do."""

    SEE = "see"
    CALL = "call"
    OWN_KEYS = "own_keys"
    EVERY_KEY = "every_key"
    TOKENS = "tokens"
    PAY = "pay"
    ALERTS = "alerts"
    TEAM = "team"
    SETTINGS = "settings"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Granted:
    """A power in words, and the roles that have it."""

    words: str
    roles: frozenset[str]


def _granted(words: str, *roles: str) -> Granted:
    return Granted(words, frozenset(roles))


POWERS = {
    Power.SEE: _granted("See usage, charges, limits and who belongs to the team", *Role.values),
    Power.CALL: _granted(
        "Send requests that cost, signed in", Role.OWNER, Role.ADMIN, Role.BILLING, Role.DEVELOPER
    ),
    Power.OWN_KEYS: _granted("Make keys, and end one's own", Role.OWNER, Role.ADMIN, Role.DEVELOPER),
    Power.EVERY_KEY: _granted("See and end every key", Role.OWNER, Role.ADMIN),
    Power.TOKENS: _granted("Make and end tokens of the management API", Role.OWNER, Role.ADMIN),
    Power.PAY: _granted(
        "Add credit, choose the plan, read papers and payments", Role.OWNER, Role.ADMIN, Role.BILLING
    ),
    Power.ALERTS: _granted("Add alerts, and say where they go", Role.OWNER, Role.ADMIN, Role.BILLING),
    Power.TEAM: _granted("Invite people, change roles, remove members", Role.OWNER, Role.ADMIN),
    Power.SETTINGS: _granted(
        "Change the workspace's name, time zone and place in the rankings", Role.OWNER, Role.ADMIN
    ),
    Power.OWN: _granted("Make and unmake owners, delete the workspace", Role.OWNER),
}
MEANINGS = {
    Role.OWNER: "Everything, and the only ones who make owners or delete the workspace.",
    Role.ADMIN: "Everything but ownership.",
    Role.BILLING: "Money and papers; sees usage.",
    Role.DEVELOPER: "Own keys and requests; sees usage.",
    Role.VIEWER: "Sees usage, spends nothing.",
}


def may(role: str, power: Power) -> bool:
    """Tell whether a role has a power; what is no role has none."""
    return role in POWERS[power].roles


def roles_with(power: Power) -> list[str]:
    """Return the roles that have a power, the highest first."""
    return [role for role in Role.values if may(role, power)]


def may_give(giver: str, role: str) -> bool:
    """Tell whether a role may make somebody that role, and take it from them: only owners make owners."""
    return may(giver, Power.OWN if role == Role.OWNER else Power.TEAM)
