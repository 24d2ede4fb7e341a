"""What people do to their own sign-in is told to the trail and to themselves, once it is committed."""

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core import mail

from accounts.models import TrailRow
from tests.accounts.rows import PASSWORD, person
from tests.accounts.test_sign_up import visitor

pytestmark = pytest.mark.usefixtures("committed")


def test_an_app_is_set_up_after_a_fresh_proof_and_told() -> None:
    who, client = person(), visitor()
    client.force_login(who)
    path = "/accounts/2fa/totp/activate/"
    assert client.get(path)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    secret = client.get(path).context["form"].secret
    now = totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))
    assert client.post(path, {"code": now}).status_code == 302
    assert mail.outbox[-1].subject == "An authenticator app was set up"
    row = TrailRow.objects.filter(actor_id=who.pk).latest("no")
    assert row.said.startswith("Added a second factor")
    assert row.address
    assert secret not in str(row.changes) + row.said


def test_a_new_password_is_told_and_ends_other_sessions() -> None:
    who, here, there = person(), visitor(), visitor()
    for client in (here, there):
        client.post("/accounts/login/", {"login": who.email, "password": PASSWORD})
    sent = {
        "oldpassword": PASSWORD,
        "password1": "another road to drive",
        "password2": "another road to drive",
    }
    here.post("/accounts/password/change/", sent)
    assert [client.get("/accounts/profile/").status_code for client in (here, there)] == [200, 302]
    assert mail.outbox[-1].subject == "Your password was changed"
    assert TrailRow.objects.filter(actor_id=who.pk).latest("no").said == "Changed their password."
