"""The roles of operators: every model and permission is decided on, and nobody gives rights to themselves."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import roles
from accounts.models import User
from config import demo_people

pytestmark = pytest.mark.django_db
APPS = ("catalog", "accounts", "billing", "account", "mfa", "auth")
OUTSIDE = {"accounts.user_groups", "accounts.user_user_permissions", "auth.group_permissions"}


def of_role(letter: str, email: str = "staff@example.com") -> User:
    person = User.objects.create_user(email, "a-long-password-of-theirs", is_staff=True)
    person.groups.add(Group.objects.get(name=roles.ROLES[letter].name))
    return person


def test_every_model_and_every_permission_of_its_own_is_decided_on() -> None:
    models = [model for app in APPS for model in apps.get_app_config(app).get_models()]
    assert {model._meta.label_lower for model in models} | {
        model._meta.label_lower for model in admin.site._registry
    } == roles.decided_on()
    named = {permission for _, permission, _ in roles.declared()}
    own = {f"{model._meta.app_label}.{code}" for model in models for code, _ in model._meta.permissions}
    assert own <= named


def test_what_is_declared_exists() -> None:
    known = {
        f"{app}.{code}" for app, code in Permission.objects.values_list("content_type__app_label", "codename")
    }
    assert {permission for _, permission, _ in roles.declared()} <= known
    assert {letter for _, _, letters in roles.declared() for letter in letters} <= set(roles.ROLES)


@pytest.mark.parametrize("letter", roles.ROLES)
def test_a_role_may_what_is_declared_and_nothing_else(letter: str) -> None:
    assert of_role(letter).get_all_permissions() == roles.may(letter)


def test_nobody_of_a_role_gives_rights_or_is_shown_to_change_what_read_only_sees() -> None:
    giving = {"auth.add_group", "auth.change_group", "auth.delete_group", "account.change_emailaddress"}
    assert not [letter for letter in roles.ROLES if giving & roles.may(letter)]
    assert {permission.split(".")[1].split("_")[0] for permission in roles.may("R")} == {"view"}


def test_migrating_puts_the_roles_right_and_leaves_other_groups_alone() -> None:
    support, own = Group.objects.get(name="Support"), Group.objects.create(name="Night shift")
    too_much = Permission.objects.get(codename="add_ledgertransaction")
    support.permissions.set([too_much])
    own.permissions.set([too_much])
    call_command("migrate", verbosity=0, interactive=False)
    assert of_role("S").get_all_permissions() == roles.may("S")
    assert list(own.permissions.all()) == [too_much]


def _sent(client: Client, person: User) -> dict[str, Any]:
    form = client.get(reverse("admin:accounts_user_change", args=[person.pk])).context["adminform"].form
    told = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in told.items() if value not in (None, False, [])}


@pytest.mark.parametrize("letter", ["O", "S"])
def test_rights_are_given_by_superusers_only(client: Client, letter: str) -> None:
    staff, customer = of_role(letter), User.objects.get(email=demo_people.CUSTOMER)
    client.force_login(staff)
    page = reverse("admin:accounts_user_change", args=[customer.pk])
    asked = {"email": customer.email, "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    groups = [group.pk for group in Group.objects.all()]
    client.post(page, asked | {"groups": groups, "name": "Renamed"})
    customer.refresh_from_db()
    assert (customer.name, customer.is_staff, customer.is_superuser) == ("Renamed", False, False)
    assert not customer.groups.exists()


@pytest.mark.parametrize("letter", ["O", "S"])
def test_staff_change_neither_their_own_nor_a_colleagues_row_or_password(client: Client, letter: str) -> None:
    staff, other = of_role(letter), User.objects.get(email=demo_people.OPERATOR)
    client.force_login(staff)
    for person in (staff, other):
        page = reverse("admin:accounts_user_change", args=[person.pk])
        asked = {"email": "taken@example.com", "is_active": "on", "is_superuser": "on"}
        assert client.post(page, asked).status_code == 403
    new = {"usable_password": "true", "password1": "another-long-5", "password2": "another-long-5"}
    for person in (staff, other, User.objects.get(email=demo_people.CUSTOMER)):
        assert (
            client.post(reverse("admin:auth_user_password_change", args=[person.pk]), new).status_code == 403
        )
    staff.refresh_from_db()
    assert not staff.is_superuser


def test_a_superuser_changes_not_even_their_own_rights(operator: Client) -> None:
    person = User.objects.get(email=demo_people.OPERATOR)
    sent = {name: value for name, value in _sent(operator, person).items() if name != "is_superuser"}
    operator.post(reverse("admin:accounts_user_change", args=[person.pk]), sent)
    person.refresh_from_db()
    assert person.is_superuser


def test_the_groups_of_roles_are_as_declared_and_others_are_a_superusers(
    operator: Client, client: Client
) -> None:
    role, own = Group.objects.get(name="Support"), Group.objects.create(name="Night shift")
    assert operator.post(reverse("admin:auth_group_change", args=[role.pk]), {"name": "X"}).status_code == 403
    assert operator.post(reverse("admin:auth_group_change", args=[own.pk]), {"name": "X"}).status_code == 302
    client.force_login(of_role("O"))
    assert client.post(reverse("admin:auth_group_change", args=[own.pk]), {"name": "Y"}).status_code == 403


def test_the_matrix_is_shown(operator: Client) -> None:
    shown = operator.get(reverse("admin:roles")).content.decode()
    for role in roles.ROLES.values():
        assert role.name in shown
    assert "Ledger transaction" in shown


def test_the_page_of_a_role_reads_all_its_rights_at_once(operator: Client) -> None:
    role = Group.objects.get(name=roles.ROLES["O"].name)
    assert role.permissions.count() > 50
    with CaptureQueriesContext(connection) as queries:
        page = operator.get(reverse("admin:auth_group_change", args=[role.pk]))
    assert page.status_code == 200
    assert len(queries) < 40


def test_the_page_of_a_role_says_in_words_what_it_may(operator: Client) -> None:
    support = Group.objects.get(name="Support")
    page = operator.get(reverse("admin:auth_group_change", args=[support.pk])).content.decode()
    assert "<dt>API key</dt><dd>sees, changes</dd>" in page
    assert "<dt>Ledger transaction</dt>" in page
    assert "Can view" not in page
    own = Group.objects.create(name="Night shift")
    assert (
        "id_permissions" in operator.get(reverse("admin:auth_group_change", args=[own.pk])).content.decode()
    )
