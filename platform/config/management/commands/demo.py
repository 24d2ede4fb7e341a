"""`manage.py demo`: a catalogue, an operator and a customer with credit and a key, once."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import demo
from config import demo_people, env
from config.supervisor import state
from kernel import engines

FLAG = "TOLLWAY_DEMO_PROVIDERS"
SANDBOX = "TOLLWAY_SANDBOX_URL"


class Command(BaseCommand):
    """Add what is missing of the demo; what is there stays as it is."""

    help = "Load the demo catalogue, an operator and a customer; a second run changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--credentials",
            type=Path,
            metavar="FILE",
            help="where the new key and passwords are written, readable for you alone "
            "(embedded engines: beside their data)",
        )

    def handle(self, *_arguments: Any, credentials: Path | None, **_options: Any) -> None:
        new = demo.load(sandbox_url=f"{_sandbox()}/v1")
        self.stdout.write(f"{new} models added" if new else "the catalogue is there already")
        self._wire()
        target = credentials or (engines.state_file("run", "credentials.json") if env.embedded() else None)
        made = demo_people.ensure(target)
        if made is None:
            self.stdout.write("operator, customer and key are there already")
        elif target is None:
            self.stdout.write(f"shown this once:\n{demo_people.as_json(made)}")
        else:
            self.stdout.write(f"operator, customer and key made; secrets are in {target}")

    def _wire(self) -> None:
        seen = demo.seen(os.environ)
        asked = env.text(FLAG)
        if asked not in {"", "env"}:
            raise CommandError(f"{FLAG} must be env or empty, not {asked!r}.")
        if asked:
            done = demo.wire(os.environ)
            self.stdout.write(f"providers with a key: {', '.join(done.providers) or 'none'}")
            if done.models:
                self.stdout.write(f"models switched on: {', '.join(done.models)}")
        elif seen:
            self.stdout.write(f"{', '.join(seen)}: seen and left alone; {FLAG}=env would use them")


def _sandbox() -> str:
    """Return where the sandbox listens: a site of this checkout that another process has up chose a port itself."""
    if env.embedded() and not os.environ.get(SANDBOX) and state.holder() not in (None, os.getpid()):
        found = state.load()
        if found is not None:
            return f"http://127.0.0.1:{found.sandbox_port}"
    return str(settings.SANDBOX_URL).rstrip("/")
