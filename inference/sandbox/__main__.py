"""The command line of the sandbox: `python -m inference.sandbox --host 127.0.0.1 --port 8100`."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import uvloop

from inference.sandbox import script
from inference.sandbox.server import Sandbox


def main() -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    options = _options()
    if options.list:
        sys.stdout.write(script.table())
        return 0
    return int(uvloop.run(_serve(options.host, options.port, options.log)))


def _options() -> argparse.Namespace:
    log = os.environ.get("TOLLWAY_SANDBOX_LOG")
    parser = argparse.ArgumentParser(prog="python -m inference.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one")
    parser.add_argument(
        "--log",
        type=Path,
        default=Path(log) if log else None,
        help="file that gets one JSON line for each call (or TOLLWAY_SANDBOX_LOG)",
    )
    parser.add_argument("--list", action="store_true", help="print the table of models and exit")
    return parser.parse_args()


async def _serve(host: str, port: int, log: Path | None) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        sandbox = Sandbox(log)
        bound = await sandbox.start(host, port)
    except OSError as error:
        sys.stderr.write(f"The sandbox cannot start on {host}:{port}: {error}\n")
        return 1
    # Who started us with port 0 reads the port from this line.
    sys.stdout.write(f"sandbox listening on http://{host}:{bound}\n")
    sys.stdout.flush()
    await stop.wait()
    await sandbox.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
