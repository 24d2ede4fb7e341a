"""The walks that secrets take: a customer, a stranger and an operator at a running gateway, whose upstreams echo what they were sent."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.urls import reverse

from accounts import inviting, management_tokens, provider_keys, signins
from accounts.models import Member, User
from billing.customer_alerts import endpoints
from catalog import endpoint_keys
from catalog.models import Endpoint, EndpointKey
from tests.accounts.rows import PASSWORD, person
from tests.billing.vouchers.making import codes
from tests.fakes import cast
from tests.fakes.cast import Customer
from tests.fakes.exchange import ask
from tests.fakes.gateway import Gateway
from tests.fakes.letterbox import letter_to
from tests.fakes.scripted import Scripted, answer, event, scripted, stream
from tests.operator.test_providers import _endpoint_fields
from tests.security.browser import Browser, Shown
from tests.security.secrets_sent import Canaries

__all__ = ["Walk", "walked"]

ROUTES = (
    "/models",
    "/key",
    "/credits",
    "/activity",
    "/user",
    "/user/credits",
    "/user/usage?period=daily",
    "/pricing",
    "/status",
    "/settings",
)
PAGES = (
    "/dashboard/",
    "/dashboard/keys",
    "/dashboard/tokens",
    "/dashboard/logs",
    "/dashboard/activity",
    "/dashboard/alerts",
    "/dashboard/team",
    "/dashboard/team/changes",
    "/dashboard/voucher",
    "/dashboard/models",
    "/accounts/profile/",
    "/accounts/sessions/",
    "/accounts/2fa/",
)
OPERATORS = (
    "accounts_workspace",
    "accounts_apikey",
    "accounts_user",
    "accounts_trailrow",
    "catalog_endpointkey",
    "billing_usageevent",
    "billing_voucherbatch",
)


@dataclass
class Walk:
    """Everything that was answered: to the customer, to others, and of these the trail and the figures."""

    shown: list[Shown] = field(default_factory=list)
    others: list[Shown] = field(default_factory=list)
    trail: list[Shown] = field(default_factory=list)
    metrics: Shown = field(default_factory=lambda: Shown("", 0, ""))


@dataclass(frozen=True)
class Scene:
    """Who walks, and where."""

    gateway: Gateway
    own: Canaries
    walk: Walk
    who: Customer
    owner: User
    upstream: Scripted
    model: str

    @property
    def root(self) -> str:
        """The address of the site."""
        return self.gateway.base_url.removesuffix("/v1")

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Shown:
        """Send a request of a program, and keep what was answered."""
        told = ask(method, self.root + path, body, headers={"Content-Type": "application/json", **headers})
        shown = Shown(path, told.status, f"{told.headers}\n{told.body.decode(errors='replace')}")
        self.walk.shown.append(shown)
        return shown

    def chat(self, secret: str, *answers: Any, path: str = "/v1/chat/completions", **fields: Any) -> Shown:
        """Send the prompt, which the upstream answers so."""
        self.upstream.add(*answers)
        said = [{"role": "user", "content": self.own.prompt}]
        body = {"model": self.model, "messages": said, **fields}
        sent = {name: value for name, value in body.items() if value is not None}
        return self.ask("POST", path, sent, **{"X-API-Key": secret})


def walked(gateway: Gateway, own: Canaries, *, letters: Path, broken: Path) -> Walk:
    """Take every walk, the last ones where steps break, and return what was answered; fills in what is made on the way."""
    with scripted() as upstream:
        who, walk = cast.customer(), Walk()
        model = cast.model((upstream.base_url, "m"))
        scene = Scene(gateway, own, walk, who, _owner(who), upstream, model)
        _furnish(scene)
        gateway.knows(who.secret, model)
        operator = _operator(scene)
        _programs(scene)
        browser = _person(scene, letters)
        _strangers(scene, operator)
        _badly(scene)
        broken.touch()
        _breaking(scene, browser)
        broken.unlink()
        walk.shown += [*browser.seen, *operator.seen]
        walk.metrics = scene.ask("GET", "/metrics", Authorization=f"Bearer {own.metrics_token}")
    return walk


def _owner(who: Customer) -> User:
    user = person(who.workspace)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _furnish(scene: Scene) -> None:
    """Make what the product makes secrets of, and put in those that people have."""
    own, owner = scene.own, scene.owner
    seat = Member.objects.select_related("user", "workspace").get(user=owner)
    own.key = scene.who.secret
    _, own.management_token = management_tokens.make(seat, name="script", scope="write", expires_at=None)
    pair = signins.begin(owner)
    own.access_token, own.refresh_token = pair.access, pair.refresh
    _, own.webhook_secret = endpoints.add(seat, "https://hooks.example/x")
    [own.voucher_code] = codes()
    own.totp_secret = totp.generate_totp_secret()
    totp.TOTP.activate(owner, own.totp_secret)
    own.recovery_code, *_ = RecoveryCodes.activate(owner).get_unused_codes()
    own.invitation_link = inviting.token(inviting.invite(seat, "guest@example.com", Member.Role.VIEWER))
    endpoint = _endpoint(scene.model)
    key = EndpointKey(endpoint=endpoint, name="ours")
    endpoint_keys.put_secret(key, own.provider_key)
    key.save()


def _endpoint(model: str) -> Endpoint:
    return Endpoint.objects.select_related("provider").get(hops__chain__model__public_id=model)


def _good(scene: Scene) -> tuple[Any, Any]:
    said = {"role": "assistant", "content": scene.own.answer}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    whole = answer(
        {
            "id": "x",
            "object": "chat.completion",
            "choices": [{"index": 0, "message": said, "finish_reason": "stop"}],
            "usage": usage,
        }
    )
    piece = {
        "id": "x",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": said, "finish_reason": None}],
    }
    last = {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}
    return whole, stream(event(piece), event(last), b"data: [DONE]\n\n")


def _programs(scene: Scene) -> None:
    """Call well, with each credential of a program."""
    own, (whole, parts) = scene.own, _good(scene)
    tools = [
        {"role": "user", "content": own.prompt},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": own.tool_result},
    ]
    heard = [
        scene.chat(own.key, whole),
        scene.chat(own.key, parts, stream=True),
        scene.chat(own.key, whole, messages=tools),
        scene.chat(own.key, whole, path="/v1/responses", messages=None, input=own.prompt),
        scene.chat(own.key, whole, path="/v1/messages", max_tokens=50),
        scene.chat(
            own.key, parts, path="/chat", session_id="s1", messages=[{"role": "user", "content": own.talk}]
        ),
    ]
    assert [each for each in heard if each.status != 200] == []
    for path in ROUTES:
        scene.ask("GET", f"/v1{path}", **{"X-API-Key": own.key})
    for path in ("workspace", "keys", "requests", "usage", "members"):
        scene.ask("GET", f"/api/{path}", Authorization=f"Bearer {own.management_token}")
    scene.ask("GET", "/v1/user", Authorization=f"Bearer {own.access_token}")
    scene.ask("POST", "/auth/refresh", {"refresh_token": own.refresh_token})


def _person(scene: Scene, letters: Path) -> Browser:
    """Sign in, look at every page, change things, and ask for a new password."""
    own, browser = scene.own, Browser(scene.root)
    browser.post("/accounts/login/", login=scene.owner.email, password=own.password)
    browser.post("/accounts/2fa/authenticate/", code=own.recovery_code)
    own.session_cookie = browser.cookie("sessionid")
    for path in PAGES:
        browser.get(path)
    redeemed = browser.post("/dashboard/voucher", code=own.voucher_code)
    assert redeemed.status == 200
    browser.post("/dashboard/voucher", code=own.voucher_code)
    provider = _endpoint(scene.model).provider
    provider_keys.put(scene.who.workspace, provider, own.own_key, by=scene.owner)
    stranger = Browser(scene.root)
    stranger.post("/accounts/password/reset/", email=scene.owner.email)
    link = re.search(r"/accounts/password/reset/key/(\S+)", letter_to(scene.owner.email, letters))
    assert link is not None
    own.reset_link = link[1]
    stranger.get(f"/accounts/password/reset/key/{own.reset_link}")
    stranger.get(f"/invitations/{own.invitation_link}")
    scene.walk.shown += stranger.seen
    return browser


def _operator(scene: Scene) -> Browser:
    """Enter a provider's key in the admin, well and badly, and read the lists and the trail."""
    staff = User.objects.create_superuser(f"op-{scene.who.workspace.slug}@example.com", PASSWORD)
    EmailAddress.objects.create(user=staff, email=staff.email, verified=True, primary=True)
    browser = Browser(scene.root)
    browser.post("/accounts/login/", login=staff.email, password=PASSWORD)
    endpoint = _endpoint(scene.model)
    key = EndpointKey.objects.get(endpoint=endpoint)
    page = reverse("admin:catalog_endpointkey_change", args=[key.pk])
    assert "ours" in browser.get(page).text
    browser.post(page, name="", secret=scene.own.provider_key_of_admin, active="on")
    saved = browser.post(page, name="entered", secret=scene.own.provider_key_of_admin, active="on")
    assert saved.status == 200
    browser.post(reverse("admin:catalog_endpoint_change", args=[endpoint.pk]), **_endpoint_fields(endpoint))
    return browser


def _strangers(scene: Scene, operator: Browser) -> None:
    """Ask as another customer, as nobody, and as the operator, who reads of it all."""
    walk, other = scene.walk, cast.customer()
    scene.gateway.knows(other.secret, scene.model)
    before = len(walk.shown)
    for path in ROUTES:
        scene.ask("GET", f"/v1{path}", **{"X-API-Key": other.secret})
    scene.chat(
        other.secret, answer({"error": {"message": f"no {scene.own.provider_key_of_admin}"}}, status=401)
    )
    walk.others += walk.shown[before:]
    seen = Browser(scene.root)
    for path in ("/", "/status", "/trust", "/docs/", "/catalog/models", "/accounts/login/", "/none"):
        seen.get(path)
    seen.post("/accounts/login/", login=_owner(other).email, password=PASSWORD)
    for path in PAGES:
        seen.get(path)
    walk.others += seen.seen
    before = len(operator.seen)
    for name in OPERATORS:
        operator.get(reverse(f"admin:{name}_changelist"))
    operator.get(reverse("admin:accounts_trailrow_export"))
    walk.trail = operator.seen[before:]
    walk.others += walk.trail


def _badly(scene: Scene) -> None:
    """Call what fails: upstreams that echo secrets in every place, credentials in wrong places, bodies that are none."""
    own = scene.own
    echo = f"Incorrect API key provided: {own.own_key} {own.provider_key_of_admin}, you said {own.prompt}"
    said = {"error": {"message": echo, "type": echo, "code": echo, "param": echo}}
    cut = stream(event({"choices": [{"index": 0, "delta": {"content": own.answer}}]}), event(said))
    scene.chat(own.key, cut, stream=True)
    scene.chat(own.key, answer(said, status=400, headers={"X-Echo": echo}))
    for status in (500, 429, 403, 401, 503):
        scene.chat(own.key, *[answer(said, status=status, headers={"X-Echo": echo})] * 6)
        scene.chat(own.key, *[answer(echo.encode(), status=status)] * 6, stream=True)
    for secret in (
        own.management_token,
        own.access_token,
        own.provider_key,
        own.password,
        own.key[:-1] + "0",
    ):
        scene.ask("GET", "/v1/key", **{"X-API-Key": secret})
        scene.ask("GET", "/api/workspace", Authorization=f"Bearer {secret}")
    scene.ask("GET", "/v1/key", **{"X-API-Key": own.key, "Authorization": f"Bearer {own.access_token}"})
    scene.ask("POST", "/auth/login", {"email": scene.owner.email, "password": own.wrong_password})
    scene.ask("POST", "/v1/chat/completions", own.prompt, **{"X-API-Key": own.key})
    scene.ask(
        "POST",
        "/webhooks/stripe",
        {"id": "evt_1"},
        **{"Stripe-Signature": f"t=1,v1={own.stripe_webhook_secret}"},
    )
    scene.ask("GET", "/metrics", Authorization=f"Bearer {own.metrics_token}x")
    scene.ask("GET", "/v1/none", **{"X-API-Key": own.key})
    scene.ask(
        "POST", "/dashboard/voucher", {"code": own.voucher_code}, Cookie=f"sessionid={own.session_cookie}"
    )


def _breaking(scene: Scene, browser: Browser) -> None:
    """Send secrets to steps that break with them in reach."""
    own, stranger = scene.own, Browser(scene.root)
    stranger.post("/accounts/login/", login=scene.owner.email, password=own.password)
    scene.ask("POST", "/auth/login", {"email": scene.owner.email, "password": own.password})
    scene.chat(own.key)
    scene.chat(own.key, stream=True)
    browser.post("/dashboard/voucher", code=own.voucher_code)
    browser.post("/accounts/reauthenticate/", password=own.wrong_password)
    browser.post(
        "/accounts/password/change/",
        oldpassword=own.password,
        password1=own.new_password,
        password2=own.new_password,
    )
    stranger.post("/accounts/password/reset/key/" + own.reset_link, password1=own.new_password)
    scene.walk.shown += stranger.seen
