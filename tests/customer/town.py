"""Where the walks happen: a site with /v1, an upstream, a card processor, a letterbox, and what is on sale."""

import json
import re
import secrets
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from accounts.models import Workspace
from catalog.models import Multiplier, Plan
from kernel import clock
from tests.accounts.rows import plan
from tests.billing.payments.till import SECRET, signature
from tests.fakes import cast
from tests.fakes.gateway import Gateway
from tests.fakes.letterbox import letter_to
from tests.fakes.stripe_server import StripeServer
from tests.operator.stories.place import apart

__all__ = ["PASSWORD", "Town", "Walker", "on_sale", "workspace_of"]

PASSWORD = "a long road to drive"
WAIT_MS = 15_000


@dataclass(frozen=True)
class Town:
    """A gateway that serves the pages too, with all around it; `plan` is the one that new people begin on."""

    gateway: Gateway
    stripe: StripeServer
    letters: Path
    plan: str
    free: str
    dear: str

    @property
    def address(self) -> str:
        """Where the pages are."""
        return self.gateway.base_url.removesuffix("/v1")

    def letter(self, address: str) -> str:
        """Return the newest letter to an address."""
        return letter_to(address, self.letters)

    def paid(self, session: str) -> str:
        """Pay at the card processor, which tells us; return where it sends the person back to."""
        body = json.dumps(self.stripe.world.pay(session))
        asked = urllib.request.Request(
            f"{self.address}/webhooks/stripe",
            data=body.encode(),
            headers={"Content-Type": "application/json", "Stripe-Signature": signature(body, secret=SECRET)},
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.status == 200
        return str(self.stripe.world.get(session)["success_url"])

    def walker(self, browser: Browser, **cookies: str) -> "Walker":
        """Have somebody arrive."""
        return Walker(self, browser, cookies)


class Walker:
    """Somebody with a browser of their own, and what it complained about."""

    def __init__(self, town: Town, browser: Browser, cookies: dict[str, str]) -> None:
        self.town, self.complaints = town, list[str]()
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
        for name, value in cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": town.address}])
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def goes(self, path: str) -> int:
        """Open a page by its address; return its status."""
        answer = self.page.goto(self.town.address + path)
        assert answer is not None
        return answer.status

    def follows(self, name: str) -> None:
        """Follow a line of the navigation."""
        self.page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()

    def signs_up(self, email: str) -> None:
        """Fill in the form of a new account that is open."""
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Make the account").click()

    def says(self) -> str:
        """Return what the page says."""
        return self.page.locator("main").inner_text()

    def takes(self, name: str) -> bytes:
        """Follow a link to a file and return the file."""
        with self.page.expect_download() as waiting:
            self.page.get_by_role("link", name=re.compile(name)).click()
        return Path(waiting.value.path()).read_bytes()


def on_sale(sandbox: str) -> dict[str, str]:
    """Save a plan without a price for new people, a model that is free, and one that is not, at nine tenths."""
    terms = plan()
    Plan.objects.filter(pk=terms.plan_id).update(public=True)
    # Pages offer the first of a tier to a new customer: it is the one that costs nothing.
    free, dear = f"route/000-{secrets.token_hex(6)}", cast.model((sandbox, "words"))
    cast.model((sandbox, "words"), public_id=free, name=free)
    for name, factor in ((free, 0), (dear, 900_000)):
        Multiplier.objects.create(
            scope="model", target=name, factor_ppm=factor, valid_from=clock.now(), reason="a walk"
        )
    return {"plan": terms.plan.slug, "free": free, "dear": dear}


def workspace_of(email: str) -> Workspace:
    """Return the one workspace of a person."""
    return apart(lambda: Workspace.objects.get(members__user__email=email))
