"""The page Voucher: a code is typed and becomes credit, or the field says why not."""

import pytest
from django.test import Client

from accounts.models import Member, User
from billing import statements
from tests.billing import rows
from tests.billing.test_views import Plain, read, signed_in
from tests.billing.vouchers.making import DOLLAR, codes

pytestmark = pytest.mark.django_db


def test_voucher_page_adds_the_credit_and_lists_it() -> None:
    mine, [code] = rows.workspace(), codes(credit_days=30)
    answer = signed_in(mine).post("/dashboard/voucher", {"code": code.lower()}, follow=True)
    text = read(answer)
    assert "$5.00 was added. It is gone from " in text
    assert f"{code[:7]}… " in text
    assert code not in answer.content.decode()
    assert statements.balance(mine).posted == 5 * DOLLAR


def test_voucher_page_tells_of_no_end_where_there_is_none_and_refuses_an_empty_field() -> None:
    client, [code] = signed_in(rows.workspace()), codes(credit_days=None)
    assert client.post("/dashboard/voucher", {"code": ""}).status_code == 400
    answer = client.post("/dashboard/voucher", {"code": code}, follow=True)
    assert (answer.status_code, answer.redirect_chain) == (200, [("/dashboard/voucher", 302)])
    assert "$5.00 was added." in read(answer)
    assert "It is gone" not in read(answer)


def test_voucher_page_says_beside_the_field_why_not() -> None:
    mine = rows.workspace()
    answer = signed_in(mine).post("/dashboard/voucher", {"code": "hello"})
    assert answer.status_code == 400
    page = answer.content.decode()
    assert "This is no voucher code." in page
    assert 'aria-invalid="true"' in page
    assert statements.balance(mine).posted == 0


@pytest.mark.parametrize("role", ["developer", "viewer"])
def test_voucher_page_is_for_those_who_may_pay(role: str) -> None:
    mine, [code] = rows.workspace(), codes()
    user = User.objects.create_user(f"{role}@northwind.example", "a long road to drive")
    Member.objects.create(user=user, workspace_id=mine, role=role)
    client = Client()
    client.force_login(user)
    assert client.post("/dashboard/voucher", {"code": code}).status_code == 403
    assert statements.balance(mine).posted == 0


def test_voucher_page_needs_nothing_that_a_strict_policy_refuses() -> None:
    page = Plain()
    page.feed(signed_in(rows.workspace()).get("/dashboard/voucher").content.decode())
    assert page.refused == []
