"""`manage.py seed_events`: fill an installation with made-up usage, to see how Tollway does at size."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.seeding import run

MOST_EVENTS, MOST_WORKSPACES, MOST_DAYS = 1_000_000_000, 100_000, 366


class Command(BaseCommand):
    """Writes believable requests of new workspaces; `manage.py audit` finds nothing wrong with them."""

    help = (
        "Fill an installation that has no usage with made-up requests, charged and summed as real ones are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many, of how many customers, over how long."""
        parser.add_argument(
            "--count", type=int, default=1_000_000, help="how many requests (default: %(default)s)"
        )
        parser.add_argument(
            "--workspaces", type=int, default=200, help="of how many new workspaces (default: %(default)s)"
        )
        parser.add_argument(
            "--days", type=int, default=60, help="over how many UTC days up to now (default: %(default)s)"
        )
        parser.add_argument("--here", action="store_true", help="even though there is usage already")

    def handle(self, *args: Any, count: int, workspaces: int, days: int, here: bool, **options: Any) -> None:
        """Seed, and say how fast it went."""
        for name, value, most in (
            ("count", count, MOST_EVENTS),
            ("workspaces", workspaces, MOST_WORKSPACES),
            ("days", days, MOST_DAYS),
        ):
            if not 1 <= value <= most:
                raise CommandError(f"--{name}: between 1 and {most:,}")
        try:
            done = run.seed(requests=count, workspaces=workspaces, days=days, here=here, tell=self._tell)
        except (run.Refused, LookupError) as error:
            raise CommandError(f"{error}.") from None
        self.stdout.write(
            f"{done.requests:,} requests, {done.tries:,} failed tries, {done.refused:,} minutes with refusals;"
            f" {done.requests / done.writing:,.0f} requests a second, {done.seconds:.0f} s with their charges"
        )

    def _tell(self, day: date, requests: int, seconds: float) -> None:
        self.stdout.write(f"{day}: {requests:,} requests in {seconds:.1f} s")
