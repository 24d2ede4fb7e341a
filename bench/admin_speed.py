"""How long the operator's pages take at size: every list, deep in it, filtered and searched, every page beside them.

PYTHONPATH=.:platform python bench/admin_speed.py [--events 10000000] [--workspaces 200] [--runs 20] [--write FILE]
PYTHONPATH=.:platform python bench/admin_speed.py --here    # the installation in use, as it is

The addresses are made from what is registered in the admin, so a new page is among them. Without --here it works in a
database of its own, seeded by `manage.py seed_events`, which it drops.
"""

import argparse
import contextlib
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from own_database import own_database

GOAL_MS = 1000.0
DEEP = 10_000
"""How many rows lie before a deep page, where there are so many."""
CHOICES_TRIED = 3
SLOWEST_SHOWN = 40


@dataclass(frozen=True)
class Place:
    """One address and what it is."""

    page: str
    what: str
    url: str


@dataclass(frozen=True)
class Took:
    """One address as measured; times in milliseconds, `cpu` of this process and its database session on average."""

    place: Place
    status: int
    p50: float
    p95: float
    cpu: float
    queries: int


def main() -> int:
    """Seed unless told not to, measure, tell; 1 if a page misses the goal or fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--workspaces", type=int, default=200)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--here", action="store_true")
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    with _base(asked):
        took = list(_measured(asked.runs, asked.only))
        about = _about()
    misses = [each for each in took if each.status != 200 or each.p95 > GOAL_MS]
    _print(took, misses)
    if asked.write:
        asked.write.write_text(_page(took, misses, about, asked.runs))
    return 1 if misses else 0


@contextlib.contextmanager
def _base(asked: argparse.Namespace) -> Iterator[None]:
    if asked.here:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import django

        django.setup()
        yield
        return
    with own_database():
        from billing.seeding import run
        from catalog import demo

        demo.load(sandbox_url="http://127.0.0.1:8099/v1")
        run.seed(
            requests=asked.events,
            workspaces=asked.workspaces,
            days=asked.days,
            tell=lambda day, requests, seconds: print(f"{day}: {requests:,} in {seconds:.0f} s", flush=True),
        )
        yield


def _measured(runs: int, only: str) -> Iterator[Took]:
    from django.test import Client, override_settings
    from django.test.utils import setup_test_environment

    with contextlib.suppress(RuntimeError):  # a database of its own has it already
        setup_test_environment()  # tells what a page was made of
    with override_settings(ALLOWED_HOSTS=["*"]):
        client = Client()
        client.force_login(_operator())
        for place in _places(client):
            if only in place.page:
                took = _time(client, place, runs)
                print(
                    f"{took.p95:8.0f} ms  {took.cpu:6.0f} ms of CPU  {took.queries:3} queries  {took.status}  {place.page}: {place.what}",
                    flush=True,
                )
                yield took


def _operator() -> Any:
    from accounts.models import User

    address = "admin-speed@tollway.test"
    found = User.objects.filter(email=address).first()
    return found or User.objects.create_superuser(address, None)


def _places(client: Any) -> Iterator[Place]:
    from django.contrib import admin
    from django.urls import reverse

    import config.urls  # noqa: F401  # registers the pages

    yield Place("Home", "as it opens", reverse("admin:index"))
    names = set()
    for model, page in sorted(admin.site._registry.items(), key=lambda pair: pair[0]._meta.label):
        yield from _of_list(client, model, page)
        names |= {pattern.name for pattern in page.get_urls()}
    beside = [pattern for pattern in admin.site.get_urls() if getattr(pattern, "name", None)]
    for name in sorted(name for pattern in beside if (name := _plain(pattern)) and name not in names):
        yield Place("beside the lists", name, reverse(f"admin:{name}"))


def _plain(pattern: Any) -> str:
    """Return the name of an address without parameters that shows a page, or nothing."""
    leaves = (
        "logout",
        "login",
        "jsi18n",
        "autocomplete",
        "search",
        "password_change",
        "password_change_done",
        "index",
    )
    plain = not pattern.pattern.converters and not pattern.pattern.regex.groups
    return pattern.name if plain and pattern.name not in leaves else ""


def _of_list(client: Any, model: Any, page: Any) -> Iterator[Place]:
    from django.urls import reverse

    name, stem = (
        str(model._meta.verbose_name_plural),
        f"admin:{model._meta.app_label}_{model._meta.model_name}",
    )
    address = reverse(f"{stem}_changelist")
    yield Place(name, "as it opens", address)
    answer = client.get(address)
    shown = (answer.context or {}).get("cl") if answer.status_code == 200 else None
    if shown is None:
        return
    yield from (Place(name, what, address + query) for what, query in _ways(shown, page))
    row = next(iter(shown.result_list), None)
    if row is not None and page.list_display_links is not None:
        yield Place(name, "one row", reverse(f"{stem}_change", args=[row.pk]))


def _ways(shown: Any, page: Any) -> Iterator[tuple[str, str]]:
    if getattr(shown, "older_url", ""):
        yield "the next page", shown.older_url
        yield from _deep(shown)
    for spec in shown.filter_specs:
        choices = [choice for choice in spec.choices(shown) if not choice.get("selected")]
        for choice in choices[:CHOICES_TRIED]:
            yield f"{spec.title}: {choice['display']}", choice["query_string"]
    for what, term in _terms() if page.search_fields else ():
        yield f"search for {what}", f"?q={term}"
    workspace = _largest()
    if any(getattr(spec, "parameter_name", "") == "workspace" for spec in shown.filter_specs) and workspace:
        yield "the largest workspace", f"?workspace={workspace}"
        yield "the largest workspace, last 7 days", f"?workspace={workspace}&day=7d"


def _deep(shown: Any) -> Iterator[tuple[str, str]]:
    from catalog.admin_lists import AFTER, _Walk

    walk = _Walk.of(shown.queryset)
    far = list(shown.queryset[DEEP : DEEP + 1])
    if far:
        yield f"{DEEP:,} rows on", shown.get_query_string({AFTER: walk.place(far[0])})


def _terms() -> Iterator[tuple[str, str]]:
    from accounts.models import Workspace
    from billing.models import UsageEvent

    event = UsageEvent.objects.order_by("id").first()
    if event is not None:
        yield "the oldest request's id", str(event.request_id)
    slug = Workspace.objects.filter(pk=_largest() or 0).values_list("slug", flat=True).first()
    if slug:
        yield "a workspace's slug", slug
    yield "what is nowhere", "nowhere-to-be-found"


def _largest() -> int | None:
    from django.db.models import Sum

    from billing.models import DailyUsage

    rows = DailyUsage.objects.values("workspace_id").annotate(n=Sum("requests")).order_by("-n")
    return rows[0]["workspace_id"] if rows else None


def _time(client: Any, place: Place, runs: int) -> Took:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        status = client.get(place.url).status_code
    asked = len(queries)  # the next request forgets them
    took, used = [], _cpu()
    for _ in range(runs):
        began = time.perf_counter()
        client.get(place.url)
        took.append((time.perf_counter() - began) * 1000)
    last = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
    return Took(place, status, statistics.median(took), last, (_cpu() - used) * 1000 / runs, asked)


def _cpu() -> float:
    """Return the CPU seconds of this process and of the sessions it holds, where the kernel tells."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type IN ('client backend', 'parallel worker') AND datname = current_database()"
        )
        pids = [pid for (pid,) in cursor.fetchall()]
    return time.process_time() + sum(_ticks(pid) for pid in pids) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0  # a server elsewhere, or a session that has ended
    return int(fields[11]) + int(fields[12])


def _about() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT (SELECT sum(requests) FROM billing_daily_usage), (SELECT count(*) FROM accounts_workspace),
                   (SELECT count(*) FROM billing_usage_bucket), (SELECT count(*) FROM billing_daily_usage),
                   (SELECT count(*) FROM billing_attempt), pg_size_pretty(pg_database_size(current_database()))"""
        )
        requests, workspaces, quarters, days, tries, size = cursor.fetchone() or (0,) * 6
    return (
        f"{requests:,} requests of {workspaces:,} workspaces, {tries:,} failed tries, {quarters:,} quarter-hour and"
        f" {days:,} daily sums; {size} on disk"
    )


def _print(took: list[Took], misses: list[Took]) -> None:
    all_p95 = sorted(each.p95 for each in took)
    print(
        f"{len(took)} addresses; the slowest p95 {all_p95[-1]:.0f} ms, half of them under {statistics.median(all_p95):.0f} ms"
    )
    for each in misses:
        print(
            f"  misses {GOAL_MS:.0f} ms or fails: {each.p95:.0f} ms, {each.status}, {each.place.page}: {each.place.what}"
        )


def _page(took: list[Took], misses: list[Took], about: str, runs: int) -> str:
    slowest = sorted(took, key=lambda each: -each.p95)[:SLOWEST_SHOWN]
    p95s = sorted(each.p95 for each in took)
    pages = len({each.place.page for each in took})
    rows = "\n".join(
        f"| {each.place.page} | {each.place.what} | {each.p50:.0f} | {each.p95:.0f} | {each.cpu:.0f} | {each.queries} |"
        for each in slowest
    )
    verdict = "all of them" if not misses else f"all but {len(misses)}"
    return f"""# How fast the admin is at size

Written by `make admin-speed` on {datetime.now(UTC):%Y-%m-%d}: {about}. Python {platform.python_version()}, {os.cpu_count()} processors,
which other work shared; each address was asked {runs} times, in one process, from the request to the finished page.

{len(took)} addresses of {pages} pages: every list as it opens, the next page and one {DEEP:,} rows on, filters, searches by id, by
workspace and for what is nowhere, one row of each, and the pages beside them. The goal is a p95 of {GOAL_MS:.0f} ms: {verdict} meet it.
Half of the addresses have a p95 under {statistics.median(p95s):.0f} ms, nine in ten under {p95s[int(len(p95s) * 0.9)]:.0f} ms, the slowest {p95s[-1]:.0f} ms.

How lists stay fast is in [operations at size](operations-size.md).

The {len(slowest)} slowest:

| Page | What was asked | p50, ms | p95, ms | CPU, ms | Queries |
|---|---|---:|---:|---:|---:|
{rows}
"""


if __name__ == "__main__":
    sys.exit(main())
