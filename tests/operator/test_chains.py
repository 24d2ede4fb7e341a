"""How operators change chains: drafts with their hops, publishing now or later, rolling back."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from catalog import chains
from catalog.models import Chain, Endpoint, Hop, Model, Provider
from kernel import clock
from tests.operator.reading import text

pytestmark = pytest.mark.django_db

NAME = "route/glm-5"


@pytest.fixture
def live() -> Chain:
    return Chain.objects.get(model__public_id=NAME)


@pytest.fixture
def draft(live: Chain) -> Chain:
    return chains.draft_from(live)


def press(operator: Client, verb: str, chain: Chain, **fields: object) -> list[str]:
    """Send the dialog of an action and return what the next page says of it."""
    address = reverse(f"admin:catalog_chain_{verb}", args=[chain.pk])
    answer = operator.post(address, {"_form_submitted": "on", **fields}, follow=True)
    assert answer.redirect_chain, answer.content.decode()
    return [str(message) for message in answer.context["messages"]]


def state(chain: Chain) -> str:
    return Chain.objects.get(pk=chain.pk).status


def changes(chain: Chain) -> list[str]:
    entries = LogEntry.objects.filter(object_id=chain.pk, content_type__model="chain").order_by("pk")
    return [entry.get_change_message() for entry in entries]


def form(chain: Chain, *hops: dict[str, object], **fields: object) -> dict[str, object]:
    """Return a draft's page as a browser sends it."""
    old = len([hop for hop in hops if hop.get("id")])
    sent: dict[str, object] = {
        "note": chain.note,
        "hops-TOTAL_FORMS": len(hops),
        "hops-INITIAL_FORMS": old,
        **fields,
    }
    for place, hop in enumerate(hops):
        given = {"chain": chain.pk or "", "plan_ranks_from": 0, "weight": 0, **hop}
        sent |= {f"hops-{place}-{name}": value for name, value in given.items()}
    return sent


def rows(chain: Chain) -> list[dict[str, object]]:
    names = ("id", "position", "endpoint", "upstream_model", "plan_ranks_from", "weight")
    return [dict(row) for row in Hop.objects.filter(chain=chain).order_by("position").values(*names)]


def save(operator: Client, chain: Chain, *hops: dict[str, object], **fields: object) -> int:
    address = reverse("admin:catalog_chain_change", args=[chain.pk])
    return operator.post(address, form(chain, *hops, **fields)).status_code


def actions(operator: Client, chain: Chain) -> set[str]:
    shown = text(operator, "catalog_chain_change", chain.pk)
    verbs = ("publish", "schedule", "unschedule", "rollback", "draft")
    return {verb for verb in verbs if reverse(f"admin:catalog_chain_{verb}", args=[chain.pk]) in shown}


def test_a_draft_is_published_with_a_reason_that_is_kept(operator: Client, live: Chain, draft: Chain) -> None:
    assert press(operator, "publish", draft, note="cheaper hop first") == [
        f"{NAME} v2 is live; the version before it is retired."
    ]
    assert (state(draft), state(live)) == ("live", "retired")
    assert Chain.objects.get(pk=draft.pk).note == "cheaper hop first"
    assert changes(draft) == ["Published: cheaper hop first"]


def test_nothing_happens_without_a_reason(operator: Client, draft: Chain) -> None:
    for verb in ("publish", "schedule", "unschedule", "rollback"):
        answer = operator.post(
            reverse(f"admin:catalog_chain_{verb}", args=[draft.pk]), {"_form_submitted": "on"}
        )
        assert "This field is required" in answer.content.decode()
    assert (state(draft), changes(draft)) == ("draft", [])


def test_what_speaks_against_a_draft_is_shown_before_and_told_when_it_is_published_all_the_same(
    operator: Client, live: Chain, draft: Chain
) -> None:
    first = Hop.objects.filter(chain=draft).earliest("position")
    Hop.objects.create(chain=draft, position=9, endpoint=first.endpoint, upstream_model=first.upstream_model)
    Provider.objects.filter(endpoints=first.endpoint).update(active=False)
    dialog = text(operator, "catalog_chain_publish", draft.pk)
    page = text(operator, "catalog_chain_change", draft.pk)
    told = press(operator, "publish", draft, note="x")
    assert len(told) == 3
    assert (state(draft), state(live), changes(draft)) == ("draft", "live", [])
    for shown in (dialog, page, " ".join(told)):
        assert "the chain would go round in a loop" in shown
        assert "which is switched off" in shown
        assert "Switch the provider on, or remove the hop." in shown


def test_a_sound_draft_says_that_nothing_speaks_against_it(operator: Client, draft: Chain) -> None:
    shown = text(operator, "catalog_chain_change", draft.pk)
    assert "It can go live all the same." in shown  # two hops have no key in the demo
    assert "Against version 1, which is live" in shown
    assert "The same hops in the same order." in shown
    Hop.objects.filter(chain=draft).exclude(endpoint__provider__slug="sandbox").delete()
    assert "Nothing speaks against it." in text(operator, "catalog_chain_change", draft.pk)


def test_a_drafts_page_shows_what_it_changes(operator: Client, draft: Chain) -> None:
    last = Hop.objects.filter(chain=draft).latest("position")
    Hop.objects.filter(pk=last.pk).update(upstream_model="other", weight=0, first_byte_seconds=7)
    shown = text(operator, "catalog_chain_change", draft.pk)
    assert f"upstream model: {last.upstream_model} → other" in shown
    assert "wait for the first byte: as the endpoint → 7 s" in shown


def test_a_draft_is_scheduled_for_a_moment_in_utc_and_unscheduled(
    operator: Client, live: Chain, draft: Chain
) -> None:
    at = (clock.now() + timedelta(days=2)).replace(second=0, microsecond=0)
    assert press(operator, "schedule", draft, at=f"{at:%Y-%m-%dT%H:%M}", note="after the sale") == [
        f"{NAME} v2 goes live at {at:%Y-%m-%d %H:%M} UTC."
    ]
    planned = Chain.objects.get(pk=draft.pk)
    assert (planned.publish_at, planned.status, planned.note) == (at, "draft", "after the sale")
    assert f"{at:%Y-%m-%d %H:%M}" in text(operator, "catalog_chain_changelist")
    assert "scheduled" in text(operator, "catalog_chain_change", draft.pk)
    press(operator, "unschedule", draft, note="the sale is off")
    assert Chain.objects.get(pk=draft.pk).publish_at is None
    assert changes(draft) == [
        f"Scheduled for {at:%Y-%m-%d %H:%M} UTC: after the sale",
        "Unscheduled: the sale is off",
    ]


@pytest.mark.parametrize("at", ["2020-01-01T00:00", "", "tomorrow"])
def test_a_moment_that_is_over_or_none_is_refused_in_the_dialog(
    operator: Client, draft: Chain, at: str
) -> None:
    address = reverse("admin:catalog_chain_schedule", args=[draft.pk])
    answer = operator.post(address, {"_form_submitted": "on", "at": at, "note": "x"})
    assert answer.status_code == 200
    assert 'id="dialog-form"' in answer.content.decode()
    assert Chain.objects.get(pk=draft.pk).publish_at is None


def test_a_refusal_at_the_moment_is_seen_in_the_list_and_on_the_page(operator: Client, draft: Chain) -> None:
    chains.schedule(draft, clock.now() + timedelta(minutes=1))
    Provider.objects.filter(endpoints__hops__chain=draft).update(active=False)
    chains.publish_due(clock.now() + timedelta(minutes=2))
    assert "refused</span>" in text(operator, "catalog_chain_changelist")
    page = text(operator, "catalog_chain_change", draft.pk)
    assert "Refused when it was to go live" in page
    assert "which is switched off" in page


def test_rolling_back_leads_to_the_new_version(operator: Client, live: Chain, draft: Chain) -> None:
    Hop.objects.filter(chain=draft, position=1).delete()
    chains.publish(draft)
    assert press(operator, "rollback", draft, note="errors") == [
        f"{NAME} v3 is live, with the hops that were live before."
    ]
    third = Chain.objects.get(model=live.model, status="live")
    assert (third.version, third.note) == (3, "Back to version 1. errors")
    assert [row["upstream_model"] for row in rows(third)] == [row["upstream_model"] for row in rows(live)]
    assert changes(third) == ["Rolled back: errors"]


def test_each_state_offers_what_can_be_done_with_it(operator: Client, live: Chain, draft: Chain) -> None:
    assert actions(operator, live) == {"draft"}
    assert actions(operator, draft) == {"publish", "schedule"}
    chains.schedule(draft, clock.now() + timedelta(minutes=1))
    assert actions(operator, draft) == {"publish", "schedule", "unschedule"}
    chains.publish(draft)
    assert actions(operator, draft) == {"draft", "rollback"}
    assert actions(operator, live) == {"draft"}


def test_hops_change_places(operator: Client, draft: Chain) -> None:
    before = rows(draft)
    assert len(before) > 1
    turned = [{**row, "position": len(before) - place} for place, row in enumerate(before)]
    assert save(operator, draft, *turned) == 302
    after = rows(draft)
    assert [row["id"] for row in after] == [row["id"] for row in reversed(before)]
    assert [row["position"] for row in after] == list(range(1, len(before) + 1))


def test_a_hop_without_a_place_is_the_last(operator: Client, draft: Chain) -> None:
    before = rows(draft)
    endpoint = Endpoint.objects.get(provider__slug="openai").pk
    assert (
        save(operator, draft, *before, {"endpoint": endpoint, "upstream_model": "new", "position": ""}) == 302
    )
    *same, added = rows(draft)
    assert [row["id"] for row in same] == [row["id"] for row in before]
    assert (added["upstream_model"], added["position"]) == ("new", len(before) + 1)


def test_hops_are_taken_out_of_a_draft_and_the_rest_move_up(operator: Client, draft: Chain) -> None:
    first, *rest = rows(draft)
    assert save(operator, draft, {**first, "DELETE": "on"}, *rest) == 302
    assert [(row["id"], row["position"]) for row in rows(draft)] == [
        (row["id"], place) for place, row in enumerate(rest, start=1)
    ]


def test_hops_of_a_live_version_are_shown_and_not_to_be_changed(operator: Client, live: Chain) -> None:
    assert save(operator, live, *[{**row, "upstream_model": "sneaked"} for row in rows(live)]) == 403
    assert "sneaked" not in {row["upstream_model"] for row in rows(live)}
    assert 'name="hops-0-upstream_model"' not in text(operator, "catalog_chain_change", live.pk)


def test_a_chain_begun_from_nothing_is_the_models_next_version(operator: Client, live: Chain) -> None:
    endpoint = Endpoint.objects.get(provider__slug="sandbox").pk
    hop = {"endpoint": endpoint, "upstream_model": "sandbox/echo", "position": ""}
    asked = form(Chain(), hop, model=live.model_id, note="anew")
    assert operator.post(reverse("admin:catalog_chain_add"), asked).status_code == 302
    made = Chain.objects.get(model=live.model, version=2)
    assert (made.status, made.note, [row["upstream_model"] for row in rows(made)]) == (
        "draft",
        "anew",
        ["sandbox/echo"],
    )


def test_a_draft_can_be_thrown_away_and_what_was_live_cannot(
    operator: Client, live: Chain, draft: Chain
) -> None:
    for chain in (live, draft):
        operator.post(reverse("admin:catalog_chain_delete", args=[chain.pk]), {"post": "yes"})
    assert [*Chain.objects.filter(model=live.model)] == [live]
    listed = {"action": "delete_selected", "_selected_action": [live.pk], "post": "yes"}
    operator.post(reverse("admin:catalog_chain_changelist"), listed)
    assert Chain.objects.filter(pk=live.pk).exists()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=glm-5", True),
        ("?q=route/mistral-large-3", False),
        ("?state=live", True),
        ("?state=retired", False),
        ("?state=draft", False),
    ],
)
def test_the_list_is_searched_and_narrowed(operator: Client, live: Chain, query: str, found: bool) -> None:
    shown = text(operator, "catalog_chain_changelist", query=query)
    assert (reverse("admin:catalog_chain_change", args=[live.pk]) in shown) == found


def test_the_list_is_narrowed_to_a_model(operator: Client, live: Chain) -> None:
    other = Model.objects.exclude(pk=live.model_id)[0].chains.get()
    shown = text(operator, "catalog_chain_changelist", query=f"?model__id__exact={live.model_id}")
    assert reverse("admin:catalog_chain_change", args=[live.pk]) in shown
    assert reverse("admin:catalog_chain_change", args=[other.pk]) not in shown


def test_who_may_only_look_changes_nothing(client: Client, live: Chain, draft: Chain) -> None:
    looker = User.objects.create_user("looker@example.com", "long-enough-4", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_chain"))
    client.force_login(looker)
    assert actions(client, draft) == set()
    for verb in ("publish", "schedule", "unschedule", "rollback", "draft"):
        address = reverse(f"admin:catalog_chain_{verb}", args=[draft.pk])
        assert (
            client.post(address, {"_form_submitted": "on", "note": "x", "at": "2099-01-01T00:00"}).status_code
            == 403
        )
    assert (state(draft), state(live)) == ("draft", "live")


def test_a_draft_begins_with_the_hops_of_its_original(operator: Client, live: Chain) -> None:
    assert press(operator, "draft", live) == [f"{NAME} v2 is a draft."]
    draft = Chain.objects.get(model=live.model, status="draft")
    assert [{**row, "id": 0} for row in rows(draft)] == [{**row, "id": 0} for row in rows(live)]
    assert (changes(draft), state(live)) == (["Drafted from version 1."], "live")
    assert press(operator, "publish", live, note="again") == [
        f"{NAME} v1 is live, and no draft. Draft a new version and publish that."
    ]


def test_the_list_is_narrowed_to_each_state_that_it_names(operator: Client, live: Chain) -> None:
    waiting, refused, plain = (chains.draft_from(live) for _ in range(3))
    chains.schedule(refused, clock.now() + timedelta(minutes=1))
    Provider.objects.filter(endpoints__hops__chain=refused).update(active=False)
    chains.publish_due(clock.now() + timedelta(minutes=2))
    Provider.objects.update(active=True)
    chains.schedule(waiting, clock.now() + timedelta(minutes=1))
    for state, chain in {"draft": plain, "scheduled": waiting, "refused": refused}.items():
        shown = text(operator, "catalog_chain_changelist", query=f"?state={state}")
        listed = [each for each in (live, waiting, refused, plain) if f"chain/{each.pk}/change/" in shown]
        assert listed == [chain]
