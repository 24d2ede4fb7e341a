"""`manage.py seed_demo`: the demo with a past, so that every page of it has something to show."""

from datetime import date
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Member
from billing.seeding import run
from config import demo_people

MOST_DAYS, MOST_REQUESTS = 366, 10_000_000
OTHERS = 5
"""Customers beside the demo's own, for the pages of the operator."""
SHARE_OF_OWN = 10
"""The largest customer of a seeding has a tenth of it."""


class Command(BaseCommand):
    """Loads the demo and writes its past: requests, tries and refusals, charged day by day by the roll-up."""

    help = "Load the demo with a past of made-up requests, charged and summed as real ones are; once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how long the past is, and how much was asked for in it."""
        parser.add_argument(
            "--days", type=int, default=60, help="how many UTC days up to now (default: %(default)s)"
        )
        parser.add_argument(
            "--requests",
            type=int,
            default=60_000,
            help="how many of all customers; a tenth is the demo customer's (default: %(default)s)",
        )

    def handle(self, *args: Any, days: int, requests: int, **options: Any) -> None:
        """Load, seed, and say what there is now."""
        for name, value, most in (("days", days, MOST_DAYS), ("requests", requests, MOST_REQUESTS)):
            if not 1 <= value <= most:
                raise CommandError(f"--{name}: between 1 and {most:,}")
        call_command("demo", stdout=self.stdout)
        own = Member.objects.select_related("workspace").get(user__email=demo_people.CUSTOMER).workspace
        try:
            done = run.seed(requests=requests, workspaces=1 + OTHERS, days=days, first=own, tell=self._tell)
        except (run.Refused, LookupError) as error:
            raise CommandError(f"{error}.") from None
        self.stdout.write(
            f"{done.requests:,} requests in {days} days, {done.requests // SHARE_OF_OWN:,} of them {own.name}'s;"
            f" sign in as {demo_people.CUSTOMER}"
        )

    def _tell(self, day: date, requests: int, seconds: float) -> None:
        if day.day == 1:
            self.stdout.write(f"{day}: {requests:,} requests")
