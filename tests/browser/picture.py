"""Takes the README's picture of the dashboard: `make picture` writes docs/dashboard.png."""

import math
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from pytest_django import DjangoDbBlocker

from accounts.models import Member, Workspace
from catalog import demo
from catalog.models import Model, Plan
from kernel import clock
from tests.billing import rows
from tests.browser import people
from tests.browser.chromium import ARGUMENTS
from tests.browser.conftest import Site

TARGET = Path(__file__).resolve().parents[2] / "docs" / "dashboard.png"
DAYS = 30
# Requests on a busy day, input and output tokens of each, and nano-USD per token in and out.
TRAFFIC = {
    "route/deepseek-v3.2": (16, 5_200, 1_450, 493, 739),
    "route/glm-5.1": (11, 9_800, 2_100, 1_400, 4_400),
    "route/kimi-k2.5": (9, 7_400, 1_700, 840, 4_200),
    "route/minimax-m2.7": (7, 3_100, 900, 420, 1_680),
    "route/qwen3.6-plus": (5, 6_000, 1_200, 700, 2_800),
    "route/mistral-large-3": (3, 4_400, 800, 700, 2_100),
}


def test_picture(site: Site, chromium: str, django_db_blocker: DjangoDbBlocker) -> None:
    """Give a customer a month of plausible traffic and photograph what they see."""
    with django_db_blocker.unblock():
        demo.load(sandbox_url="http://127.0.0.1:8099/v1")
        who = people.customer(used=False)
        workspace = Member.objects.get(user__email=who.email).workspace
        Workspace.objects.filter(pk=workspace.pk).update(name="Northwind Labs", slug="northwind-labs")
        Plan.objects.filter(versions__workspaces=workspace).update(name="Scale")
        for back in range(DAYS):
            settle_a_day(workspace.pk, back)
        rows.admit(workspace.pk, hold=840_000_000, stream=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 1000}, device_scale_factor=1.5)
        context.add_cookies([{"name": "sessionid", "value": who.session, "url": site.address}])
        page = context.new_page()
        page.goto(site.address + "/dashboard/")
        page.wait_for_timeout(1500)  # the chart draws itself in
        page.screenshot(path=TARGET)
        browser.close()


def settle_a_day(workspace: int, back: int) -> None:
    """Settle the requests of the day so many days ago: fewer at weekends, more each week."""
    now = clock.now()
    minute = clock.minute_number() - back * clock.MINUTES_PER_DAY
    quiet = 0.35 if (now.weekday() - back) % 7 >= 5 else 1
    for place, (name, (number, read, written, price_in, price_out)) in enumerate(TRAFFIC.items()):
        model = Model.objects.get(public_id=name)
        swing = 1 + 0.35 * math.sin(1.7 * back + place)
        for turn in range(max(1, round(number * quiet * swing * (1 - 0.02 * back)))):
            size = 1 + 0.5 * math.sin(turn + place)
            tokens_in, tokens_out = round(14 * read * size), round(14 * written * size)
            rows.settle(
                workspace,
                model_id=model.pk,
                cost=tokens_in * price_in + tokens_out * price_out,
                input_tokens=tokens_in,
                output_tokens=tokens_out,
                minute_no=minute,
                latency_ms=round(900 * size),
            )


pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
