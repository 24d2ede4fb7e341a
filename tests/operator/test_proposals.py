"""How operators decide about proposals: what they are shown, and what their yes and no do."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog.models import Comparison, Model, PriceVersion, Proposal, Provider
from config import demo_people
from tests.catalog.proposing import COST, USD, compare, costs, entry, price, proposed, rates_of, sells, served
from tests.operator.reading import text

pytestmark = pytest.mark.django_db


def press(operator: Client, verb: str, proposal: Proposal, **fields: object) -> list[str]:
    """Send the dialog of an action and return what the next page says of it."""
    address = reverse(f"admin:catalog_proposal_{verb}", args=[proposal.pk])
    answer = operator.post(address, {"_form_submitted": "on", **fields}, follow=True)
    assert answer.redirect_chain, answer.content.decode()
    return [str(message) for message in answer.context["messages"]]


def offered(operator: Client, proposal: Proposal) -> set[str]:
    shown = text(operator, "catalog_proposal_change", proposal.pk)
    return {
        verb
        for verb in ("approve", "reject")
        if reverse(f"admin:catalog_proposal_{verb}", args=[proposal.pk]) in shown
    }


@pytest.fixture
def second(operator: Client) -> Client:
    """Another operator, signed in."""
    client = Client()
    client.force_login(User.objects.create_superuser("second@example.com"))
    return client


def test_a_proposal_shows_both_sides_its_move_what_it_does_and_on_whose_word(operator: Client) -> None:
    _, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    shown = text(operator, "catalog_proposal_change", proposal.pk)
    for part in (
        "What would change",
        '<td>output</td><td class="n">8</td><td class="n">10</td><td class="n">+25 %</td>',
        "If the sell price follows",
        '<td>output</td><td class="n">12</td><td class="n">15</td><td class="n">+25 %</td>',
        "Approving adds a cost version of House, in force from that moment.",
        "a list",
    ):
        assert part in shown
    assert "two people" not in shown


def test_a_cost_above_the_sell_price_of_today_is_pointed_out(operator: Client) -> None:
    _, provider = served()  # output costs 8 and is sold at 12
    dearer = proposed(provider, entry(input=2 * USD, output=12 * USD + 1))
    shown = text(operator, "catalog_proposal_change", dearer.pk)
    assert "At the sell price of today: output, reasoning." in shown
    as_dear = proposed(provider, entry(input=2 * USD, output=12 * USD))
    assert "At the sell price of today" not in text(operator, "catalog_proposal_change", as_dear.pk)


def test_an_approval_makes_a_dated_price_and_a_row_in_the_list_of_changes(operator: Client) -> None:
    model, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    assert press(operator, "approve", proposal, reason="their list", sell_too="on") == ["Approved."]
    assert rates_of(costs(model, provider)[-1])["output"] == 10 * USD
    assert rates_of(sells(model)[-1])["output"] == 15 * USD
    entry_made = LogEntry.objects.get(object_id=str(proposal.pk), content_type__model="proposal")
    assert entry_made.user.email == demo_people.OPERATOR
    assert entry_made.change_message.startswith("Approved: their list (cost version ")
    shown = text(operator, "catalog_proposal_change", proposal.pk)
    assert f"Approved by {demo_people.OPERATOR}" in shown
    assert reverse("admin:catalog_priceversion_change", args=[costs(model, provider)[-1].pk]) in shown
    assert offered(operator, proposal) == set()


def test_nothing_is_decided_without_a_reason(operator: Client) -> None:
    _, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    for verb in ("approve", "reject"):
        answer = operator.post(
            reverse(f"admin:catalog_proposal_{verb}", args=[proposal.pk]), {"_form_submitted": "on"}
        )
        assert "This field is required" in answer.content.decode()
    assert Proposal.objects.get(pk=proposal.pk).status == "open"


def test_a_jump_takes_two_operators(operator: Client, second: Client) -> None:
    model, provider = served()
    proposal = proposed(provider, entry(input=200 * USD, output=800 * USD))
    assert "A move of more than 50 %" in text(operator, "catalog_proposal_change", proposal.pk)
    assert press(operator, "approve", proposal, reason="x", sell_too="on") == [
        "Approved by you. It takes a second person."
    ]
    assert offered(operator, proposal) == {"reject"}
    assert press(operator, "approve", proposal, reason="x") == [
        "You have approved it. Such a move takes a second person."
    ]
    shown = text(second, "catalog_proposal_change", proposal.pk)
    assert "Waits for a second person" in shown
    assert (
        "The sell price follows, each class earning the same share as today, as the first person said."
        in shown
    )
    dialog = text(second, "catalog_proposal_approve", proposal.pk)
    assert 'name="sell_too"' not in dialog
    assert len(costs(model, provider)) == 1
    assert press(second, "approve", proposal, reason="y") == ["Approved."]
    assert (len(costs(model, provider)), rates_of(sells(model)[-1])["output"]) == (2, 1200 * USD)
    assert f"Approved by second@example.com, after {demo_people.OPERATOR}" in text(
        operator, "catalog_proposal_change", proposal.pk
    )


def test_a_rejection_keeps_its_reason(operator: Client) -> None:
    _, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    told = press(operator, "reject", proposal, reason="our contract says eight")
    assert told == ["Rejected. The same figure is not proposed again."]
    assert "our contract says eight" in text(operator, "catalog_proposal_change", proposal.pk)


def test_what_changed_meanwhile_is_told_and_nothing_is_done(operator: Client) -> None:
    model, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    price(model, provider, {**COST, "output": 7 * USD}, age_s=1)
    assert press(operator, "approve", proposal, reason="x") == ["The cost has changed since. Compare again."]
    assert len(costs(model, provider)) == 2


def test_a_class_without_a_price_says_what_happens_to_it(operator: Client) -> None:
    _, provider = served(cost={**COST, "cached": USD})
    proposal = proposed(provider, entry(input=2 * USD, output=8 * USD, cached=USD))
    shown = text(operator, "catalog_proposal_change", proposal.pk)
    assert "cached is in quarantine: customers have no price for it." in shown
    assert "Such tokens are sold as plain input, never given away" in shown
    assert "3, as input" in shown


def test_a_new_model_is_given_its_id_and_tier_where_it_is_approved(operator: Client) -> None:
    _, provider = served()
    compare(provider, entry())
    proposal = proposed(provider, entry(), entry("fresh", context=4096, input=USD, output=USD))
    dialog = text(operator, "catalog_proposal_approve", proposal.pk)
    assert f'value="{provider.slug}/fresh"' in dialog
    assert 'value="4096"' in dialog
    asked = {"public_id": "house/fresh", "name": "Fresh", "tier": "lite", "reason": "wanted"}
    refused = operator.post(
        reverse("admin:catalog_proposal_approve", args=[proposal.pk]),
        {"_form_submitted": "on", **asked, "context_length": 10, "max_output_tokens": 11},
    )
    assert "no longer than the context" in refused.content.decode()
    assert press(operator, "approve", proposal, **asked, context_length=4096, max_output_tokens=512) == [
        "Approved."
    ]
    assert Model.objects.get(public_id="house/fresh").active is False


def test_the_list_shows_what_is_open_and_is_narrowed(operator: Client) -> None:
    first, provider = served("a")
    second, _ = served("b", provider=provider)
    compare(provider, entry("a", input=2 * USD, output=9 * USD), entry("b", input=2 * USD, output=80 * USD))
    small, large = first.public_id, second.public_id
    page = "catalog_proposal_changelist"
    for query, seen in (
        ("", {small, large}),
        ("?size=middle", {small}),
        ("?size=large", {large}),
        ("?size=small", set()),
        ("?kind__exact=cost", {small, large}),
        ("?kind__exact=new", set()),
        (f"?provider__id__exact={provider.pk}", {small, large}),
        ("?state=held", set()),
        ("?state=approved", set()),
        ("?state=all", {small, large}),
        ("?needs_two__exact=1", {large}),
        (f"?q={small}", {small}),
    ):
        shown = text(operator, page, query=query)
        assert {name for name in (small, large) if name in shown} == seen, query
    assert "× 10" in text(operator, page)


def test_an_operator_has_a_provider_asked(operator: Client) -> None:
    provider = Provider.objects.get(slug="openrouter")
    answer = operator.post(
        reverse("admin:catalog_comparison_compare"),
        {"_form_submitted": "on", "provider": provider.pk, "source": "upstream"},
        follow=True,
    )
    assert [str(message) for message in answer.context["messages"]] == [
        "OpenRouter is compared with the provider's own list within half a minute."
    ]
    asked = Comparison.objects.get(provider=provider)
    assert (asked.state, asked.source, asked.asked_by) == ("asked", "upstream", demo_people.OPERATOR)
    assert LogEntry.objects.filter(object_id=str(asked.pk), content_type__model="comparison").count() == 1


def test_who_may_only_look_decides_nothing(operator: Client) -> None:
    _, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    looker = User.objects.create_user("looker@example.com", is_staff=True)
    for name in ("view_proposal", "change_proposal", "view_comparison"):  # and no price may they add
        looker.user_permissions.add(Permission.objects.get(codename=name, content_type__app_label="catalog"))
    client = Client()
    client.force_login(looker)
    assert offered(client, proposal) == set()
    for verb in ("approve", "reject"):
        address = reverse(f"admin:catalog_proposal_{verb}", args=[proposal.pk])
        assert client.post(address, {"_form_submitted": "on", "reason": "x"}).status_code == 403
    assert (
        client.post(reverse("admin:catalog_comparison_compare"), {"_form_submitted": "on"}).status_code == 403
    )
    assert PriceVersion.objects.filter(provider=provider).count() == 1
