"""`manage.py sync_catalog`: what others list, compared with the catalogue; what differs becomes proposals, and no more."""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.models import Comparison, Dialect, Provider, Source
from catalog.proposals import genai, telling
from catalog.proposals.comparisons import Told
from inference.comparing_lists import compare

_SOURCES = {
    "genai": (Source.GENAI,),
    "upstream": (Source.UPSTREAM,),
    "both": (Source.GENAI, Source.UPSTREAM),
}


class Command(BaseCommand):
    """Compare providers with what is listed for them."""

    help = "Compare costs and models with genai-prices and with providers' own lists; makes proposals, changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--provider", action="append", metavar="SLUG", help="only this one; may be given several times"
        )
        parser.add_argument(
            "--source",
            choices=_SOURCES,
            default="genai",
            help="genai asks nobody; upstream asks the provider, with a key of ours (default: %(default)s)",
        )
        parser.add_argument(
            "--all",
            action="store_true",
            help="propose every listed model that no chain leads to, not only new ones",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="tell what would be proposed, and roll it back"
        )

    def handle(self, *_arguments: Any, **options: Any) -> None:
        failed = 0
        for provider in _providers(options["provider"]):
            for source in _SOURCES[options["source"]]:
                if not options["provider"] and not _fitting(provider, source):
                    continue
                comparison = Comparison(provider=provider, source=source, asked_by="manage.py sync_catalog")
                told = compare(comparison, everything=options["all"], dry_run=options["dry_run"])
                self._tell(provider, source, told)
                failed += told.report is None
        if failed:
            raise CommandError(f"{failed} {'comparison' if failed == 1 else 'comparisons'} came to nothing")

    def _tell(self, provider: Provider, source: Source, told: Told) -> None:
        if told.report is None:
            self.stderr.write(told.failure)
            return
        report = told.report
        for proposal in report.raised:
            two = "; takes two people" if proposal.needs_two else ""
            self.stdout.write(f"+ {proposal}: {telling.short(proposal)}{two}")
        for proposal in report.withdrawn:
            self.stdout.write(f"- {proposal}: {proposal.reason}")
        for model, why in report.refused:
            self.stderr.write(f"{model} at {provider.slug}: its cost cannot be carried: {why}")
        for note in report.notes:
            self.stderr.write(f"{provider.slug}: {note}")
        self.stdout.write(
            f"{provider.slug}, {source.label}: {report.listed} models; {len(report.raised)} raised,"
            f" {len(report.withdrawn)} withdrawn, {report.standing} still open, {report.rejected_before} decided before"
        )


def _providers(slugs: Sequence[str] | None) -> list[Provider]:
    rows = Provider.objects.prefetch_related("endpoints__keys")
    if not slugs:
        return list(rows.filter(active=True).exclude(dialect=Dialect.SANDBOX))
    found = {provider.slug: provider for provider in rows.filter(slug__in=slugs)}
    unknown = [slug for slug in slugs if slug not in found]
    if unknown:
        raise CommandError(f"--provider: there is no provider {', '.join(unknown)}")
    return [found[slug] for slug in dict.fromkeys(slugs)]


def _fitting(provider: Provider, source: Source) -> bool:
    if source == Source.GENAI:
        return genai.house_of(provider) is not None
    return any(endpoint.active and endpoint.configured for endpoint in provider.endpoints.all())
