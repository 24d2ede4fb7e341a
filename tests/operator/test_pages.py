"""The operator's admin: what it shows, what it lets through, and what it costs the database."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiKey, HubSession, ProviderKey, User, Workspace
from billing.admin_windows import first_id
from billing.models import Admission, Part, UsageEvent
from catalog import pricing
from catalog.admin_page import Page
from catalog.models import Hop, Model, Multiplier, PriceVersion, Rate
from config import demo_people
from kernel import ids
from tests.billing import rows
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

# What processes say of themselves every few seconds is told by the strip above every page; what customers say in sessions
# of the hub is for no operator to see.
UNSHOWN = {Part, HubSession}
OURS = [
    model
    for app in ("catalog", "accounts", "billing")
    for model in apps.get_app_config(app).get_models()
    if model not in UNSHOWN
]
PARTS = {Hop, ProviderKey, Rate}
WRITTEN_BY_THE_MACHINERY = [
    *(
        "account",
        "admission",
        "attempt",
        "dailyusage",
        "idempotencykey",
        "ledgerentry",
        "ledgertransaction",
        "usagebucket",
    ),
    *("usageevent", "worker"),
]


def settled(number: int = 1) -> Workspace:
    workspace = Workspace.objects.get()
    model = Model.objects.get(public_id="route/deepseek-v3.2")
    hop = Hop.objects.filter(chain__model=model).latest("position")
    for _ in range(number):
        rows.settle(
            workspace.pk,
            cost=12_345,
            input_tokens=20,
            output_tokens=5,
            model_id=model.pk,
            api_key_id=ApiKey.objects.get().pk,
            chain_id=hop.chain_id,
            endpoint_id=hop.endpoint_id,
            provider_id=hop.endpoint.provider_id,
            price_version_id=PriceVersion.objects.get(model=model).pk,
            multipliers=pricing.factors_text(
                [pricing.Factor(Multiplier.objects.get(scope="platform").pk, 10**6)]
            ),
        )
    return workspace


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label_lower)
def test_every_model_of_ours_has_a_page_of_one_kind_or_is_part_of_one(model: type) -> None:
    if model in PARTS:
        assert [
            page for page in admin.site._registry.values() if model in {part.model for part in page.inlines}
        ]
    else:
        assert isinstance(admin.site._registry[model], Page)


def test_what_is_shown_nowhere_has_no_page() -> None:
    assert not UNSHOWN & set(admin.site._registry)


def test_every_page_in_the_admin_is_of_that_kind() -> None:
    assert [str(page) for page in admin.site._registry.values() if not isinstance(page, Page)] == []


@pytest.mark.parametrize("model", [*admin.site._registry], ids=lambda model: model._meta.label_lower)
def test_lists_and_pages_of_rows_open(operator: Client, model: type) -> None:
    workspace = settled()
    rows.admit(workspace.pk, hold=5)
    page = admin.site._registry[model]
    place = f"{model._meta.app_label}_{model._meta.model_name}"  # type: ignore[attr-defined]
    text(operator, f"{place}_changelist")
    found = model._default_manager.first()  # type: ignore[attr-defined]
    if found is not None:
        text(operator, f"{place}_change", found.pk)
    added = operator.get(reverse(f"admin:{place}_add"))
    request = added.wsgi_request
    request.user = User.objects.get(email=demo_people.OPERATOR)
    assert added.status_code == (200 if page.has_add_permission(request) else 403)


@pytest.mark.parametrize("name", WRITTEN_BY_THE_MACHINERY)
def test_what_the_machinery_writes_is_neither_added_nor_changed_nor_deleted(
    operator: Client, name: str
) -> None:
    settled()
    row = apps.get_model("billing", name)._default_manager.first()
    assert operator.get(reverse(f"admin:billing_{name}_add")).status_code == 403
    key = row.pk if row is not None else uuid4()
    assert operator.post(reverse(f"admin:billing_{name}_change", args=[key])).status_code in {302, 403}
    assert operator.post(reverse(f"admin:billing_{name}_delete", args=[key])).status_code in {302, 403}
    if row is not None:
        assert apps.get_model("billing", name)._default_manager.filter(pk=key).exists()


def test_customers_do_not_come_in(client: Client) -> None:
    client.force_login(User.objects.get(email=demo_people.CUSTOMER))
    assert client.get(reverse("admin:billing_usageevent_changelist")).status_code == 302


def test_the_list_of_requests_shows_names(operator: Client) -> None:
    settled()
    shown = text(operator, "billing_usageevent_changelist")
    for name in ("Northwind Labs", "route/deepseek-v3.2", "Sandbox", 'title="$0.000012345"'):
        assert name in shown


def test_the_list_of_requests_takes_as_many_queries_for_many_as_for_one_and_counts_nothing(
    operator: Client,
) -> None:
    address = reverse("admin:billing_usageevent_changelist")
    settled()
    operator.get(address)
    with CaptureQueriesContext(connection) as one:
        operator.get(address)
    settled(30)
    with CaptureQueriesContext(connection) as many:
        operator.get(address)
    assert len(many) == len(one)
    assert not [query["sql"] for query in many if "COUNT(" in query["sql"] and "billing_" in query["sql"]]


def test_a_request_is_found_by_its_id(operator: Client) -> None:
    settled(3)
    wanted, *others = UsageEvent.objects.order_by("id")
    shown = text(operator, "billing_usageevent_changelist", query=f"?q={wanted.request_id}")
    assert str(wanted.pk) in shown
    assert not [other for other in others if str(other.pk) in shown]


def test_a_workspaces_requests_are_found_by_its_slug_through_its_own_index(operator: Client) -> None:
    workspace = settled()
    rows.settle(rows.workspace(), cost=777)
    with CaptureQueriesContext(connection) as queries:
        shown = text(operator, "billing_usageevent_changelist", query=f"?q={workspace.slug}")
    assert 'title="$0.000012345"' in shown
    assert 'title="$0.000000777"' not in shown
    assert [
        query["sql"] for query in queries if 'ORDER BY "billing_usage_event"."charge_no" DESC' in query["sql"]
    ]


def test_a_search_for_nobody_finds_nothing(operator: Client) -> None:
    settled()
    assert "0.000012345" not in text(operator, "billing_usageevent_changelist", query="?q=nobody")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("?day=today", True),
        ("?day=2020-02", False),
        ("?day=2020-02-29", False),
        ("?day=nonsense", True),
    ],
)
def test_requests_are_narrowed_to_a_day_by_their_ids(operator: Client, query: str, found: bool) -> None:
    settled()
    with CaptureQueriesContext(connection) as queries:
        shown = text(operator, "billing_usageevent_changelist", query=query)
    assert ('title="$0.000012345"' in shown) == found
    narrowed = [sql for sql in (each["sql"] for each in queries) if '"billing_usage_event"."id" >= ' in sql]
    assert narrowed  # to the last 24 hours where nothing else is asked for


def test_the_first_id_of_a_day_is_below_all_ids_made_that_day_and_above_those_of_the_day_before() -> None:
    made = ids.request_id()
    assert first_id(date(2020, 1, 1)) < made < first_id(date(9999, 1, 1))
    assert first_id(date(1970, 1, 1)).int == 0
    assert first_id(date(1970, 1, 2)).int >> 80 == 86_400_000


def test_a_request_explains_its_charge(operator: Client) -> None:
    settled()
    event = UsageEvent.objects.get()
    shown = text(operator, "billing_usageevent_change", event.pk)
    exact = Decimal("0.4928") * 20 / 10**6 + Decimal("0.7392") * 5 / 10**6
    for part in ("× 0.4928", "× 0.7392", f"{exact:.12f}", "platform 1", 'title="$0.000012345"'):
        assert part in shown
    assert "differs from what these parts make" in shown  # the charge of this test is made up


def test_revoked_keys_stay_listed(operator: Client) -> None:
    key = ApiKey.objects.get()
    operator.post(
        reverse("admin:accounts_apikey_revoke_key", args=[key.pk]), {"_form_submitted": "on", "reason": "r"}
    )
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert key.name in text(operator, "accounts_apikey_changelist")


def test_a_person_is_added_with_a_password_and_their_address_only_once(operator: Client) -> None:
    asked = {
        "email": "Ann@Example.com",
        "usable_password": "true",
        "password1": "long-enough-4",
        "password2": "long-enough-4",
    }
    assert operator.post(reverse("admin:accounts_user_add"), asked).status_code == 302
    person = User.objects.get(email="ann@example.com")
    assert person.check_password("long-enough-4")
    assert operator.post(reverse("admin:accounts_user_add"), asked).status_code == 200
    changed = {"usable_password": "true", "password1": "another-long-5", "password2": "another-long-5"}
    assert (
        operator.post(reverse("admin:auth_user_password_change", args=[person.pk]), changed).status_code
        == 302
    )
    person.refresh_from_db()
    assert person.check_password("another-long-5")


def test_an_open_request_is_shown_with_its_hold(operator: Client) -> None:
    rows.admit(Workspace.objects.get().pk, hold=4_200)
    assert 'title="$0.000004200"' in text(operator, "billing_admission_changelist")
    assert Admission.objects.count() == 1
