"""`manage.py migrate`: Django's, as the owner of the tables, with bounded waits, and with the product's rights put right after it."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable, QueryCanceled

from config import owning

LOCK_SECONDS, STATEMENT_SECONDS = 2, 900
MOST_SECONDS = 86_400


class Command(migrate.Command):
    """A migration that does not get its lock gives up, so that requests do not queue behind it."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take Django's options, and how long is waited for what."""
        super().add_arguments(parser)
        parser.add_argument(
            "--lock-seconds",
            type=_seconds,
            default=LOCK_SECONDS,
            help="how long a statement waits for a lock, and all requests behind it (default: %(default)s)",
        )
        parser.add_argument(
            "--statement-seconds",
            type=_seconds,
            default=STATEMENT_SECONDS,
            help="how long one statement may take (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, and give the product's role its rights where it is another than the owner."""
        product = settings.DATABASES["default"]["USER"]
        with owning.as_owner():
            _wait_at_most(options["lock_seconds"], options["statement_seconds"])
            try:
                super().handle(*args, **options)
            except OperationalError as error:
                raise _told(error, options) or error from None
            finally:
                _wait_as_before()
            if settings.MIGRATION_DATABASE is not None and not (
                options["check_unapplied"] or options["plan"]
            ):
                owning.grant(product)
                self.stdout.write(f"rights given to {product}")


def _wait_at_most(lock: int, statement: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false)",
            [f"{lock}s", f"{statement}s"],
        )


def _wait_as_before() -> None:
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout; RESET statement_timeout")


def _told(error: OperationalError, options: dict[str, Any]) -> CommandError | None:
    """Return what to say of a wait that was too long, or None for another trouble."""
    if isinstance(error.__cause__, LockNotAvailable):
        return CommandError(
            f"a table was locked by others for more than {options['lock_seconds']} s: this migration has done nothing,"
            " those before it are done. Run it again."
        )
    if isinstance(error.__cause__, QueryCanceled):
        return CommandError(
            f"a statement took more than {options['statement_seconds']} s: this migration has done nothing, those"
            " before it are done. Give --statement-seconds more."
        )
    return None


def _seconds(written: str) -> int:
    if not written.isdigit() or not 1 <= int(written) <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"a whole number from 1 to {MOST_SECONDS:,}, not {written!r}")
    return int(written)
