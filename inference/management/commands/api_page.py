"""`manage.py api_page`: write the page for developers from what the code knows of /v1."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from inference.api import api
from inference.desk.api import api as desk
from inference.openapi.page import page


class Command(BaseCommand):
    """Prints the page; `make docs` writes it into its file."""

    help = "Print docs/api.md as the code has it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file to write."""
        parser.add_argument("--write", type=Path, metavar="FILE", help="Write it there instead.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or write the page."""
        text = page([api, desk])
        if options["write"]:
            options["write"].write_text(text)
        else:
            self.stdout.write(text, ending="")
