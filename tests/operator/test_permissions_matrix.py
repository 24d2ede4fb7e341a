"""Who may do what in the admin: every route of every page, for every role, as it is declared; no page can be left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.db import DatabaseError, connection, transaction
from django.db.models import UUIDField
from django.http import HttpRequest
from django.test import Client
from django.urls import URLPattern, reverse

from accounts import roles
from accounts.models import User, Workspace
from catalog.models import Model, PriceVersion
from config import demo_people
from tests.billing import rows
from tests.operator.test_roles import of_role

pytestmark = pytest.mark.django_db

PLAIN = {"changelist": "view", "add": "add", "history": "view", "delete": "delete", "change": "view"}
MONEY, PLANS = "billing.add_ledgertransaction", "accounts.change_workspace"
CHAINS, UPGRADES = "catalog.change_chain", "accounts.add_planupgrade"
# The routes that a page has beside its list and its forms, and what it takes to open one.
OWN: dict[str, str] = {
    "accounts_trailrow_export": "accounts.view_trailrow",
    "auth_user_password_change": "superuser",
    "accounts_workspace_grant_upgrade": UPGRADES,
    "accounts_workspace_end_upgrade": UPGRADES,
    "accounts_workspace_set_own_key": "accounts.change_providerkey",
    "accounts_workspace_take_own_key": "accounts.change_providerkey",
    "accounts_workspace_change_plan": PLANS,
    "accounts_workspace_custom_terms": PLANS,
    "accounts_workspace_set_spill": PLANS,
    "accounts_workspace_keys": "accounts.view_apikey",
    "accounts_workspace_ledger": "billing.view_ledgerentry",
    "accounts_workspace_requests": "billing.view_usageevent",
    "accounts_workspace_members": "accounts.view_member",
    "accounts_workspace_notes": "accounts.view_note",
    "accounts_workspace_audit": "accounts.view_trailrow",
    "accounts_workspace_view_as_customer": "accounts.view_as_customer",
    "accounts_workspace_freeze": PLANS,
    "accounts_workspace_thaw": PLANS,
    "accounts_workspace_close": PLANS,
    "accounts_workspace_raise_limits": UPGRADES,
    "accounts_workspace_move_money": MONEY,
    "accounts_user_sign_out": "accounts.change_signin",
    "billing_announcement_publish": "billing.change_announcement",
    "billing_announcement_say": "billing.change_announcement",
    "billing_announcement_end": "billing.change_announcement",
    "billing_paper_pdf": "billing.view_paper",
    "billing_account_move": MONEY,
    "billing_ledgertransaction_undo": MONEY,
    "billing_move_approve": MONEY,
    "billing_move_decline": MONEY,
    "billing_usageevent_credit": "billing.add_move",
    "billing_topup_refund": "billing.add_refundrequest",
    "billing_refundrequest_approve": "billing.change_refundrequest",
    "billing_refundrequest_decline": "billing.change_refundrequest",
    "billing_paymentalert_resolve": "billing.change_paymentalert",
    "billing_alertchannel_test": "billing.change_alertchannel",
    "billing_alertdelivery_again": "billing.change_alertdelivery",
    "billing_bulkjob_credit_requests": MONEY,
    # Who may goes by what the job does; where there is none, nobody may.
    "billing_bulkjob_begin": "a job",
    "billing_bulkjob_stop": "a job",
    "accounts_apikey_rotate_key": "accounts.rotate_apikey",
    "accounts_apikey_revoke_key": "accounts.change_apikey",
    "accounts_managementtoken_revoke": "accounts.change_managementtoken",
    "billing_bookmonth_close": "billing.add_monthclose",
    "billing_bookmonth_count": "billing.view_bookmonth",
    "billing_bookmonth_export": "billing.view_bookmonth",
    "billing_upstreamfile_csv": "billing.view_upstreamfile",
    "billing_upstreamfile_upload": "billing.add_upstreamfile",
    "billing_upstreamfile_lines": "billing.view_upstreamfile",
    "billing_upstreamfile_export": "billing.view_upstreamfile",
    "billing_upstreamfile_decide_rest": "billing.add_linedecision",
    "billing_upstreamline_decide": "billing.add_linedecision",
    "billing_reprice_apply": MONEY,
    "billing_reprice_discard": "billing.add_reprice",
    "billing_voucherbatch_stop": "billing.add_voucherbatch",
    "billing_voucherbatch_redeem": MONEY,
    "catalog_planversion_move_subscribers": PLANS,
    "catalog_proposal_approve": "catalog.change_proposal",
    "catalog_proposal_reject": "catalog.change_proposal",
    "catalog_comparison_compare": "catalog.add_comparison",
    "catalog_endpointkey_take_up": "catalog.change_endpointkey",
    "catalog_chain_publish": CHAINS,
    "catalog_chain_schedule": CHAINS,
    "catalog_chain_unschedule": CHAINS,
    "catalog_chain_rollback": CHAINS,
    "catalog_chain_draft": "catalog.add_chain",
    "catalog_priceversion_end": "catalog.add_priceversion",
}
# What is chosen beneath a list and done to many rows.
IN_LISTS = {"revoke_many": "accounts.change_apikey", "freeze_many": PLANS, "end": "accounts.change_signin"}
# Who works here at all may open these; what they show is each one's own test.
OPEN = {"index", "login", "logout", "password_change", "password_change_done", "autocomplete", "jsi18n", "view_on_site",
        "app_list", "search", "desk", "desk_mark"}  # fmt: skip
SITE = {
    "roles": "auth.view_group",
    "usage": "billing.view_dailyusage",
    "usage_csv": "billing.view_dailyusage",
    "jobs": "billing.view_jobrun",
    "jobs_audit": "billing.change_jobrun",
    "jobs_rebuild": "billing.change_jobrun",
    "reconcile": "billing.add_upstreamfile",
}
# Ending what only they have begun themselves is anybody's.
ANYBODYS = {"accounts_workspace_stop_viewing"}
REFUSED_WITH = {403, 404}


@dataclass(frozen=True)
class Route:
    """An address of a page, with what it takes."""

    name: str
    address: str
    needs: str


def _needs(model: Any, name: str) -> str:
    app, kind = model._meta.app_label, model._meta.model_name
    plain = PLAIN.get(name.removeprefix(f"{app}_{kind}_"))
    return f"{app}.{plain}_{kind}" if plain else OWN.get(name, "undeclared")


def routes() -> Iterator[Route]:
    for model, page in admin.site._registry.items():
        for pattern in page.get_urls():
            if pattern.name is None or pattern.name in ANYBODYS:
                continue  # without a name: an old form of address, which leads to the page
            named = dict.fromkeys(pattern.pattern.converters, _key(model))
            address = reverse(f"admin:{pattern.name}", kwargs=named)
            yield Route(pattern.name, address, _needs(model, pattern.name))


def _key(model: Any) -> str:
    return str(UUID(int=0)) if isinstance(model._meta.pk, UUIDField) else "0"


def test_every_route_is_declared() -> None:
    assert " ".join(route.name for route in routes() if route.needs == "undeclared") == ""
    of_site = {
        pattern.name for pattern in admin.site.get_urls() if isinstance(pattern, URLPattern) and pattern.name
    }
    assert of_site - OPEN - SITE.keys() == set()


def test_a_colleague_without_a_role_opens_nothing_by_any_way(client: Client) -> None:
    client.force_login(User.objects.create_user("new@example.com", None, is_staff=True))
    settled = [*routes(), *(Route(name, reverse(f"admin:{name}"), needs) for name, needs in SITE.items())]
    opened = [
        (route.name, ask.__name__, status)
        for route in settled
        for ask in (client.get, client.post)
        if (status := ask(route.address).status_code) not in REFUSED_WITH
    ]
    assert not opened, "\n".join(map(str, opened))


@pytest.mark.parametrize("letter", roles.ROLES)
def test_a_role_is_refused_what_it_is_not_declared_to_do(client: Client, letter: str) -> None:
    client.force_login(of_role(letter))
    refused = [route for route in routes() if route.needs not in roles.may(letter)]
    assert refused
    assert [
        (route.name, status)
        for route in refused
        if (status := client.post(route.address).status_code) not in REFUSED_WITH
    ] == []


def test_neither_customers_nor_strangers_come_in(client: Client) -> None:
    for person in (None, User.objects.get(email=demo_people.CUSTOMER)):
        if person is not None:
            client.force_login(person)
        for route in routes():
            assert client.get(route.address).status_code == 302, route
            assert client.post(route.address).status_code == 302, route


def _asked_by(person: User) -> HttpRequest:
    request = HttpRequest()
    request.user = person
    request.method = "GET"
    return request


@pytest.mark.parametrize("letter", roles.ROLES)
def test_a_role_is_let_into_what_is_declared_for_it(letter: str) -> None:
    request, may = _asked_by(of_role(letter)), roles.may(letter)
    for model, page in admin.site._registry.items():
        app, kind = model._meta.app_label, model._meta.model_name
        assert page.has_view_permission(request) == (f"{app}.view_{kind}" in may), model
        for action in page.get_actions(request):
            assert IN_LISTS.get(action, f"{app}.delete_{kind}") in may, (model, action)
        for each in (
            *page._get_base_actions_detail(),  # type: ignore[attr-defined]  # the theme's
            *page._get_base_actions_list(),  # type: ignore[attr-defined]
            *page._get_base_actions_row(),  # type: ignore[attr-defined]
        ):
            rules = getattr(each.method, "allowed_permissions", None)
            assert rules, f"{each.action_name} asks nobody"
            assert all(_passes(page, request, rule) for rule in rules) == (
                OWN.get(each.action_name) in may
            ), each


def _passes(page: Any, request: HttpRequest, rule: str) -> bool:
    return bool(
        request.user.has_perm(rule) if "." in rule else getattr(page, f"has_{rule}_permission")(request)
    )


FACTS = ("billing.ledgertransaction", "billing.ledgerentry", "billing.usageevent", "billing.auditrun", "billing.dayseal",
         "billing.stripeevent", "accounts.trailrow")  # fmt: skip


def test_facts_are_changed_by_nobody_not_even_a_superuser() -> None:
    request = _asked_by(User.objects.get(email=demo_people.OPERATOR))
    pages = {model._meta.label_lower: page for model, page in admin.site._registry.items()}
    for label in FACTS:
        page = pages[label]
        assert not page.has_add_permission(request), label
        assert not page.has_change_permission(request), label
        assert not page.has_delete_permission(request), label
        assert not page.list_editable, label
        assert "delete_selected" not in page.get_actions(request), label
    price = pages["catalog.priceversion"]
    assert not price.has_change_permission(request, PriceVersion.objects.first())
    assert not price.has_delete_permission(request)
    inlines = [part for page in pages.values() for part in page.get_inline_instances(request)]
    changed = {
        part.model._meta.label_lower
        for part in inlines
        if part.has_change_permission(request, None) or part.has_delete_permission(request, None)
    }
    assert not changed & {*FACTS, "catalog.priceversion"}


KEPT = {
    "billing_ledger_transaction": "reason = 'x'",
    "billing_ledger_entry": "amount = 0",
    "billing_usage_event": "cost = 0",
    "billing_day_seal": "events = 1",
    "billing_stripe_event": "kind = 'x'",
    "billing_credit_movement": "amount = 0",
    "catalog_priceversion": "source = 'x'",
    "catalog_rate": "micro_usd_per_million = 0",
    "accounts_trail": "said = 'x'",
}


def _refused(statement: str) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            changed = cursor.rowcount
    except DatabaseError:
        return True
    assert changed == 0 or statement.startswith("TRUNCATE"), statement
    return False


def test_the_database_refuses_the_product_to_change_facts() -> None:
    workspace = Workspace.objects.get()
    rows.settle(workspace.pk, cost=5, model_id=Model.objects.all()[0].pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, tableowner = current_user FROM pg_tables WHERE tablename = ANY(%s)",
            [list(KEPT)],
        )
        assert len(cursor.fetchall()) == len(KEPT)
    for table, change in KEPT.items():
        empty = not _count(table)
        assert _refused(f"TRUNCATE {table} CASCADE"), table
        for statement in (f"UPDATE {table} SET {change}", f"DELETE FROM {table}"):
            assert _refused(statement) or empty, statement


def test_a_partition_of_events_is_emptied_by_its_own_name_neither() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'billing_usage_event'::regclass"
        )
        parts = [name for (name,) in cursor.fetchall()]
    assert parts
    assert all(_refused(f"TRUNCATE {part}") for part in parts)


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        (number,) = cursor.fetchone() or (0,)
        return int(number)
