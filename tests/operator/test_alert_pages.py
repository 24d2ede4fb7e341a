"""What the pages of alerts ask for and tell: each kind of channel its own fields, each rule when it holds and whom it tells."""

from datetime import time, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from accounts.models import User
from billing.alerting import rounds
from billing.models import AlertChannel, AlertRule
from catalog import credentials
from kernel import clock
from tests.billing.alerting.scripting import SECRET, Script, calling, mailing
from tests.operator.reading import text
from tests.operator.test_alerts import channel

pytestmark = pytest.mark.django_db

RULES = "billing_alertrule_changelist"


def wrong(operator: Client, **fields: object) -> dict[str, list[str]]:
    """Ask for a channel and return which fields were wrong, and why."""
    answer = operator.post(reverse("admin:billing_alertchannel_add"), channel(**fields))
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


def test_each_kind_of_channel_refuses_the_fields_of_the_other(operator: Client) -> None:
    person = User.objects.create_user("lena@example.com", "long-enough-4", is_staff=True)
    group = Group.objects.create(name="On call")
    mails, address = (
        "Leave this empty: mails go to people.",
        "Leave this empty: a webhook goes to its address.",
    )
    assert wrong(operator, kind="mail", secret=SECRET) == {"address": [mails], "secret": [mails]}
    assert wrong(operator, name="Mails", kind="mail", secret="", address="") == {}
    assert wrong(operator, secret=SECRET, people=[person.pk]) == {"people": [address]}
    assert wrong(operator, secret=SECRET, groups=[group.pk]) == {"groups": [address]}
    assert list(wrong(operator, secret="hunter2")) == ["secret"]
    assert wrong(operator, secret="", address="") == {
        "address": ["Say where it goes."],
        "secret": ["The receiver checks who sends: enter a secret."],
    }


def test_a_webhook_that_becomes_a_mail_loses_its_secret(operator: Client) -> None:
    made = calling("https://hooks.example/x")
    page = reverse("admin:billing_alertchannel_change", args=[made.pk])
    assert "replaces what is kept" in operator.get(page).content.decode()
    assert operator.post(page, channel(kind="mail", address="")).status_code == 302
    made.refresh_from_db()
    assert (made.kind, bytes(made.sealed)) == ("mail", b"")
    assert "replaces what is kept" not in operator.get(page).content.decode()
    other = AlertChannel.objects.create(
        name="o", kind="webhook", address="https://h.example", sealed=credentials.encrypt(SECRET)
    )
    assert (
        operator.post(
            reverse("admin:billing_alertchannel_change", args=[other.pk]), channel(name="o")
        ).status_code
        == 302
    )
    other.refresh_from_db()
    assert credentials.decrypt(bytes(other.sealed)) == SECRET


def test_a_rule_says_when_it_holds_and_whom_it_tells(operator: Client) -> None:
    AlertRule.objects.exclude(kind__in=["margin", "breaker"]).delete()
    margin, breaker = AlertRule.objects.get(kind="margin"), AlertRule.objects.get(kind="breaker")
    for rule in (margin, breaker):
        rule.channels.clear()
    AlertRule.objects.update(threshold=5, minutes=0, active=True)
    shown = text(operator, RULES)
    assert f"{margin.get_kind_display()}, ≤ 5\N{NO-BREAK SPACE}%" in shown
    assert f"{breaker.get_kind_display()}, ≥ 5\N{NO-BREAK SPACE}min" in shown
    assert ", for " not in shown
    assert ", not " not in shown
    assert shown.count("nobody") == 2
    mailing(margin, name="First")
    mailing(margin, name="Second")
    mailing(margin, name="Silent", active=False)
    AlertRule.objects.filter(pk=breaker.pk).update(
        minutes=7, quiet_from=time(22, 30), quiet_until=time(6), active=False
    )
    shown = text(operator, RULES)
    assert "First, Second" in shown
    assert "First, Second, Silent" not in shown
    assert "≥ 5\N{NO-BREAK SPACE}min, for 7 min, not 22:30–06:00" in shown
    assert ">off<" in shown.replace(" ", "").replace("\n", "")


def test_only_what_holds_still_is_counted_of_a_rule(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(monkeypatch)
    script.now = clock.now() - timedelta(minutes=20)
    script.after(a=120, b=130, c=140)
    assert "holds of 3" in text(operator, RULES)
    script.after(5, b=130)
    script.after(5, b=130)
    shown = text(operator, RULES)
    assert "holds of 1" in shown
    assert f"?rule__id__exact={script.rule.pk}&ended_at__isempty=1" in shown


@pytest.mark.parametrize(("seconds", "late"), [(180, False), (181, True)])
def test_rounds_that_did_not_come_for_three_minutes_are_told_late(
    seconds: int, late: bool, operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert operator.get(reverse(f"admin:{RULES}")).context["alerts"]["late"] is True
    script = Script(monkeypatch)
    script.now = clock.now()
    script.after(a=1)
    ended = rounds.last().ended_at
    assert ended is not None
    monkeypatch.setattr(clock, "now", lambda: ended + timedelta(seconds=seconds))
    told = operator.get(reverse(f"admin:{RULES}")).context["alerts"]
    assert (told["late"], told["age"]) == (late, f"{seconds // 60} min ago")


def test_a_channel_says_to_whom_or_where_it_goes(operator: Client) -> None:
    calling("https://hooks.example/x")
    mailing(name="All")
    some = mailing(name="Some")
    some.people.add(User.objects.create_user("lena@example.com", "long-enough-4", is_staff=True))
    some.groups.add(Group.objects.create(name="Night shift"))
    shown = text(operator, "billing_alertchannel_changelist")
    for words in (
        "https://hooks.example/x",
        "lena@example.com, Night shift",
        "operators who may do everything",
    ):
        assert words in shown
