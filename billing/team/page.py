"""What the page Team says: who belongs to a workspace and what may be done about it, who is invited, what roles may."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from accounts import powers
from accounts.inviting import MOST
from accounts.models import Invitation, Member
from accounts.powers import Power
from billing import figures
from kernel import clock

__all__ = ["Page", "team"]


@dataclass(frozen=True)
class Choice:
    """A role that may be given."""

    role: str
    label: str
    means: str


@dataclass(frozen=True)
class Person:
    """A member as they are listed; `choices` are the roles that the one who looks may give them."""

    member: Member
    label: str
    since: str
    is_me: bool
    choices: list[Choice]

    @property
    def removable(self) -> bool:
        """Tell whether the one who looks may take them out."""
        return bool(self.choices)


@dataclass(frozen=True)
class Invited:
    """An open invitation as it is listed."""

    invitation: Invitation
    label: str
    until: str
    expired: bool
    mine: bool


@dataclass(frozen=True)
class Row:
    """One power in words, and for each role whether it has it."""

    words: str
    may: list[bool]


@dataclass(frozen=True)
class Page:
    """Everything on the page; days in the workspace's zone."""

    zone: str
    people: list[Person]
    invited: list[Invited]
    giving: list[Choice]
    roles: list[Choice]
    table: list[Row]
    may_manage: bool
    may_own: bool
    sole_owner: bool


def team(member: Member) -> Page:
    """Read the page as a member sees it; invitations are for those who may invite."""
    zone = ZoneInfo(member.workspace.time_zone)
    found = Member.objects.filter(workspace_id=member.workspace_id).select_related("user")
    people = list(found.order_by("joined_at", "pk")[:MOST])
    manages = powers.may(member.role, Power.TEAM)
    owners = [each for each in people if each.role == Member.Role.OWNER]
    return Page(
        zone=member.workspace.time_zone,
        people=[_person(each, member, zone) for each in people],
        invited=_invited(member, zone) if manages else [],
        giving=_giving(member.role),
        roles=[_choice(role) for role in Member.Role.values],
        table=[
            Row(granted.words, [powers.may(role, power) for role in Member.Role.values])
            for power, granted in powers.POWERS.items()
        ],
        may_manage=manages,
        may_own=powers.may(member.role, Power.OWN),
        sole_owner=[each.pk for each in owners] == [member.pk],
    )


def _person(each: Member, viewer: Member, zone: ZoneInfo) -> Person:
    mine = each.pk == viewer.pk
    return Person(
        member=each,
        label=Member.Role(each.role).label,
        since=figures.day(each.joined_at.astimezone(zone).date(), year=True),
        is_me=mine,
        choices=_giving(viewer.role) if not mine and powers.may_give(viewer.role, each.role) else [],
    )


def _invited(viewer: Member, zone: ZoneInfo) -> list[Invited]:
    found = Invitation.objects.filter(workspace_id=viewer.workspace_id, ended_at=None)
    now = clock.now()
    return [
        Invited(
            invitation=each,
            label=Member.Role(each.role).label,
            until=figures.day(each.expires_at.astimezone(zone).date(), year=True),
            expired=each.expires_at <= now,
            mine=powers.may_give(viewer.role, each.role),
        )
        for each in found.select_related("invited_by").order_by("-sent_at", "-pk")[:MOST]
    ]


def _giving(role: str) -> list[Choice]:
    return [_choice(each) for each in Member.Role.values if powers.may_give(role, each)]


def _choice(role: str) -> Choice:
    return Choice(role, Member.Role(role).label, powers.MEANINGS[Member.Role(role)])
