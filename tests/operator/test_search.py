"""The search of every page of the admin: what it finds, by which indexes, and for whom."""

import secrets
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiKey, User, Workspace
from billing import finding, ledger
from billing.paper import papers
from kernel import ids
from tests.accounts.rows import person
from tests.billing import rows
from tests.billing.paper import issuing
from tests.operator.reading import text

NOBODYS = "01990000-0000-7000-8000-00000000dead"
pytestmark = pytest.mark.django_db


def everything(_: str) -> bool:
    return True


def found(term: str, may: Callable[[str], bool] = everything) -> set[tuple[str, str]]:
    return {(hit.model, hit.key) for hit in finding.find(term, may=may)}


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.get()


@pytest.fixture
def refused(workspace: Workspace) -> str:
    request = ids.request_id()
    rows.run(
        "INSERT INTO billing_refusal (request_id, workspace_id, minute_no, api_key_id, model, code, message, refused_at,"
        " weight, cap, used, required, available, held)"
        " VALUES (%s, %s, %s, 1, 'm', 'INVALID_MODEL', 'x', now(), 1, 0, 0, 0, 0, 0)",
        *(request, workspace.pk, (request.int >> 80) // 60_000),
    )
    return str(request)


@pytest.mark.parametrize("term", ["northw", "NORTHWIND", "Northwind Labs", " northwind "])
def test_a_workspace_is_found_by_how_its_name_or_slug_begins(workspace: Workspace, term: str) -> None:
    assert ("accounts.workspace", str(workspace.pk)) in found(term)


def test_a_person_is_found_by_address_and_with_them_their_workspaces() -> None:
    place = Workspace.objects.create(
        name="Zeta", slug="zeta", plan_version=Workspace.objects.get().plan_version
    )
    them = person(place)
    assert found(them.email.upper()[:9]) == {
        ("accounts.user", str(them.pk)),
        ("accounts.workspace", str(place.pk)),
    }


@pytest.mark.parametrize(
    "fragment", ["{prefix}", "{last}", "…{last}", "{prefix}…{last}", "{prefix}...{last}"]
)
def test_a_key_is_found_by_what_is_shown_of_it(fragment: str) -> None:
    key = ApiKey.objects.get()
    term = fragment.format(prefix=key.prefix, last=key.last_four)
    assert ("accounts.apikey", str(key.pk)) in found(term)


def test_a_whole_key_is_not_looked_up_at_all() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert not found(ids.mint_key())
    assert not queries.captured_queries


def test_requests_settled_open_and_refused_are_found_by_their_id(workspace: Workspace, refused: str) -> None:
    settled, opened = rows.settle(workspace.pk, cost=1), rows.admit(workspace.pk)
    assert found(str(settled)) == {("billing.usageevent", str(settled))}
    assert found(str(opened)) == {("billing.admission", str(opened))}
    assert found(refused) == {("billing.refusal", refused)}


def test_a_movement_is_found_by_its_id(workspace: Workspace) -> None:
    leg = ledger.entries(workspace.pk).first()
    assert leg is not None
    key = str(leg.transaction_id)
    assert found(key) == {("billing.ledgertransaction", key)}


def test_a_paper_is_found_by_its_number_in_any_writing(workspace: Workspace) -> None:
    issuing.issuer()
    paper = papers.issue_receipt(issuing.top_up(workspace.pk))
    assert paper.number is not None
    for term in (paper.label, paper.label.lower(), f"R{paper.number}", f"r-{paper.number}"):
        assert ("billing.paper", str(paper.pk)) in found(term)


def test_a_name_is_looked_for_from_two_letters_to_a_hundred(workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(name="n" * 100)
    for term in ("nn", "n" * 100):
        assert ("accounts.workspace", str(workspace.pk)) in found(term)
    assert not found("n" * 101)


@pytest.mark.parametrize("term", ["", "n", "x" * 101, "nobody knows this", NOBODYS])
def test_nothing_is_found_by_too_little_too_much_or_what_is_not_there(term: str) -> None:
    assert not found(term)


def test_only_so_many_of_a_kind_are_found() -> None:
    version = Workspace.objects.get().plan_version
    for _ in range(finding.MOST + 3):
        slug = f"many-{secrets.token_hex(4)}"
        Workspace.objects.create(name=slug, slug=slug, plan_version=version)
    assert len(found("many-")) == finding.MOST


@pytest.mark.parametrize(
    "allowed", ["accounts.view_workspace", "billing.view_usageevent", "accounts.view_user"]
)
def test_what_may_not_be_seen_is_not_found(workspace: Workspace, allowed: str) -> None:
    request, owner = rows.settle(workspace.pk, cost=1), User.objects.filter(is_staff=False).get()

    def may(permission: str) -> bool:
        return permission == allowed

    models = {model for term in ("northwind", owner.email, str(request)) for model, _ in found(term, may)}
    assert models == {{"view_workspace": "accounts.workspace", "view_usageevent": "billing.usageevent", "view_user": "accounts.user"}[allowed.partition(".")[2]]}  # fmt: skip


@pytest.mark.parametrize("term", ["northwind", "rk_abc", "R-000123", NOBODYS, "ann@example.com"])
def test_it_takes_at_most_five_queries_and_each_goes_by_an_index(term: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        finding.find(term, may=everything)
    asked = [query["sql"] for query in queries]
    assert len(asked) <= 5
    rows.run("SET LOCAL enable_seqscan = off")
    for sql in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan" not in plan, plan


def test_the_box_answers_with_rows_and_pages_and_their_addresses(
    operator: Client, workspace: Workspace
) -> None:
    shown = text(operator, "search", query="?extended=1&s=northwind")
    assert reverse("admin:accounts_workspace_change", args=[workspace.pk]) in shown
    assert reverse("admin:accounts_workspace_changelist") in text(
        operator, "search", query="?extended=1&s=worksp"
    )


def test_the_box_forgets_at_once_what_an_operator_may_no_longer_see(operator: Client) -> None:
    query = "?extended=1&s=northwind"
    assert "Northwind Labs" in text(operator, "search", query=query)
    User.objects.filter(is_superuser=True).update(is_superuser=False)
    assert "Northwind Labs" not in text(operator, "search", query=query)


def test_the_box_is_for_operators(client: Client) -> None:
    client.force_login(User.objects.get(is_staff=False))
    assert client.get(reverse("admin:search") + "?extended=1&s=northwind").status_code == 302
