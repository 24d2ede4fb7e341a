"""The trail of changes: one row for each deed in the admin, with what was before, in a chain that shows tampering."""

import csv
from io import StringIO
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from accounts import signins
from accounts.models import ApiKey, SignIn, TrailRow, User, Workspace
from billing.proof.rules import Scope, check
from billing.proof.trail import TRAIL
from catalog.models import Endpoint, EndpointKey, Model, Provider
from config import demo_people
from config.admin_door import AdminDoor
from kernel import deeds
from tests.operator.reading import text
from tests.operator.test_money import _move

pytestmark = pytest.mark.django_db
CANARY = "sk-canary-7d1f0c2b9e-very-secret"


@pytest.fixture(autouse=True)
def begun(operator: Client) -> None:
    """Everything before the test is not what it is about."""


def rows() -> list[TrailRow]:
    return list(TrailRow.objects.order_by("no"))


def broken() -> int:
    with connection.cursor() as cursor:
        return check(cursor, TRAIL[0], Scope()).broken


def _page_of(client: Client, row: Any) -> dict[str, str]:
    """Return what a browser would send back of a row's page, unchanged."""
    label = f"{row._meta.app_label}_{row._meta.model_name}"
    form = client.get(reverse(f"admin:{label}_change", args=[row.pk])).context["adminform"].form
    told = {name: form[name].value() for name in form.fields}
    return {name: str(value) for name, value in told.items() if value not in (None, False, [])}


def test_a_changed_field_is_told_as_it_was_and_as_it_became(operator: Client) -> None:
    key = ApiKey.objects.get()
    sent = _page_of(operator, key) | {"name": "Renamed", "reason": "They asked for it."}
    answer = operator.post(
        reverse("admin:accounts_apikey_change", args=[key.pk]), sent, REMOTE_ADDR="203.0.113.9"
    )
    assert answer.status_code == 302
    [row] = rows()
    assert row.changes["name"] == ["Demo key", "Renamed"]
    assert (row.verb, row.model, row.object_id) == ("change", "accounts.apikey", str(key.pk))
    assert (row.actor, row.address, row.reason) == (
        demo_people.OPERATOR,
        "203.0.113.9",
        "They asked for it.",
    )
    assert (row.workspace_id, bool(row.request_id)) == (key.workspace_id, True)


def test_an_added_row_a_deleted_one_and_one_of_a_dialog_are_each_told_once(operator: Client) -> None:
    operator.post(reverse("admin:auth_group_add"), {"name": "Night shift"})
    person, workspace = User.objects.get(email=demo_people.CUSTOMER), Workspace.objects.get()
    member = person.memberships.get()
    operator.post(reverse("admin:accounts_member_delete", args=[member.pk]), {"post": "yes"})
    operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move())
    added, deleted, moved = rows()
    assert (added.verb, added.changes["name"]) == ("add", [None, "Night shift"])
    assert (deleted.verb, deleted.object_id) == ("delete", str(member.pk))
    assert deleted.changes["role"] == ["owner", None]
    assert (moved.model, moved.reason, moved.workspace_id) == ("billing.account", "a test", workspace.pk)


def test_an_action_on_many_rows_tells_of_each_its_own(operator: Client) -> None:
    for _ in range(2):
        signins.begin(User.objects.get(email=demo_people.CUSTOMER))
    chosen = [str(sign_in.pk) for sign_in in SignIn.objects.all()]
    operator.post(reverse("admin:accounts_signin_changelist"), {"action": "end", "_selected_action": chosen})
    told = rows()
    assert sorted(row.object_id for row in told) == sorted(chosen)
    assert all(sorted(row.changes) == ["ended_at", "ended_by"] for row in told)


def test_a_refused_form_and_a_page_that_is_only_read_tell_nothing(operator: Client) -> None:
    workspace = Workspace.objects.get()
    operator.post(reverse("admin:billing_account_move", args=[workspace.pk]), _move(reason=""))
    text(operator, "accounts_workspace_change", workspace.pk)
    assert rows() == []


def test_who_joins_a_group_is_told_by_its_name(operator: Client) -> None:
    operator.post(reverse("admin:auth_group_add"), {"name": "Night shift"})
    person = User.objects.get(email=demo_people.CUSTOMER)
    group = operator.get(reverse("admin:accounts_user_change", args=[person.pk])).context["adminform"]
    number = group.form.fields["groups"].queryset.get(name="Night shift").pk
    sent = _page_of(operator, person) | {"groups": str(number), "is_staff": "on"}
    assert operator.post(reverse("admin:accounts_user_change", args=[person.pk]), sent).status_code == 302
    told = rows()[-1].changes
    assert told["groups"] == ["[]", '["Night shift"]']
    assert told["is_staff"] == ["False", "True"]


def test_secrets_are_told_to_have_changed_and_nothing_else(operator: Client) -> None:
    person = User.objects.get(email=demo_people.CUSTOMER)
    new = {"usable_password": "true", "password1": CANARY, "password2": CANARY}
    operator.post(reverse("admin:auth_user_password_change", args=[person.pk]), new)
    key = EndpointKey.objects.create(
        endpoint=Endpoint.objects.first(),
        name="k",
        sealed=b"before",
        hint="ore",  # type: ignore[misc]
    )
    sent = _page_of(operator, key) | {"secret": CANARY}
    operator.post(reverse("admin:catalog_endpointkey_change", args=[key.pk]), sent)
    password, secret = rows()
    assert password.changes["password"] == "changed"
    assert secret.changes["sealed"] == "changed"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, '') FROM accounts_trail t")
        assert CANARY not in str(cursor.fetchone())


def test_a_change_that_nobody_named_is_told_all_the_same(operator: Client) -> None:
    request = operator.get("/admin/").wsgi_request
    request.method, request.user = "POST", User.objects.get(email=demo_people.OPERATOR)
    request.resolver_match = None

    def view(asked: Any) -> Any:
        Provider.objects.all()[0].save()  # as it is: nothing to tell
        changed = Model.objects.get(pk=model.pk)
        changed.name = "Quietly renamed"
        changed.save()
        return None

    model = Model.objects.all()[0]
    AdminDoor(lambda asked: None).process_view(request, view, [], {})  # type: ignore[arg-type,return-value]
    [row] = rows()
    assert (row.object_id, row.changes["name"][1]) == (str(model.pk), "Quietly renamed")


def test_what_fails_leaves_neither_a_change_nor_a_row(operator: Client) -> None:
    request = operator.get("/admin/").wsgi_request
    request.method, request.user = "POST", User.objects.get(email=demo_people.OPERATOR)
    model = Model.objects.all()[0]

    def view(asked: Any) -> Any:
        model.name = "Half done"
        model.save()
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        AdminDoor(lambda asked: None).process_view(request, view, [], {})  # type: ignore[arg-type,return-value]
    assert not Model.objects.filter(name="Half done").exists()
    assert rows() == []


def test_a_command_tells_at_once_in_its_own_name() -> None:
    model = Model.objects.all()[0]
    deeds.tell(deeds.Deed("change", model, "Applied.", actor="manage.py test", changes={"name": ("a", "b")}))
    [row] = rows()
    assert (row.actor, row.actor_id, row.changes) == ("manage.py test", None, {"name": ["a", "b"]})


def _three() -> None:
    for word in ("one", "two", "three"):
        deeds.tell(deeds.Deed("change", Workspace.objects.get(), word, actor="test"))


def test_an_untouched_chain_holds() -> None:
    _three()
    assert [row.said for row in rows()] == ["one", "two", "three"]
    assert broken() == 0


TAMPERING = (
    "UPDATE accounts_trail SET said = 'nothing' WHERE said = 'two'",
    "UPDATE accounts_trail SET changes = '{\"a\": [null, \"b\"]}' WHERE said = 'two'",
    "UPDATE accounts_trail SET at = at - interval '1 hour' WHERE said = 'one'",
    "DELETE FROM accounts_trail WHERE said = 'two'",
    "DELETE FROM accounts_trail WHERE said = 'three'",
    "DELETE FROM accounts_trail",
    "UPDATE accounts_trail SET said = 'nothing' WHERE said = 'three';"
    "UPDATE accounts_trail t SET hash = accounts_trail_hash(t) WHERE said = 'nothing'",
    "UPDATE accounts_trail_head SET no = no - 1",
)


def test_tampering_behind_the_guards_is_found() -> None:
    _three()
    for tampering in TAMPERING:
        with transaction.atomic(), connection.cursor() as cursor:
            for table in ("accounts_trail", "accounts_trail_head"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor.execute(tampering)
            assert broken() > 0, tampering
            transaction.set_rollback(True)
    assert broken() == 0


REFUSED = (
    "UPDATE accounts_trail SET said = 'nothing'",
    "DELETE FROM accounts_trail",
    "TRUNCATE accounts_trail",
    "UPDATE accounts_trail_head SET no = 0",
    "DELETE FROM accounts_trail_head",
    "TRUNCATE accounts_trail_head",
    "INSERT INTO accounts_trail_head (one, no, hash) VALUES (true, 9, '')",
)


def test_the_database_refuses_to_rewrite_it() -> None:
    _three()
    for statement in REFUSED:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert broken() == 0


def test_the_page_shows_finds_and_narrows(operator: Client) -> None:
    workspace = Workspace.objects.get()
    deeds.tell(deeds.Deed("change", workspace, "Frozen for a test.", actor="test"))
    deeds.tell(deeds.Deed("change", Provider.objects.all()[0], "Something else.", actor="test"))
    for query in (
        "",
        f"?q={workspace.slug}",
        f"?workspace={workspace.pk}",
        "?model=accounts.workspace",
        "?days=1",
    ):
        assert "Frozen for a test." in text(operator, "accounts_trailrow_changelist", query=query)
    for query in (
        f"?q={workspace.slug}",
        "?model=accounts.workspace",
        f"?object={workspace.pk}&model=accounts.workspace",
    ):
        assert "Something else." not in text(operator, "accounts_trailrow_changelist", query=query)
    [first, _] = rows()
    assert bytes(first.hash).hex() in text(operator, "accounts_trailrow_change", first.pk)


def test_the_history_of_a_row_is_its_part_of_the_trail(operator: Client) -> None:
    workspace = Workspace.objects.get()
    answer = operator.get(reverse("admin:accounts_workspace_history", args=[workspace.pk]))
    assert answer["Location"].endswith(f"?model=accounts.workspace&object={workspace.pk}")


def test_it_is_handed_out_as_csv_that_no_spreadsheet_runs(operator: Client) -> None:
    deeds.tell(
        deeds.Deed("change", Workspace.objects.get(), "=cmd()", actor="test", changes={"name": ("a", "b")})
    )
    answer = operator.get(reverse("admin:accounts_trailrow_export"))
    [line] = csv.DictReader(StringIO(b"".join(answer).decode()))
    assert (line["said"], line["field"], line["before"], line["after"]) == ("'=cmd()", "name", "a", "b")
