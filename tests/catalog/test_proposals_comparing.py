"""Comparisons of the catalogue with what others list: what they propose, withdraw and leave alone."""

import pytest

from catalog.models import CatalogRevision, ListedModel, PriceVersion, Proposal, Source
from catalog.proposals import deciding, telling
from catalog.proposals.listing import Entry, Tariff
from tests.catalog.proposing import COST, SELL, USD, compare, entry, person, price, proposed, served

pytestmark = pytest.mark.django_db


def kinds(proposals: tuple[Proposal, ...]) -> list[str]:
    return [each.kind for each in proposals]


def test_propose_a_cost_that_moved_with_both_sides_and_the_size_of_the_move() -> None:
    model, provider = served()
    proposal = proposed(provider, entry(input=2 * USD, output=10 * USD))
    assert (proposal.kind, proposal.model, proposal.upstream_model) == ("cost", model, "there-1")
    assert (proposal.move_ppm, proposal.needs_two) == (250_000, False)
    assert telling.short(proposal) == "output 8 → 10 (+25 %), reasoning 8, as output → 10 (+25 %)"
    assert proposal.evidence == {"source": "a list"}


def test_change_nothing_by_themselves() -> None:
    _, provider = served()
    before = (CatalogRevision.objects.get().number, PriceVersion.objects.count())
    assert len(compare(provider, entry(input=200 * USD, output=8 * USD), entry("other", input=1)).raised) == 1
    assert (CatalogRevision.objects.get().number, PriceVersion.objects.count()) == before


def test_say_nothing_where_both_agree() -> None:
    _, provider = served(cost={**COST, "cached": USD}, sell={**SELL, "cached": USD})
    assert not compare(provider, entry(input=2 * USD, output=8 * USD, cached=USD)).raised
    # What is not listed by itself stands as we have it.
    assert not compare(provider, entry(input=2 * USD, output=8 * USD)).raised


def test_see_a_class_as_what_it_is_sold_as_where_we_have_no_rate_for_it() -> None:
    _, provider = served(sell={**SELL, "cached": USD})
    assert not compare(provider, entry(input=2 * USD, output=8 * USD, cached=2 * USD)).raised
    cheaper = proposed(provider, entry(input=2 * USD, output=8 * USD, cached=USD // 2))
    assert telling.short(cheaper) == "cached 2, as input → 0.5 (−75 %)"
    assert cheaper.needs_two


def test_see_steps_by_the_length_of_the_prompt() -> None:
    _, provider = served(cost={**COST, "input>1000": 4 * USD})
    steps = {"input": ((0, 2 * USD), (1000, 5 * USD)), "output": ((0, 8 * USD),)}
    listed = Entry("there-1", tariff=Tariff(steps))
    assert telling.short(proposed(provider, listed)).startswith("input>1000 4 → 5 (+25 %)")
    moved = Entry("there-1", tariff=Tariff({**steps, "input": ((0, 2 * USD), (2000, 4 * USD))}))
    assert "input>1000 4 → 2 (−50 %)" in telling.short(proposed(provider, moved))


def test_propose_the_same_only_once() -> None:
    _, provider = served()
    listed = entry(input=2 * USD, output=9 * USD)
    first = proposed(provider, listed)
    again = compare(provider, listed)
    assert (again.raised, again.withdrawn, again.standing) == ((), (), 1)
    assert Proposal.objects.get(provider=provider).pk == first.pk


def test_withdraw_what_no_longer_holds_and_say_why() -> None:
    model, provider = served()
    first = proposed(provider, entry(input=2 * USD, output=9 * USD))
    assert compare(provider, entry(input=2 * USD, output=8 * USD)).withdrawn == (first,)
    second = proposed(provider, entry(input=2 * USD, output=9 * USD))
    third = proposed(provider, entry(input=2 * USD, output=10 * USD))
    price(model, provider, {**COST, "input": USD}, age_s=1)
    fourth = proposed(provider, entry(input=2 * USD, output=10 * USD))
    compare(provider)
    fifth = proposed(provider, entry(input=2 * USD, output=10 * USD))
    compare(provider, entry(refusal="output is finer than a micro-dollar per million"))
    told = {row.pk: (row.status, row.reason) for row in Proposal.objects.filter(provider=provider)}
    assert [told[row.pk] for row in (first, second, third, fourth, fifth)] == [
        ("withdrawn", "Source and catalogue agree now, or no chain of ours leads to it any more."),
        ("withdrawn", "The source says something else now."),
        ("withdrawn", "The catalogue has changed since."),
        ("withdrawn", "The source no longer lists it."),
        (
            "withdrawn",
            "The source no longer tells a price that can be carried: output is finer than a micro-dollar per million.",
        ),
    ]


def test_leave_a_rejected_figure_rejected_until_it_moves() -> None:
    _, provider = served()
    nine, ten = entry(input=2 * USD, output=9 * USD), entry(input=2 * USD, output=10 * USD)
    rejected = deciding.reject(proposed(provider, nine).pk, by=person(), reason="our contract says eight")
    for _ in range(2):
        report = compare(provider, nine)
        assert (report.raised, report.rejected_before) == ((), 1)
    proposed(provider, ten)
    rejected.refresh_from_db()
    assert rejected.moved_at is not None
    assert proposed(provider, nine).status == "open"  # it has moved, and come back


def test_forget_a_rejection_once_the_source_has_agreed_with_us() -> None:
    _, provider = served()
    nine = entry(input=2 * USD, output=9 * USD)
    deciding.reject(proposed(provider, nine).pk, by=person(), reason="no")
    compare(provider, entry(input=2 * USD, output=8 * USD))
    assert proposed(provider, nine).status == "open"


def test_keep_a_rejection_when_only_our_own_price_has_changed() -> None:
    model, provider = served()
    nine = entry(input=2 * USD, output=9 * USD)
    deciding.reject(proposed(provider, nine).pk, by=person(), reason="no")
    price(model, provider, {**COST, "output": 7 * USD}, age_s=1)
    assert compare(provider, nine).raised == ()


def test_keep_the_word_of_each_source_apart() -> None:
    _, provider = served()
    compare(provider, entry(input=2 * USD, output=9 * USD))
    compare(provider, entry(input=2 * USD, output=10 * USD), source=Source.UPSTREAM)
    assert Proposal.objects.filter(provider=provider, status="open").count() == 2


def test_note_a_list_when_they_first_see_it_and_propose_what_is_new_later() -> None:
    _, provider = served()
    agreed = entry(input=2 * USD, output=8 * USD)
    first = compare(provider, agreed, entry("old", input=USD, output=USD))
    assert (first.raised, first.notes) == ((), ("first look: 2 models noted, none of them proposed as new",))
    later = compare(provider, agreed, entry("old"), entry("fresh", context=4096, input=USD, output=3 * USD))
    assert [(row.kind, row.upstream_model, row.model) for row in later.raised] == [("new", "fresh", None)]
    assert telling.short(later.raised[0]) == "context length 4,096, input 1, cached 1 and 2 more"
    # It holds as long as it is listed and nobody has decided.
    still = compare(provider, agreed, entry("old"), entry("fresh", context=4096, input=USD, output=3 * USD))
    assert (still.raised, still.withdrawn, still.standing) == ((), (), 1)
    gone = compare(provider, agreed, entry("old"))
    assert [row.reason for row in gone.withdrawn] == ["The source no longer lists it."]


def test_propose_all_that_is_listed_when_they_are_asked_to() -> None:
    _, provider = served()
    report = compare(provider, entry(input=2 * USD, output=8 * USD), entry("old"), everything=True)
    assert [row.upstream_model for row in report.raised] == ["old"]


def test_do_not_propose_a_rejected_model_again_while_it_is_listed() -> None:
    _, provider = served()
    compare(provider, entry("old"))
    deciding.reject(proposed(provider, entry("old"), entry("fresh")).pk, by=person(), reason="no")
    assert compare(provider, entry("old"), entry("fresh", input=USD, output=USD)).raised == ()
    compare(provider, entry("old"))
    assert kinds(compare(provider, entry("old"), entry("fresh")).raised) == ["new"]


def test_propose_a_model_as_gone_that_was_listed_and_is_no_longer() -> None:
    model, provider = served()
    compare(provider, entry(), entry("other"))
    proposal = proposed(provider, entry("other"))
    assert (proposal.kind, proposal.model) == ("gone", model)
    assert compare(provider, entry("other")).raised == ()
    back = compare(provider, entry(), entry("other"))
    assert [row.reason for row in back.withdrawn] == [
        "It is listed again, or no chain of ours leads to it any more."
    ]


def test_do_not_take_a_name_that_was_never_listed_for_gone() -> None:
    _, provider = served("an-alias")
    compare(provider, entry("other"))
    assert compare(provider, entry("other")).raised == ()


def test_take_a_list_that_lost_most_of_its_models_for_a_fault() -> None:
    _, provider = served()
    names = [entry(f"m{number}") for number in range(10)]
    compare(provider, entry(), *names)
    report = compare(provider, *names[:2])
    assert report.raised == ()
    assert report.notes == ("9 of 11 models are missing on the list: taken for a fault of the list",)
    assert not ListedModel.objects.filter(provider=provider, gone_at__isnull=False).exists()


def test_propose_a_context_that_differs_and_shorten_the_greatest_answer_to_it() -> None:
    _, provider = served(context_length=1000, max_output_tokens=800)
    proposal = proposed(provider, entry(context=500))
    assert (proposal.kind, proposal.move_ppm, proposal.needs_two) == ("context", -500_000, False)
    assert (
        telling.short(proposal) == "context length 1,000 → 500 (−50 %), greatest answer 800 → 500 (−37.5 %)"
    )


def test_propose_a_first_cost_which_one_person_decides() -> None:
    _, provider = served(cost=None)
    proposal = proposed(provider, entry(input=2 * USD, output=8 * USD))
    assert (proposal.kind, proposal.move_ppm, proposal.needs_two) == ("cost", None, False)
    assert telling.short(proposal).startswith("input 2, cached 2, output 8")


@pytest.mark.parametrize(
    ("listed", "two"),
    [
        (3 * USD, False),  # + 50 %
        (3 * USD + 1, True),
        (1 * USD, False),  # − 50 %
        (USD - 1, True),
        (200 * USD, True),
        (0, True),
    ],
)
def test_want_two_people_for_a_jump(listed: int, two: bool) -> None:
    _, provider = served()
    assert proposed(provider, entry(input=listed, output=8 * USD)).needs_two is two


def test_want_two_people_for_a_move_from_zero_and_from_nothing() -> None:
    _, provider = served(cost={**COST, "request": 0}, sell={**SELL, "request": 1, "web_search": 1})
    assert proposed(provider, entry(input=2 * USD, output=8 * USD, request=5)).needs_two
    compare(provider, entry(input=2 * USD, output=8 * USD))
    assert proposed(provider, entry(input=2 * USD, output=8 * USD, web_search=5)).needs_two


def test_propose_a_quarantine_for_a_class_that_has_a_cost_and_no_sell_price() -> None:
    model, provider = served()
    listed = entry(input=2 * USD, output=8 * USD, cached=USD // 5, cache_write=3 * USD, audio_in=2 * USD)
    report = compare(provider, listed)
    assert sorted(kinds(report.raised)) == ["cost", "unpriced"]
    (unpriced,) = [row for row in report.raised if row.kind == "unpriced"]
    assert unpriced.model == model
    # Sound costs as much as text: it is sold as such, and lacks nothing.
    assert unpriced.after["classes"] == ["cached", "cache_write"]
    assert (
        telling.short(unpriced) == "cached 3, as input → 0.3 (−90 %), cache_write 3, as input → 4.5 (+50 %)"
    )
    assert unpriced.needs_two
    told = telling.effects(unpriced)
    assert told[0] == (
        "cached is in quarantine: customers have no price for it. Such tokens are sold as plain input, never given"
        " away, and each request that reports them is marked suspect."
    )


def test_write_nothing_when_they_are_tried() -> None:
    _, provider = served()
    report = compare(provider, entry(input=2 * USD, output=9 * USD), dry_run=True)
    assert kinds(report.raised) == ["cost"]
    assert not Proposal.objects.filter(provider=provider).exists()
    assert not ListedModel.objects.filter(provider=provider).exists()


def test_tell_models_of_ours_whose_cost_cannot_be_carried() -> None:
    model, provider = served()
    report = compare(provider, entry(refusal="audio_hours is not counted"), entry("other", refusal="so too"))
    assert report.refused == ((model.public_id, "audio_hours is not counted"),)


def test_take_several_models_of_one_provider_each_by_its_own_name() -> None:
    first, provider = served("a")
    second, _ = served("b", provider=provider)
    report = compare(
        provider, entry("a", input=3 * USD, output=8 * USD), entry("b", input=2 * USD, output=9 * USD)
    )
    assert {(row.model, row.upstream_model) for row in report.raised} == {(first, "a"), (second, "b")}
