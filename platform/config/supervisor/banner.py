"""What a newcomer is told once Tollway is up: addresses, logins, a key, and a call to try."""

import json
from typing import Any

from config.supervisor.state import State, UpError
from kernel import engines

__all__ = ["banner", "credentials"]


def credentials(state: State) -> dict[str, Any]:
    """The demo's logins and key with the addresses of this run. Raises UpError before the demo data exist."""
    path = engines.home("run") / "credentials.json"
    try:
        kept = json.loads(path.read_text())
    except FileNotFoundError:
        raise UpError("There are no demo credentials yet; start Tollway with manage.py up.") from None
    people = {
        person: {"url": state.origin + page, **{part: kept[person][part] for part in ("email", "password")}}
        for person, page in (("operator", "/admin/"), ("customer", "/dashboard/"))
    }
    return {"base_url": f"{state.origin}/v1", "api_key": kept["api_key"], "model": kept["model"], **people}


def banner(state: State) -> str:
    """The text to print, with a call that can be pasted as it stands."""
    embedded = bool(engines.missing())
    warning = (
        "The embedded database is for trying and developing: never for production.\n\n" if embedded else ""
    )
    try:
        known = credentials(state)
    except UpError:  # a database with a demo from elsewhere: its secrets are not here
        return f"\nTollway is up at {state.origin}\n\n{warning}"
    operator, customer = known["operator"], known["customer"]
    request = json.dumps(
        {"model": known["model"], "messages": [{"role": "user", "content": "What is a gateway?"}]}
    )
    return (
        f"\nTollway is up at {state.origin}\n\n"
        f"  Dashboard  {customer['url']}\n"
        f"             {customer['email']}  {customer['password']}\n"
        f"  Admin      {operator['url']}\n"
        f"             {operator['email']}  {operator['password']}\n"
        f"  API        {known['base_url']}\n"
        f"             key {known['api_key']}\n\n"
        f"Try it:\n\n"
        f"curl {known['base_url']}/chat/completions \\\n"
        f"  -H 'Authorization: Bearer {known['api_key']}' \\\n"
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{request}'\n\n"
        f"{warning}"
    )
