"""From a file to the catalogue: everything in one transaction, or nothing; what it does not name stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from catalog.checks import contradictions
from catalog.models import (
    CatalogRevision,
    Endpoint,
    Model,
    Plan,
    PlanVersion,
    Provider,
    Scope,
)
from kernel import deeds

from . import book, hops, multipliers, prices, secrets, shape
from .book import Book
from .rows import complete, save, settle
from .run import Change, Run, hold
from .tree import Node, Problem

__all__ = ["Outcome", "apply"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an application changed, in the order of the work, and what of the file it left undone and why."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


def apply(
    stated: Book, environment: Mapping[str, str], *, dry_run: bool = False, confirm_jumps: bool = False
) -> Outcome:
    """Make the catalogue agree with a file and return what that changed.

    `environment` holds the secrets that the file names. With `dry_run` all is done and then rolled back, with
    `confirm_jumps` prices may move further than is plausible. Raises Refused with every problem, and django.db.OperationalError if another change holds the catalogue for 10 s.
    """
    with transaction.atomic():
        run = Run(hold(), environment, confirm_jumps)
        for step in (_providers, _plans, _models, _prices, _multipliers, _terms, _chains):
            step(run, stated)
        if run.changes and not run.problems.found:
            _check(run, stated)
        run.problems.raise_any()
        if run.changes and not dry_run:
            _tell(run)
        transaction.set_rollback(dry_run)
    return Outcome(tuple(run.changes), tuple(run.notes))


def _tell(run: Run) -> None:
    changed = {f"{change.sign} {change.path}": (None, change.text) for change in run.changes}
    said = f"Applied a file: {len(run.changes)} changes."
    row = CatalogRevision.objects.get()
    deeds.tell(deeds.Deed("change", row, said, actor="manage.py catalog", changes=changed))


def _providers(run: Run, stated: Book) -> None:
    known = {provider.slug: provider for provider in Provider.objects.all()}
    endpoints = {(endpoint.provider_id, endpoint.name): endpoint for endpoint in Endpoint.objects.all()}
    for slug, one in stated.providers.items():
        row = known.get(slug)
        if row is not None and row.private and one.entry.values.get("private") is False:
            # First its endpoints, whose private addresses the file may replace too.
            _endpoints(run, row, one, endpoints)
            settle(run, row, one.entry, shape.PROVIDER)
            continue
        provider = settle(run, row or Provider(slug=slug), one.entry, shape.PROVIDER)
        if provider is not None:
            _endpoints(run, provider, one, endpoints)


def _endpoints(
    run: Run, provider: Provider, one: book.Provider, known: Mapping[tuple[int, str], Endpoint]
) -> None:
    for name, inner in one.endpoints.items():
        row = known.get((provider.pk, name)) or Endpoint(name=name)
        row.provider = provider  # as it is now: what addresses it may have depends on it
        endpoint = settle(run, row, inner.entry, shape.ENDPOINT)
        for secret in inner.secrets:
            secrets.give(run, endpoint, secret)


def _plans(run: Run, stated: Book) -> None:
    known = {plan.slug: plan for plan in Plan.objects.all()}
    for slug, one in stated.plans.items():
        if slug not in known and one.terms is None:
            run.problems.add(one.entry.node, "is new and lacks `terms`")
        settle(run, known.get(slug) or Plan(slug=slug), one.entry, shape.PLAN)


def _terms(run: Run, stated: Book) -> None:
    named = {
        name
        for public_id, aliases in Model.objects.values_list("public_id", "aliases")
        for name in (public_id, *aliases)
    }
    for plan in Plan.objects.filter(slug__in=stated.plans).prefetch_related("versions"):
        entry = stated.plans[plan.slug].terms
        if entry is None:
            continue
        for name in entry.values.get("auto_models", ()):
            if name not in named:
                run.problems.add(entry.nodes["auto_models"], f"there is no model {name}")
        _newest_terms(run, plan, entry)


def _newest_terms(run: Run, plan: Plan, entry: book.Entry) -> None:
    newest = max(plan.versions.all(), key=lambda terms: terms.version, default=None)
    if newest is None:
        if complete(run, entry, shape.TERMS):
            first = PlanVersion(plan=plan, version=1, published_at=run.moment, **entry.values)
            if save(run, first, entry):
                run.added(entry.node, "version 1")
        return
    before = {field.column: getattr(newest, field.column) for field in shape.TERMS}
    after = {**before, **entry.values}
    if before == after:
        return
    version = newest.version + 1
    if save(run, PlanVersion(plan=plan, version=version, published_at=run.moment, **after), entry):
        told = [
            f"{field.name} {field.write(before[field.column])} → {field.write(after[field.column])}"
            for field in shape.TERMS
            if before[field.column] != after[field.column]
        ]
        run.changed(entry.node, f"version {version}: {', '.join(told)}")


def _models(run: Run, stated: Book) -> None:
    known = {model.public_id: model for model in Model.objects.all()}
    for public_id, one in stated.models.items():
        model = known.get(public_id) or Model(public_id=public_id, created_at=run.moment)
        settle(run, model, one.entry, shape.MODEL)


def _prices(run: Run, stated: Book) -> None:
    providers = {provider.slug: provider for provider in Provider.objects.all()}
    models = _saved(stated)
    known = prices.known(models)
    added = []
    for model in models:
        one = stated.models[model.public_id]
        if one.sell:
            added += prices.price(run, model, None, one.sell, known[model.pk, None])
        for slug, costs in one.costs.items():
            if slug in providers:
                provider = providers[slug]
                prices.price(run, model, provider, costs, known[model.pk, provider.pk])
            else:
                _unknown(run, [cost.node for cost in costs], "provider", slug)
    prices.check_losses(run, added)


def _multipliers(run: Run, stated: Book) -> None:
    targets: dict[str, Sequence[str]] = {
        Scope.PROVIDER: list(Provider.objects.values_list("slug", flat=True)),
        Scope.MODEL: list(Model.objects.values_list("public_id", flat=True)),
        Scope.PLAN: list(Plan.objects.values_list("slug", flat=True)),
        Scope.TIER: shape.TIERS,
    }
    groups: dict[tuple[str, str], list[book.Factor]] = {}
    for factor in stated.multipliers:
        groups.setdefault((factor.scope, factor.target), []).append(factor)
    for (scope, target), factors in groups.items():
        moments = [factor.valid_from for factor in factors]
        if scope in targets and target not in targets[scope]:
            _unknown(run, [factor.node for factor in factors], scope, target)
        elif len(set(moments)) < len(moments):
            run.problems.add(factors[-1].node, "has another of its scope and target from the same moment")
        else:
            multipliers.factors(run, factors)


def _chains(run: Run, stated: Book) -> None:
    models = _saved(stated)
    live, endpoints = hops.live(models), hops.endpoints()
    for model in models:
        one = stated.models[model.public_id]
        if one.chain is not None:
            hops.chain(run, model, one.chain, live.get(model.pk, ()), endpoints)


def _saved(stated: Book) -> list[Model]:
    """Return the models that the file names, without those that were refused, in the order of the file."""
    found = {model.public_id: model for model in Model.objects.filter(public_id__in=list(stated.models))}
    return [found[public_id] for public_id in stated.models if public_id in found]


def _unknown(run: Run, nodes: Sequence[Node], kind: str, name: str) -> None:
    for node in nodes:
        run.problems.add(node, f"there is no {kind} {name}")


def _check(run: Run, stated: Book) -> None:
    with connection.cursor() as cursor:
        for error in contradictions(cursor):
            one = stated.models.get(error.msg.split(" ")[0])
            line, path = (one.entry.node.line, one.entry.node.path) if one is not None else (0, "")
            run.problems.found.append(Problem(line, path, f"{error.msg} {error.hint} ({error.id})"))
