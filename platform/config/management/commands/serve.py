"""`manage.py serve web|worker|beat`: one part of a site in the foreground, on engines that others run."""

import os
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.supervisor import servers
from kernel import engines


class Command(BaseCommand):
    """Becomes the server: whoever started it signals the server itself."""

    help = (
        "Run one part of Tollway on the engines of DATABASE_URL and REDIS_URL, as containers and systemd do."
    )
    requires_system_checks: list[str] = []  # they ask the database; manage.py check --deploy is for them

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        web = parts.add_parser("web", help="the gateway and the site")
        web.add_argument("--host", default="127.0.0.1", help="address to listen on")
        web.add_argument("--port", type=int, default=8000, help="port to listen on")
        web.add_argument("--processes", type=int, default=1, help="processes that share the port")
        worker = parts.add_parser("worker", help="the background work")
        worker.add_argument("--processes", type=int, default=2, help="tasks at the same time")
        beat = parts.add_parser("beat", help="what orders the background work; one is enough")
        beat.add_argument("--schedule", type=Path, required=True, help="a file that may be lost, of its own")

    def handle(self, *_arguments: Any, part: str, **options: Any) -> NoReturn:
        _check_engines()
        lines = {
            "web": lambda: servers.web(**_only(options, "host", "port", "processes")),
            "worker": lambda: servers.worker(**_only(options, "processes")),
            "beat": lambda: servers.beat(**_only(options, "schedule")),
        }
        line = lines[part]()
        os.chdir(servers.CHECKOUT)
        os.execve(line[0], line, servers.surroundings(port=options.get("port")))


def _check_engines() -> None:
    if engines.missing():
        raise CommandError(
            "serve runs on the engines that DATABASE_URL and REDIS_URL name; manage.py up starts its own."
        )
    refusal = engines.check_external(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    if refusal:
        raise CommandError(refusal)


def _only(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names}
