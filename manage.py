#!/usr/bin/env python
"""Django's command line, with the source root `platform/` on the path and the engines within reach."""

import os
import sys
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent / "platform"))

WITHOUT_DATABASE = {"up", "down", "credentials", "serve", "collectstatic", "settings", "help", "version"}


def main() -> None:
    """Run one command; where it needs a database and none is given, the embedded engines run as long as it does."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from kernel import engines

    command = next((word for word in sys.argv[1:] if not word.startswith("-")), "help")
    if command in WITHOUT_DATABASE:
        execute_from_command_line(sys.argv)
        return
    with engines.borrowed("run"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
