"""T01 and T10 over the dashboard's forms: another workspace named in a hidden field, and facts that no form asks for."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Member
from tests.tenancy.home import Home, home, rows_of
from tests.tenancy.routes import PLAIN
from tests.tenancy.test_ids import choose

pytestmark = pytest.mark.django_db

ONCE = str(uuid4())
FORMS: dict[str, Callable[[Home], dict[str, Any]]] = {
    "/dashboard/alerts/new": lambda of: {"kind": "key", "percent": "80", "key": of.place.key.pk},
    "/dashboard/alerts/endpoints": lambda of: {"address": of.endpoint.address, "once": ONCE},
    "/dashboard/credit/add": lambda of: {"amount": "25"},
    "/dashboard/credit/card": lambda of: {},
    "/dashboard/credit/portal": lambda of: {"customer": of.topup.customer_id},
    "/dashboard/credit/recharge": lambda of: {"threshold": "5", "amount": "10", "ceiling": "50"},
    "/dashboard/keys/new": lambda of: {"name": "made", "once": ONCE, "key": of.place.key.pk},
    "/dashboard/papers/details": lambda of: {
        "legal_name": "Made GmbH", "line1": "1 Street", "city": "Berlin", "country": "DE", "postal_code": "10435",
    },
    "/dashboard/plan/choose": lambda of: {"terms": of.place.workspace.plan_version_id},
    "/dashboard/plan/spill": lambda of: {"enabled": "yes", "ceiling": "5"},
    "/dashboard/playground/pass": lambda of: {},
    "/dashboard/team/invitations": lambda of: {"email": "guest@example.com", "role": "viewer"},
    "/dashboard/team/leave": lambda of: {"member": of.other.pk, "number": of.other.pk},
    "/dashboard/theme": lambda of: {"theme": "dark"},
    "/dashboard/tokens": lambda of: {"name": "made", "scope": "read", "once": ONCE},
    "/dashboard/voucher": lambda of: {"code": "TOLL-AAAA-AAAA-AAAA"},
    "/dashboard/workspace": lambda of: {"name": "Renamed", "time_zone": "Europe/Berlin"},
    "/dashboard/workspace/delete": lambda of: {"typed": of.place.workspace.slug},
    "/dashboard/workspace/keep": lambda of: {},
    "/dashboard/workspace/new": lambda of: {"name": "Another", "once": ONCE},
    "/dashboard/workspace/switch": lambda of: {"workspace": of.number},
}  # fmt: skip
"""What each form sends, with whatever of another workspace it could name."""


def unasked(of: Home) -> dict[str, Any]:
    """Return facts that no form asks for, of another workspace and of rights."""
    return {
        **dict.fromkeys(("workspace_id", "id", "pk", "to"), of.number),
        **{"workspace": of.number, "slug": of.place.workspace.slug, "user": of.other.user_id},
        **{"plan": "max", "plan_version": of.place.workspace.plan_version_id, "price": "0", "balance": "999"},
        **{"is_staff": "on", "is_superuser": "on", "status": "closed", "created_at": "2001-01-01"},
        **{"credit": "999", "posted": "999", "held": "0", "price_nano": "0", "scope_of": "all"},
    }


def facts_of(of: Home) -> tuple[Any, ...]:
    """Return what nobody may give themselves."""
    seat = Member.objects.select_related("user", "workspace").get(pk=of.place.owner.pk)
    place, user = seat.workspace, seat.user
    standing = (
        place.slug,
        place.status,
        place.plan_version_id,
        place.created_at,
        seat.role,
        seat.workspace_id,
    )
    return (*standing, user.is_staff, user.is_superuser, user.email, user.date_joined)


def test_every_form_is_known_here() -> None:
    mine = home()
    taking = {path for path in PLAIN if path in FORMS or mine.browser.post(path).status_code != 405}
    assert taking == FORMS.keys()


@pytest.mark.parametrize("path", sorted(FORMS))
def test_no_form_reaches_into_another_workspace_or_changes_what_it_does_not_ask_for(path: str) -> None:
    theirs, stranger = home(), home()
    before, own = rows_of(theirs), facts_of(stranger)
    answer = stranger.browser.post(path, {**unasked(theirs), **FORMS[path](theirs)})
    assert answer.status_code < 500
    assert rows_of(theirs) == before
    assert facts_of(stranger) == own
    assert stranger.browser.get("/dashboard/").context["workspace"].pk == stranger.number


def test_no_form_is_believed_by_a_session_of_another_workspace() -> None:
    theirs, stranger = home(), home()
    before = rows_of(theirs)
    for path, sent in FORMS.items():
        choose(stranger, theirs.number)
        stranger.browser.post(path, sent(theirs))
    assert rows_of(theirs) == before


def test_a_workspace_that_one_does_not_belong_to_cannot_be_changed_to() -> None:
    theirs, stranger = home(), home()
    for number in (theirs.number, 2**40, "x", ""):
        assert stranger.browser.post("/dashboard/workspace/switch", {"workspace": number}).status_code == 404
