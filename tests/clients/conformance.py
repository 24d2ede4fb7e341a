"""The conformance run: published clients against the running gateway, and the table of what they found.

`make conformance` (or `python -m tests.clients.conformance [--json] [--only CLIENT] [--write FILE]`).
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.clients.capabilities import CLAIMS, TITLES
from tests.clients.clients import CLIENTS
from tests.clients.runtimes import ROOT, Unavailable
from tests.clients.stage import Stage, new_stage
from tests.clients.table import markdown, text

AT_ONCE = 3
CLIENT_SECONDS = 300


@dataclass(frozen=True)
class Finding:
    """What a client showed of one capability; `ok` is None where the client could not be run."""

    client: str
    capability: str
    ok: bool | None
    detail: str


def run(clients: Sequence[str]) -> list[Finding]:
    """Try the clients, some at once, on one product started for it, and return what each capability came to."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        commands = dict(zip(clients, pool.map(_command, clients), strict=True))
        ready = {
            client: command for client, command in commands.items() if not isinstance(command, Unavailable)
        }
        findings = [
            Finding(client, name, None, str(command))
            for client, command in commands.items()
            if isinstance(command, Unavailable)
            for name in CLAIMS[client]
        ]
        if ready:
            with new_stage(list(ready)) as stage:
                for found in pool.map(lambda item: list(driven(stage, *item)), ready.items()):
                    findings += found
    places = {name: place for place, name in enumerate([*CLIENTS, *TITLES])}
    return sorted(findings, key=lambda each: (places[each.client], places[each.capability]))


def _command(client: str) -> list[str] | Unavailable:
    try:
        return CLIENTS[client].runtime.command()
    except Unavailable as reason:
        return reason


def driven(stage: Stage, client: str, command: Sequence[str]) -> Iterator[Finding]:
    """Run one client to its end; a capability that it has to show and says nothing of is a miss."""
    said, trouble = _output(stage, client, command)
    lines = [json.loads(line) for line in said.splitlines() if line.startswith('{"capability"')]
    reported: Mapping[str, dict[str, object]] = {line["capability"]: line for line in lines}
    if unknown := reported.keys() - set(CLAIMS[client]):
        raise RuntimeError(f"{client} reports what it is not asked for: {sorted(unknown)}")
    for name in CLAIMS[client]:
        line = reported.get(name, {"ok": False, "detail": f"not reported: {trouble or 'no reason given'}"})
        yield Finding(client, name, line["ok"] is True, str(line["detail"]))


def _output(stage: Stage, client: str, command: Sequence[str]) -> tuple[str, str]:
    """Return what a driver printed, and why it did not end well, if so."""
    foreign = ("OPENAI_", "ANTHROPIC_", "LITELLM_", "PYTHONPATH", "PYTHONWARNINGS", "NODE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    environment = {**kept, "NO_PROXY": "127.0.0.1", "LLM_USER_PATH": str(stage.folder / client)}
    try:
        done = subprocess.run(
            [*command, *stage.arguments(client)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""
        return said, f"the client was not done after {CLIENT_SECONDS} s"
    trouble = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return done.stdout, " ".join([f"exit code {done.returncode}", *trouble]) if done.returncode else ""


def main() -> int:
    """Run what the command line asks for; 1 if anything was missed."""
    parser = argparse.ArgumentParser(prog="conformance", description="Published clients against the gateway.")
    parser.add_argument("--json", action="store_true", help="one JSON object for each client and capability")
    parser.add_argument("--only", action="append", choices=list(CLIENTS), metavar="CLIENT", help="repeatable")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table as Markdown too")
    wishes = parser.parse_args()
    findings = run(wishes.only or list(CLIENTS))
    if wishes.json:
        sys.stdout.writelines(json.dumps(vars(finding)) + "\n" for finding in findings)
    else:
        sys.stdout.write(text(findings))
    if wishes.write:
        wishes.write.write_text(markdown(findings))
    return int(any(finding.ok is False for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
