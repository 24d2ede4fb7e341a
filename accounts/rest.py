"""The routes under /auth: a password becomes tokens, a refresh token becomes new ones, a logout ends them."""

from typing import Any
from uuid import UUID, uuid4

import structlog
from django.db import IntegrityError, InterfaceError, OperationalError
from rest_framework import serializers
from rest_framework.exceptions import APIException, MethodNotAllowed, ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel import ids

from . import rates, second_factor, signins, tokens
from .models import User
from .rest_answers import Ended, Tokens, answers

__all__ = ["Login", "Logout", "Refresh"]

LOGINS_A_MINUTE = 10
CODES_A_MINUTE = 5
MOST_BYTES = 65_536
_AWAY_SECONDS = 2
log = structlog.get_logger()


class Refusal(APIException):
    """An answer that is not tokens: status, code and words, and what else belongs into the body."""

    def __init__(self, status: int, code: str, detail: str, **extra: str) -> None:
        super().__init__(detail, code)
        self.status_code = status
        self.error_code = code
        self.extra = extra
        self.wait: int | None = None

    @property
    def is_passing(self) -> bool:
        """Tell whether the same request may succeed soon."""
        return self.status_code == 503


class _Route(APIView):
    """A route for anybody, in JSON, whose refusals carry the codes of /v1."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("post",)
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse a body that is longer than any that is meant."""
        super().initial(request, *args, **kwargs)
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            raise Refusal(413, "PAYLOAD_TOO_LARGE", f"The body must be at most {MOST_BYTES} bytes.")

    def handle_exception(self, exc: Exception) -> Response:
        """Answer whatever failed; what failed on our side is logged and not told."""
        refusal = exc if isinstance(exc, Refusal) else _worded(exc)
        answer = Response(
            {"detail": str(refusal.detail), "code": refusal.error_code, **refusal.extra},
            status=refusal.status_code,
            headers={
                "X-Error-Code": refusal.error_code,
                "x-should-retry": "true" if refusal.is_passing else "false",
            },
        )
        if refusal.wait is not None:
            answer["Retry-After"] = str(refusal.wait)
        answer.exception = True
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Put on every answer that it may not be kept, and its id."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer["Cache-Control"] = "no-store"
        answer["X-Request-Id"] = str(ids.request_id())
        return answer


class LoginForm(serializers.Serializer[Any]):
    """What a login sends: address and password, or a challenge and its code."""

    email = serializers.CharField(max_length=254, required=False)
    password = serializers.CharField(max_length=1024, trim_whitespace=False, required=False)
    challenge = serializers.CharField(max_length=2048, required=False)
    code = serializers.CharField(max_length=32, required=False)


class Login(_Route):
    """Address and password for tokens; with a second factor, first a challenge, then that and the code."""

    @answers(LoginForm, Tokens)
    def post(self, request: Request) -> Response:
        """Sign a person in."""
        _take("login", rates.network(request.META.get("REMOTE_ADDR", "")), LOGINS_A_MINUTE, "sign-ins")
        sent = _valid(LoginForm, request)
        if "challenge" in sent:
            return _told(_complete(sent["challenge"], _needed(sent, "code")))
        person = signins.person_by_password(_needed(sent, "email"), _needed(sent, "password"))
        if person is None:
            raise Refusal(401, "AUTHENTICATION_ERROR", "E-mail and password do not match.")
        if second_factor.is_enrolled(person):
            raise _challenge(person)
        return _told(signins.begin(person))


class RefreshForm(serializers.Serializer[Any]):
    """What a renewal sends."""

    refresh_token = serializers.CharField(max_length=2048)


class Refresh(_Route):
    """A refresh token for new tokens, once."""

    @answers(RefreshForm, Tokens)
    def post(self, request: Request) -> Response:
        """Renew a sign-in."""
        try:
            return _told(signins.renew(_valid(RefreshForm, request)["refresh_token"]))
        except signins.Refused:
            raise _ended() from None


class LogoutForm(serializers.Serializer[Any]):
    """What a logout may send instead of an access token in its headers."""

    refresh_token = serializers.CharField(max_length=2048, required=False)


class Logout(_Route):
    """The end of a sign-in, named by either of its tokens."""

    @answers(LogoutForm, Ended)
    def post(self, request: Request) -> Response:
        """End a sign-in; one that has ended stays so."""
        sign_in = _named(request, _valid(LogoutForm, request))
        if sign_in is None:
            raise _ended()
        signins.end(sign_in)
        return Response({"message": "Signed out"})


def _complete(challenge: str, code: str) -> signins.Pair:
    proven = tokens.read_challenge(challenge)
    person = User.objects.filter(pk=proven.person_id, is_active=True).first() if proven else None
    if proven is None or person is None or tokens.password_mark(person.password) != proven.password_mark:
        raise Refusal(
            401, "AUTHENTICATION_ERROR", "The challenge is not valid or has expired: sign in again."
        )
    _take("second-factor", str(person.pk), CODES_A_MINUTE, "codes")
    if not second_factor.accepts(person, code):
        raise Refusal(401, "AUTHENTICATION_ERROR", "The code is not right.")
    try:
        return signins.begin(person, sign_in=proven.sign_in)
    except IntegrityError:
        raise Refusal(401, "AUTHENTICATION_ERROR", "The challenge was used before: sign in again.") from None


def _challenge(person: User) -> Refusal:
    mark = tokens.password_mark(person.password)
    challenge = tokens.challenge(sign_in=uuid4(), person_id=person.pk, password_mark=mark)
    return Refusal(
        401,
        "MFA_REQUIRED",
        "A second factor is needed: send this challenge with a code of your app, or a recovery code.",
        challenge=challenge,
    )


def _named(request: Request, sent: dict[str, str]) -> UUID | None:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and (access := tokens.read_access(bearer.strip())):
        return access.sign_in
    refresh = tokens.read_refresh(sent.get("refresh_token", ""))
    return refresh.sign_in if refresh else None


def _told(pair: signins.Pair) -> Response:
    return Response(
        {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "token_type": "bearer",
            "expires_in": tokens.ACCESS_SECONDS,
        }
    )


def _ended() -> Refusal:
    return Refusal(401, "AUTHENTICATION_ERROR", "The token is not valid, or its sign-in has ended.")


def _take(what: str, who: str, limit: int, named: str) -> None:
    try:
        rates.take(what, who, limit=limit)
    except rates.TooOften as error:
        refusal = Refusal(429, "RATE_LIMIT_ERROR", f"At most {limit} {named} a minute: try again later.")
        refusal.wait = error.retry_after
        raise refusal from error


def _valid(form: type[serializers.Serializer[Any]], request: Request) -> dict[str, str]:
    read = form(data=request.data)
    if not read.is_valid():
        field, words = next(iter(read.errors.items()))
        raise _wrong(str(field), str(words[0]))
    return dict(read.validated_data)


def _needed(sent: dict[str, str], field: str) -> str:
    if field not in sent:
        raise _wrong(field, "This field is required.")
    return sent[field]


def _wrong(field: str, words: str) -> Refusal:
    return Refusal(400, "VALIDATION_ERROR", f"{field}: {words}")


def _worded(error: Exception) -> Refusal:
    if isinstance(error, ParseError | UnsupportedMediaType | RecursionError):
        return Refusal(400, "VALIDATION_ERROR", "The body must be JSON, sent as application/json.")
    if isinstance(error, MethodNotAllowed):
        return Refusal(405, "METHOD_NOT_ALLOWED", str(error.detail))
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("auth route without database", error=type(error).__name__)
        refusal = Refusal(503, "UNAVAILABLE", "This cannot be answered right now.")
        refusal.wait = _AWAY_SECONDS
        return refusal
    log.error("auth route failed", exc_info=error)
    return Refusal(500, "INTERNAL_ERROR", "Something failed on our side.")
