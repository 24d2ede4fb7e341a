"""`manage.py settings`: every setting that the environment can set, as it is now; never a secret."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.settings_told import Told, listed, page, unread


class Command(BaseCommand):
    """Prints the list, or writes the page of docs/ from it."""

    help = "List every setting of the environment: its value, where that comes from, and what it means."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer."""
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="one JSON object instead of lines")
        form.add_argument("--write", type=Path, metavar="FILE", help="write docs/settings.md there instead")

    def handle(self, *_arguments: Any, write: Path | None, **options: Any) -> None:
        """Print or write."""
        if write:
            write.write_text(page())
        elif options["json"]:
            told = {"settings": [asdict(each) for each in listed()], "unread": unread()}
            self.stdout.write(json.dumps(told, indent=2))
        else:
            self.stdout.write("\n".join(_lines(listed())))


def _lines(settings: Iterable[Told]) -> Iterable[str]:
    group = ""
    for each in settings:
        if each.group != group:
            group = each.group
            yield f"\n{group}"
        yield f"  {each.name} = {each.value}  [{each.source}; {each.kind}]"
        yield f"      {each.meaning}"
    for name in unread():
        yield f"\n{name} is set, and nothing reads it."
