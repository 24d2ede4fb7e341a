"""`manage.py credentials`: the demo's logins and key, for people and for scripts."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.supervisor.banner import credentials
from config.supervisor.state import State, UpError, load


class Command(BaseCommand):
    """Print what the demo made, with the addresses of the last `up`."""

    help = "Print the demo's base URL, key and logins."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *_arguments: Any, json: bool, **_options: Any) -> None:
        try:
            known = credentials(
                load() or State(pid=0, host="127.0.0.1", port=8000, sandbox_port=0, ready=False)
            )
        except UpError as error:
            self.stderr.write(str(error))
            sys.exit(1)
        self.stdout.write(_as_json(known) if json else _as_text(known))


def _as_json(known: dict[str, Any]) -> str:
    return json.dumps(known, indent=2)


def _as_text(known: dict[str, Any]) -> str:
    lines = [f"{name:<9} {known[name]}" for name in ("base_url", "api_key", "model")]
    for person in ("operator", "customer"):
        lines.append(
            f"{person:<9} {known[person]['url']}  {known[person]['email']}  {known[person]['password']}"
        )
    return "\n".join(lines)
