"""Tests of catalog.chains."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, connections, transaction

from catalog import chains
from catalog.chain_checks import Fault, examine
from catalog.models import Chain, Hop, Model, Provider
from catalog.tasks import publish_due
from kernel import clock
from tests.fakes import chained

SOON = timedelta(minutes=5)


def state(chain: Chain) -> str:
    return Chain.objects.get(pk=chain.pk).status


def faults(call: Callable[[], object]) -> list[Fault]:
    with pytest.raises(chains.ChainRefused) as caught:
        call()
    assert all(
        each.message and each.remedy and str(each) in str(caught.value) for each in caught.value.reasons
    )
    return [each.fault for each in caught.value.reasons]


def due(chain: Chain) -> None:
    """Put a scheduled draft's moment into the past."""
    Chain.objects.filter(pk=chain.pk).update(publish_at=clock.now() - timedelta(seconds=1))


@pytest.mark.django_db
def test_publishing_replaces_the_live_version() -> None:
    model = chained.model()
    before, draft = chained.live(model, chained.hop()), chained.draft(model, chained.hop())
    assert chains.publish(draft, note="cheaper").pk == draft.pk
    assert (state(before), state(draft)) == ("retired", "live")
    assert Chain.objects.get(pk=draft.pk).note == "cheaper"


@pytest.mark.django_db
def test_publishing_what_is_not_fit_names_every_reason_and_changes_nothing() -> None:
    model = chained.model(priced=False)
    live = chained.live(model, chained.hop())
    place = chained.endpoint(active=False)
    draft = chained.draft(model, chained.hop(place, weight=3), chained.hop(place))
    before = [*Chain.objects.order_by("pk").values()]
    assert faults(lambda: chains.publish(draft, note="x")) == [
        Fault.TWICE,
        Fault.PROVIDER_OFF,
        Fault.PROVIDER_OFF,
        Fault.WEIGHT_ALONE,
        Fault.NO_PRICE,
    ]
    assert [*Chain.objects.order_by("pk").values()] == before
    assert state(live) == "live"


@pytest.mark.django_db
def test_only_a_draft_is_published_scheduled_or_unscheduled() -> None:
    live = chained.live(chained.model(), chained.hop())
    for verb in (chains.publish, chains.unschedule, lambda chain: chains.schedule(chain, clock.now() + SOON)):
        with pytest.raises(chains.NotADraft, match="is live"):
            verb(live)
    with pytest.raises(chains.NotADraft, match="is gone"):
        chains.publish(Chain(pk=0, model=live.model, version=9))


@pytest.mark.django_db
def test_a_draft_begins_with_everything_its_original_says_of_its_hops() -> None:
    model = chained.model()
    facts: dict[str, Any] = {
        "plan_ranks_from": 2,
        "weight": 7,
        "tool_ids_local": True,
        "first_byte_seconds": 1,
    }
    facts |= {"idle_seconds": 2, "total_seconds": 3}
    live = chained.live(model, chained.hop(**facts), chained.hop(upstream_model="second", weight=1))
    draft = chains.draft_from(live, note="why")
    kept = [field.attname for field in Hop._meta.fields if field.attname not in {"id", "chain_id"}]
    copied, original = (
        Hop.objects.filter(chain=chain).order_by("position").values(*kept) for chain in (draft, live)
    )
    assert list(copied) == list(original)
    assert copied[0] == copied[0] | facts
    assert (draft.version, draft.status, draft.note) == (2, "draft", "why")


@pytest.mark.django_db
def test_scheduling_waits_for_its_moment_and_then_publishes_once() -> None:
    model = chained.model()
    before, draft = chained.live(model, chained.hop()), chained.draft(model, chained.hop())
    chains.schedule(draft, clock.now() + SOON, note="tonight")
    assert chains.publish_due(clock.now()) == chains.Due()
    assert state(draft) == "draft"
    due(draft)
    assert publish_due() == 1
    now = Chain.objects.get(pk=draft.pk)
    assert (now.status, now.publish_at, now.note, state(before)) == ("live", None, "tonight", "retired")
    assert publish_due() == 0
    assert Chain.objects.get(pk=draft.pk).published_at == now.published_at


@pytest.mark.django_db
def test_a_moment_that_is_over_is_refused() -> None:
    draft = chained.draft(chained.model(), chained.hop())
    assert faults(lambda: chains.schedule(draft, clock.now())) == [Fault.NOT_AHEAD]


@pytest.mark.django_db
def test_scheduling_looks_at_the_price_in_force_at_the_moment() -> None:
    model = chained.model(priced=False)
    draft = chained.draft(model, chained.hop())
    chained.price(model, since=clock.now() + SOON)
    assert faults(lambda: chains.publish(draft)) == [Fault.NO_PRICE]
    assert faults(lambda: chains.schedule(draft, clock.now() + SOON / 2)) == [Fault.NO_PRICE]
    assert chains.schedule(draft, clock.now() + 2 * SOON).publish_at is not None


@pytest.mark.django_db
def test_unscheduling_leaves_a_draft_that_does_not_go_live() -> None:
    draft = chained.draft(chained.model(), chained.hop())
    assert faults(lambda: chains.unschedule(draft)) == [Fault.NOT_SCHEDULED]
    chains.schedule(draft, clock.now() + SOON)
    assert chains.unschedule(draft).publish_at is None
    assert chains.publish_due(clock.now() + 2 * SOON) == chains.Due()
    assert state(draft) == "draft"


@pytest.mark.django_db
def test_what_is_no_longer_fit_at_its_moment_stays_a_draft_that_says_why() -> None:
    model, sound = chained.model(), chained.model()
    live, draft = chained.live(model, chained.hop()), chained.draft(model, chained.hop(), chained.hop())
    other = chained.draft(sound, chained.hop())
    for each in (draft, other):
        chains.schedule(each, clock.now() + SOON)
        due(each)
    provider = Hop.objects.filter(chain=draft)[0].endpoint.provider
    provider.active = False
    provider.save()
    assert chains.publish_due(clock.now()) == chains.Due(published=1, refused=1)
    refused = Chain.objects.get(pk=draft.pk)
    assert (refused.status, refused.publish_at, state(live), state(other)) == ("draft", None, "live", "live")
    assert refused.refused_at is not None
    assert refused.refusal == (
        f"Hop 1 ({provider.slug}/default, m) leads to House, which is switched off. "
        "Switch the provider on, or remove the hop."
    )
    assert chains.publish_due(clock.now()) == chains.Due()
    provider.active = True
    provider.save()
    assert chains.publish(draft).refusal == ""


@pytest.mark.django_db
def test_two_that_are_due_go_live_in_the_order_of_their_moments() -> None:
    model = chained.model()
    late, early = (chained.draft(model, chained.hop()) for _ in range(2))
    now = clock.now()
    chains.schedule(late, now + 2 * SOON)
    chains.schedule(early, now + SOON)
    chained.price(model, since=now)
    assert chains.publish_due(now + 3 * SOON) == chains.Due(published=2)
    assert (state(early), state(late)) == ("retired", "live")


@pytest.mark.django_db
def test_rolling_back_publishes_the_hops_that_were_live_before_as_a_new_version() -> None:
    model = chained.model()
    first = chained.live(model, chained.hop(upstream_model="a"), chained.hop(upstream_model="b"))
    second = chains.publish(chained.draft(model, chained.hop(upstream_model="c")))
    third = chains.rollback(model, note="c is slow")
    assert (third.version, third.note) == (3, "Back to version 1. c is slow")
    assert [state(each) for each in (first, second, third)] == ["retired", "retired", "live"]
    assert chained.hops_of(third) == ["a", "b"]
    assert chained.hops_of(chains.rollback(model)) == ["c"]


@pytest.mark.django_db
def test_rolling_back_to_what_is_no_longer_fit_leaves_no_trace() -> None:
    model = chained.model()
    assert faults(lambda: chains.rollback(model)) == [Fault.NOTHING_BEFORE]
    first = chained.live(model, chained.hop())
    assert faults(lambda: chains.rollback(model)) == [Fault.NOTHING_BEFORE]
    second = chains.publish(chained.draft(model, chained.hop()))
    Provider.objects.filter(endpoints__hops__chain=first).update(active=False)
    assert faults(lambda: chains.rollback(model)) == [Fault.PROVIDER_OFF]
    assert [*Chain.objects.filter(model=model, status="live")] == [second]
    assert Chain.objects.filter(model=model).count() == 2


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run calls on connections of their own, begun together; return what each returned or raised."""
    gate, said = threading.Barrier(len(calls)), list[object](calls)

    def run(place: int) -> None:
        try:
            connection.ensure_connection()
            gate.wait(timeout=10)
            said[place] = calls[place]()
        except Exception as error:
            said[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return said


@pytest.mark.usefixtures("committed")
def test_of_two_who_publish_a_draft_at_once_one_is_told_that_it_is_live() -> None:
    for _ in range(5):
        model = chained.model()
        chained.live(model, chained.hop())
        draft = chained.draft(model, chained.hop())
        said = at_once(*[lambda draft=draft: chains.publish(draft)] * 4)
        assert len([each for each in said if isinstance(each, Chain)]) == 1
        assert len([each for each in said if isinstance(each, chains.NotADraft)]) == 3
        assert state(draft) == "live"


@pytest.mark.usefixtures("committed")
def test_of_two_drafts_published_at_once_one_is_live_and_the_other_was() -> None:
    for _ in range(5):
        model = chained.model()
        drafts = [chained.draft(model, chained.hop()) for _ in range(2)]
        said = at_once(*[lambda draft=draft: chains.publish(draft) for draft in drafts])
        assert all(isinstance(each, Chain) for each in said)
        assert sorted(map(state, drafts)) == ["live", "retired"]


@pytest.mark.usefixtures("committed")
def test_drafts_begun_at_once_have_numbers_of_their_own() -> None:
    live = chained.live(chained.model(), chained.hop())
    said = at_once(*[lambda: chains.draft_from(live)] * 4)
    assert sorted(each.version for each in said if isinstance(each, Chain)) == [2, 3, 4, 5]


@pytest.mark.usefixtures("committed")
def test_two_clocks_publish_what_is_due_once() -> None:
    draft = chained.draft(chained.model(), chained.hop())
    chains.schedule(draft, clock.now() + SOON)
    due(draft)
    said = at_once(*[lambda: chains.publish_due(clock.now())] * 3)
    assert [each for each in said if not isinstance(each, chains.Due)] == []
    assert sum(each.published for each in said if isinstance(each, chains.Due)) == 1
    assert state(draft) == "live"


@pytest.mark.usefixtures("committed")
def test_a_clock_leaves_a_model_that_somebody_is_at_work_on() -> None:
    draft = chained.draft(chained.model(), chained.hop())
    chains.schedule(draft, clock.now() + SOON)
    due(draft)
    with transaction.atomic():
        Model.objects.select_for_update(no_key=True).get(pk=draft.model_id)
        assert at_once(lambda: chains.publish_due(clock.now())) == [chains.Due()]
    assert chains.publish_due(clock.now()).published == 1


@pytest.mark.usefixtures("committed")
def test_hops_of_what_was_live_are_neither_added_nor_changed_nor_removed() -> None:
    model = chained.model()
    chain = chained.live(model, chained.hop())
    chains.publish(chained.draft(model, chained.hop()))
    extra = chained.hop(upstream_model="late", position=9)
    for version in (chain, Chain.objects.get(model=model, status="live")):
        rows = Hop.objects.filter(chain=version)
        extra.chain = version
        for change in (extra.save, rows.delete, lambda rows=rows: rows.update(weight=5)):
            with pytest.raises(DatabaseError, match="do not change"), transaction.atomic():
                change()
    draft = chained.draft(model, chained.hop())
    with pytest.raises(DatabaseError, match="do not change"), transaction.atomic():
        Hop.objects.filter(chain=draft).update(chain=chain, position=7)
    assert Hop.objects.filter(chain=draft).update(weight=5) == 1


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("change", [{"status": "draft"}, {"version": 77}, {"published_at": None}])
def test_what_was_live_can_only_be_retired(change: dict[str, object]) -> None:
    chain = chained.live(chained.model(), chained.hop())
    Chain.objects.filter(pk=chain.pk).update(status="retired")
    for refused in (change, {"status": "live"}):
        with pytest.raises(DatabaseError, match="only be retired"), transaction.atomic():
            Chain.objects.filter(pk=chain.pk).update(**refused)
    assert state(chain) == "retired"


@pytest.mark.usefixtures("committed")
def test_a_hop_that_is_being_written_is_waited_for_and_examined() -> None:
    model = chained.model()
    draft = chained.draft(model, chained.hop())
    place = Hop.objects.get(chain=draft).endpoint
    said: list[object] = []

    def publish() -> None:
        said.extend(at_once(lambda: chains.publish(draft)))

    with transaction.atomic():
        Hop.objects.create(chain=draft, position=2, endpoint=place, upstream_model="m")
        thread = threading.Thread(target=publish)
        thread.start()
        thread.join(timeout=0.5)
        assert thread.is_alive()
    thread.join(timeout=10)
    [refused] = said
    assert isinstance(refused, chains.ChainRefused)
    assert [each.fault for each in refused.reasons] == [Fault.TWICE]


@pytest.mark.django_db
def test_what_is_switched_off_may_wait_for_its_key_and_its_price() -> None:
    model = chained.model(priced=False, active=False)
    draft = chained.draft(model, chained.hop(chained.endpoint(url="")))
    found = examine(draft, at=clock.now())
    assert found.refusals == ()
    assert {Fault.NO_PRICE, Fault.NOT_CONFIGURED, Fault.MODEL_OFF} <= {each.fault for each in found.warnings}
    chains.publish(draft, note="x")
    assert state(draft) == "live"
