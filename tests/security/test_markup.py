"""S24 and S37: texts of people, models and providers that are markup stay texts, on customers' pages and on operators'."""

from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import ApiKey, User, Workspace
from billing.models import BillingDetails, CustomerEndpoint
from catalog.models import Model, Provider
from config.guide import rendering
from tests.billing import rows
from tests.security import corpora
from tests.tenancy.home import Home, home
from tests.tenancy.routes import PLAIN

pytestmark = pytest.mark.django_db

ATTACKS = corpora.lines("markup")
LINKING = ("href", "src", "action", "formaction", "srcdoc", "data", "style")
PAGES = sorted({*PLAIN, "/", "/status", "/rankings", "/catalog/models", "/docs/?q=zz"} - {"/dashboard/theme"})
LISTS = (
    "accounts_workspace",
    "accounts_apikey",
    "accounts_user",
    "accounts_trailrow",
    "catalog_model",
    "catalog_provider",
)


class Reading(HTMLParser):
    """Gathers what of an attack became more than a text."""

    def __init__(self) -> None:
        super().__init__()
        self.grown: list[str] = []
        self._script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element or an attribute that an attack made."""
        self._script = tag == "script" and dict(attrs).get("type") != "application/json"
        told = self.get_starttag_text() or tag
        if tag == "zz-mark" or any(_is_grown(name, value or "") for name, value in attrs):
            self.grown.append(told)

    def handle_endtag(self, tag: str) -> None:
        """Leave a script."""
        self._script = self._script and tag != "script"

    def handle_data(self, data: str) -> None:
        """Note a script that an attack is in."""
        if self._script and "zz" in data:
            self.grown.append(data[:200])


def _is_grown(name: str, value: str) -> bool:
    told = "".join(value.split()).lower()
    linked = name in LINKING and (
        told.startswith(("javascript:", "data:text", "//zz")) or ("zz-mark" in told and name == "srcdoc")
    )
    return "zz" in told and (name.startswith("on") or linked)


def grown(page: str) -> list[str]:
    reading = Reading()
    reading.feed(page)
    reading.close()
    return reading.grown


@pytest.fixture(params=range(0, len(ATTACKS), 16), ids=lambda first: f"from {first}")
def attacked(request: pytest.FixtureRequest) -> Home:
    """A workspace whose texts are attacks, a stretch of them at a time, each field another."""
    mine, own = home(), ATTACKS[request.param : request.param + 16]
    text = [own[number % len(own)] for number in range(16)]
    Workspace.objects.filter(pk=mine.number).update(name="".join(text[:2])[:100])
    ApiKey.objects.filter(pk=mine.place.key.pk).update(name=text[2][:100], default_tag=text[3][:64])
    ApiKey.objects.filter(pk=mine.end.pk).update(name=text[4][:100])
    User.objects.filter(pk=mine.place.owner.user_id).update(name=text[5][:100])
    User.objects.filter(pk=mine.other.user_id).update(name=text[7][:100])
    CustomerEndpoint.objects.filter(pk=mine.endpoint.pk).update(address=f"https://x.example/{text[8]}"[:300])
    BillingDetails.objects.update_or_create(
        workspace_id=mine.number,
        defaults={
            "legal_name": text[9][:100],
            "line1": text[10][:100],
            "city": text[6][:60],
            "country": "DE",
        },
    )
    for attack in text:
        rows.settle(mine.number, cost=3, tag=attack[:64], api_key_id=mine.place.key.pk)
    Model.objects.update(name=text[11][:100], description="\n".join(own))
    Provider.objects.update(name=text[12][:60])
    return mine


def test_no_page_of_customers_lets_a_text_be_markup(attacked: Home) -> None:
    shown = 0
    for path in PAGES:
        answer = attacked.browser.get(path)
        page = "" if answer.streaming else answer.content.decode()
        if answer.get("Content-Type", "").startswith("text/html"):
            assert grown(page) == [], path
            shown += "zz" in page
    assert shown > 8


def test_no_list_of_operators_does(operator: Client, attacked: Home) -> None:
    pages = [reverse(f"admin:{name}_changelist") for name in LISTS]
    pages += [reverse("admin:accounts_workspace_change", args=[attacked.number]), reverse("admin:index")]
    for address in pages:
        answer = operator.get(address)
        assert (answer.status_code, grown(answer.content.decode())) == (200, []), address


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{number:02}" for number, _ in enumerate(ATTACKS)])
def test_no_text_of_an_operator_or_a_search_does(attack: str) -> None:
    written = (
        f"# T\n\n{attack}\n\n[x](javascript:zz()) ![x](javascript:zz()) <javascript:zz()>\n\n> {attack}\n"
    )
    assert grown(rendering.passage(written)) == []
    assert grown(Client().get("/docs/", {"q": attack}).content.decode()) == []
    assert grown(Client().get("/catalog/models", {"q": attack}).content.decode()) == []


@pytest.mark.parametrize(
    "attack",
    ["<zz-mark>", "<img src=x onerror=zz()>", "<a href=javascript:zz()>x</a>", "<script>zz()</script>"],
)
def test_what_is_let_through_is_found(attack: str) -> None:
    assert grown(attack) != []
