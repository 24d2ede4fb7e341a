"""Deciding about proposals: what an approval makes, what it leaves, and what the database keeps of it."""

import pytest
from django.db import DatabaseError, transaction

from catalog.models import Chain, Hop, Model, PriceVersion, Proposal, Tier
from catalog.proposals import deciding
from catalog.proposals.applying import NewModel
from catalog.proposals.listing import Entry, Tariff
from tests.catalog.proposing import (
    COST,
    HUNDREDFOLD,
    SELL,
    USD,
    changes,
    compare,
    costs,
    dearer,
    entry,
    hundredfold,
    person,
    price,
    proposed,
    rates_of,
    sells,
    served,
)


def state(proposal: Proposal) -> str:
    return Proposal.objects.get(pk=proposal.pk).status


@pytest.mark.django_db
def test_makes_a_dated_cost_version_and_keeps_the_sell_price() -> None:
    model, provider = served()
    proposal = proposed(provider, dearer())
    by = person()
    outcome = deciding.approve(proposal.pk, by=by, reason="their new list")
    before, after = costs(model, provider)
    assert outcome.made is not None
    assert outcome.made.cost_version == after
    assert rates_of(before) == COST
    assert rates_of(after) == {**COST, "output": 9 * USD, "cached": 2 * USD, "reasoning": 9 * USD}
    assert after.source == f"proposal {proposal.pk}: a list"
    assert after.valid_from > before.valid_from
    assert len(sells(model)) == 1
    kept = Proposal.objects.get(pk=proposal.pk)
    assert (kept.status, kept.cost_version, kept.sell_version, kept.decided_by) == (
        "approved",
        after,
        None,
        by,
    )
    assert changes(proposal) == [(by, f"Approved: their new list (cost version {after.pk})")]
    assert not compare(provider, dearer()).raised


@pytest.mark.django_db
def test_lets_the_sell_price_follow_at_todays_margin() -> None:
    model, provider = served(sell={**SELL, "request": 7})
    proposal = proposed(provider, entry(input=1 * USD, output=9 * USD))
    deciding.approve(proposal.pk, by=person(), reason="x", sell_too=True)
    # Half as dear again as the cost, as before; nothing can be told of the request, which costs us nothing.
    assert rates_of(sells(model)[-1]) == {"input": 1_500_000, "output": 13_500_000, "request": 7}
    assert Proposal.objects.get(pk=proposal.pk).sell_version == sells(model)[-1]


@pytest.mark.django_db
def test_holds_a_hundredfold_cost_until_a_second_person_approves_it() -> None:
    model, provider = served()
    proposal = proposed(provider, hundredfold())
    assert proposal.needs_two
    first, second = person(), person()
    assert deciding.approve(proposal.pk, by=first, reason="looks right", sell_too=True).made is None
    held = Proposal.objects.get(pk=proposal.pk)
    assert (held.held, held.status, len(costs(model, provider))) == (True, "open", 1)
    deciding.approve(proposal.pk, by=second, reason="their mail of today")  # says nothing of the sell price
    [_, made] = costs(model, provider)
    assert rates_of(made) == {**HUNDREDFOLD, "cached": 200 * USD, "reasoning": 800 * USD}
    assert rates_of(sells(model)[-1]) == {
        "input": 300 * USD,
        "output": 1200 * USD,
    }  # as the first person said
    assert changes(proposal) == [
        (first, "Approved as the first of two: looks right"),
        (
            second,
            f"Approved: their mail of today (cost version {made.pk}, sell version {sells(model)[-1].pk})",
        ),
    ]


@pytest.mark.django_db
def test_refuses_one_person_twice_and_the_database_does_too() -> None:
    model, provider = served()
    proposal = proposed(provider, hundredfold())
    alone = person()
    deciding.approve(proposal.pk, by=alone, reason="x")
    with pytest.raises(deciding.Refused, match="takes a second person"):
        deciding.approve(proposal.pk, by=alone, reason="x again")
    assert len(costs(model, provider)) == 1
    row = Proposal.objects.get(pk=proposal.pk)
    row.status, row.decided_by, row.decided_at, row.reason = "approved", alone, row.first_at, "x"
    row.cost_version = costs(model, provider)[0]
    with pytest.raises(DatabaseError, match="proposal_two_people_differ"), transaction.atomic():
        row.save()


@pytest.mark.django_db
def test_refuses_in_the_database_a_jump_that_nobody_approved_first() -> None:
    model, provider = served()
    row = proposed(provider, hundredfold())
    row.status, row.decided_by, row.decided_at, row.reason = "approved", 1, row.raised_at, "x"
    row.cost_version = costs(model, provider)[0]
    with pytest.raises(DatabaseError, match="proposal_two_people_differ"), transaction.atomic():
        row.save()


@pytest.mark.django_db
def test_lets_the_first_of_two_reject_it_after_all() -> None:
    model, provider = served()
    proposal = proposed(provider, hundredfold())
    by = person()
    deciding.approve(proposal.pk, by=by, reason="x")
    deciding.reject(proposal.pk, by=by, reason="a comma in the wrong place")
    assert (state(proposal), len(costs(model, provider))) == ("rejected", 1)
    assert [message for _, message in changes(proposal)] == [
        "Approved as the first of two: x",
        "Rejected: a comma in the wrong place",
    ]


@pytest.mark.django_db
def test_is_refused_once_it_is_decided_or_withdrawn() -> None:
    model, provider = served()
    proposal = proposed(provider, dearer())
    deciding.approve(proposal.pk, by=person(), reason="x")
    for verb in (deciding.approve, deciding.reject):
        with pytest.raises(deciding.Refused, match="It was approved on "):
            verb(proposal.pk, by=person(), reason="x")
    other = proposed(provider, entry(input=2 * USD, output=10 * USD))
    compare(provider)
    with pytest.raises(deciding.Refused, match="It was withdrawn on "):
        deciding.approve(other.pk, by=person(), reason="x")
    with pytest.raises(deciding.Refused, match="no such proposal"):
        deciding.approve(0, by=person(), reason="x")
    assert len(costs(model, provider)) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("whose", ["cost", "sell price"])
def test_is_refused_where_the_price_has_changed_since_it_was_compared(whose: str) -> None:
    model, provider = served()
    proposal = proposed(provider, dearer())
    price(model, provider if whose == "cost" else None, {"input": USD, "output": USD}, age_s=1)
    count = PriceVersion.objects.count()
    with pytest.raises(deciding.Refused, match=f"The {whose} has changed since. Compare again."):
        deciding.approve(proposal.pk, by=person(), reason="x", sell_too=True)
    assert (PriceVersion.objects.count(), state(proposal), changes(proposal)) == (count, "open", [])


@pytest.mark.django_db
def test_is_refused_where_there_is_no_margin_to_keep() -> None:
    model, provider = served(cost=None)
    proposal = proposed(provider, dearer())
    with pytest.raises(deciding.Refused, match="no margin to keep"):
        deciding.approve(proposal.pk, by=person(), reason="x", sell_too=True)
    deciding.approve(proposal.pk, by=person(), reason="x")
    assert len(costs(model, provider)) == 1


@pytest.mark.django_db
def test_keeps_steps_by_the_length_of_the_prompt() -> None:
    model, provider = served(cost={**COST, "input>1000": 4 * USD})
    steps = {"input": ((0, 2 * USD), (1000, 5 * USD)), "output": ((0, 8 * USD),)}
    proposal = proposed(provider, Entry("there-1", tariff=Tariff(steps)))
    deciding.approve(proposal.pk, by=person(), reason="x", sell_too=True)
    assert rates_of(costs(model, provider)[-1])["input>1000"] == 5 * USD
    # At 4 it was sold at 3: at 5 it is sold at 3.75. Below, nothing changes.
    assert rates_of(sells(model)[-1]) == {"input": 3 * USD, "input>1000": 3_750_000, "output": 12 * USD}


@pytest.mark.django_db
def test_ends_the_quarantine_of_a_class_by_a_sell_price_at_the_margin_of_plain_tokens() -> None:
    model, provider = served(cost={**COST, "cached": USD})
    proposal = proposed(provider, entry(input=2 * USD, output=8 * USD, cached=USD))
    assert (proposal.kind, proposal.needs_two) == ("unpriced", False)
    deciding.approve(proposal.pk, by=person(), reason="x")
    assert rates_of(sells(model)[-1]) == {**SELL, "cached": 1_500_000}
    assert len(costs(model, provider)) == 1
    assert not compare(provider, entry(input=2 * USD, output=8 * USD, cached=USD)).raised


@pytest.mark.django_db
def test_sells_at_cost_what_has_no_plain_class() -> None:
    model, provider = served(cost={**COST, "web_search": 10 * USD})
    proposal = proposed(provider, entry(input=2 * USD, output=8 * USD, web_search=10 * USD))
    assert proposal.needs_two  # from nothing
    for _ in range(2):
        deciding.approve(proposal.pk, by=person(), reason="x")
    assert rates_of(sells(model)[-1]) == {**SELL, "web_search": 10 * USD}


@pytest.mark.django_db
def test_sets_the_limits_of_a_model() -> None:
    model, provider = served(context_length=1000, max_output_tokens=800)
    proposal = proposed(provider, entry(context=500))
    deciding.approve(proposal.pk, by=person(), reason="x")
    model.refresh_from_db()
    assert (model.context_length, model.max_output_tokens) == (500, 500)
    stale = proposed(provider, entry(context=900))
    Model.objects.filter(pk=model.pk).update(context_length=600)
    with pytest.raises(deciding.Refused, match="limits have changed"):
        deciding.approve(stale.pk, by=person(), reason="x")


@pytest.mark.django_db
def test_drafts_a_chain_without_a_hop_that_is_gone_and_leaves_the_live_one() -> None:
    model, provider = served()
    live = Chain.objects.get(model=model)
    compare(provider, entry(), entry("other"))
    proposal = proposed(provider, entry("other"))
    outcome = deciding.approve(proposal.pk, by=person(), reason="x")
    assert outcome.made is not None
    draft = outcome.made.drafted
    assert draft is not None
    assert (draft.status, draft.version, Hop.objects.filter(chain=draft).count()) == ("draft", 2, 0)
    assert draft.note == f"Without there-1 at {provider.slug}, which is gone."
    live.refresh_from_db()
    assert (live.status, Hop.objects.filter(chain=live).count()) == ("live", 1)
    # Until it is published the hop is still there, and the matter is settled all the same.
    assert not compare(provider, entry("other")).raised
    draft.delete()  # an operator may throw the draft away
    assert Proposal.objects.get(pk=proposal.pk).drafted is None


@pytest.mark.django_db
def test_adds_a_new_model_switched_off_with_its_cost_and_a_draft() -> None:
    _, provider = served()
    compare(provider, entry())
    proposal = proposed(provider, entry(), entry("fresh", context=4096, input=USD, output=3 * USD))
    with pytest.raises(deciding.Refused, match="needs an id"):
        deciding.approve(proposal.pk, by=person(), reason="x")
    asked = NewModel("house/fresh", "Fresh", Tier.LITE, 4096, 1024)
    deciding.approve(proposal.pk, by=person(), reason="x", new=asked)
    model = Model.objects.get(public_id="house/fresh")
    assert (model.active, model.tier, model.author, model.context_length) == (False, "lite", "house", 4096)
    assert rates_of(costs(model, provider)[0]) == {
        "input": USD,
        "cached": USD,
        "output": 3 * USD,
        "reasoning": 3 * USD,
    }
    assert sells(model) == []
    draft = Chain.objects.get(model=model)
    assert (draft.status, [hop.upstream_model for hop in draft.hops.all()]) == ("draft", ["fresh"])  # type: ignore[arg-type]
    assert compare(provider, entry(), entry("fresh", input=USD, output=3 * USD)).raised == ()


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["after", "move_ppm", "needs_two", "figure", "upstream_model"])
def test_leaves_what_a_proposal_says_as_it_was(field: str) -> None:
    _, provider = served()
    row = proposed(provider, hundredfold())
    other = {"after": {}, "move_ppm": 1, "needs_two": False, "figure": "x", "upstream_model": "y"}[field]
    with pytest.raises(DatabaseError, match="keeps what it says"), transaction.atomic():
        Proposal.objects.filter(pk=row.pk).update(**{field: other})


@pytest.mark.django_db
def test_stays_as_it_was_decided_and_is_never_deleted() -> None:
    _, provider = served()
    row = deciding.reject(proposed(provider, dearer()).pk, by=person(), reason="x")
    for change in ({"status": "open", "decided_by": None, "decided_at": None, "reason": ""}, {"reason": "y"}):
        with pytest.raises(DatabaseError, match="keeps what it says"), transaction.atomic():
            Proposal.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.delete()
