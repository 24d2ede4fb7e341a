"""A workspace with something of every kind that the dashboard names, its owner's browser, and all rows that are its own."""

from dataclasses import dataclass
from functools import cache, cached_property
from uuid import UUID

from django.db import connection
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Member
from billing.customer_alerts import deliveries
from billing.models import CustomerAlert, CustomerDelivery, CustomerEndpoint, Paper, TopUp
from billing.paper import papers, statement
from catalog.models import Plan
from kernel import clock, ids
from tests.accounts.rows import PASSWORD
from tests.billing import rows
from tests.billing.customer_alerts.watched import alert, endpoint
from tests.billing.managing.asking import Place, furnished, seated
from tests.billing.paper.issuing import charge, issuer
from tests.billing.paper.test_statement import OVER, use

__all__ = ["Home", "home", "rows_of"]

SPENT = 5_557_000_000


@dataclass(frozen=True)
class Home:
    """The workspace and what it has beside what the management API names."""

    place: Place
    other: Member
    end: ApiKey
    request: UUID
    topup: TopUp
    paper: Paper
    alert: CustomerAlert
    endpoint: CustomerEndpoint
    delivery: CustomerDelivery

    @property
    def number(self) -> int:
        """The workspace's number."""
        return self.place.workspace.pk

    @property
    def marks(self) -> tuple[str, ...]:
        """What gives the workspace away wherever it is shown."""
        own = (
            self.other.user.email,
            self.end.name,
            str(self.request),
            str(self.topup.pk),
            str(self.paper.pk),
        )
        return (*self.place.marks, *own, self.place.token.name, self.endpoint.address, str(self.delivery.pk))

    @cached_property
    def browser(self) -> Client:
        """The owner's, who has just proven that it is they."""
        opened = Client()
        opened.force_login(self.place.owner.user)
        answer = opened.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert answer.status_code == 302, (answer.status_code, answer.content[-2000:])
        return opened


def home() -> Home:
    """Save a workspace with a row of each kind."""
    issuer()
    place = furnished()
    number = place.workspace.pk
    place.token.name = f"token of {place.workspace.slug}"
    place.token.save(update_fields=["name"])
    Plan.objects.filter(versions=place.workspace.plan_version).update(public=False)
    end, _ = keys.mint(place.workspace, name=f"second key of {place.workspace.slug}")
    tag = f"tag of {place.workspace.slug}"
    request = rows.settle(number, cost=SPENT, tag=tag, api_key_id=place.key.pk)
    use(number, OVER.first, 3)
    charge(number)
    draft = statement.compose(number, OVER)
    assert draft is not None
    other = seated(place.workspace, Member.Role.DEVELOPER)
    topup = _topup(number, by=place.owner.user_id)
    told = endpoint(place.workspace, f"https://{place.workspace.slug}.example/hook")
    return Home(
        place,
        other,
        end,
        request,
        topup,
        papers.write(draft),
        alert(place.workspace, CustomerAlert.Kind.SPEND, amount=SPENT),
        told,
        _sent(deliveries.test(place.owner, told)),
    )


def _topup(workspace: int, *, by: int) -> TopUp:
    return TopUp.objects.create(
        id=ids.request_id(),
        workspace_id=workspace,
        source="checkout",
        amount_cents=4800,
        livemode=False,
        customer_id=f"cus_{workspace}",
        created_by=by,
        created_at=clock.now(),
    )


def _sent(delivery: CustomerDelivery) -> CustomerDelivery:
    delivery.status = CustomerDelivery.Status.SENT
    delivery.save(update_fields=["status"])
    return delivery


@cache
def _tables() -> tuple[str, ...]:
    """Return the tables whose rows are of a workspace; a partition's are its table's."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
               WHERE a.attname = 'workspace_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
               AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace ORDER BY 1"""
        )
        return tuple(str(name) for (name,) in cursor.fetchall())


def rows_of(owner: Home) -> list[tuple[str, str]]:
    """Return every row of every table that is of a workspace, as text."""
    parts = [
        f"SELECT '{name}', found::text FROM {name} found WHERE workspace_id = %(of)s" for name in _tables()
    ]
    parts.append("SELECT 'accounts_workspace', found::text FROM accounts_workspace found WHERE id = %(of)s")
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1, 2", {"of": owner.number})
        return [(str(name), str(row)) for name, row in cursor.fetchall()]
