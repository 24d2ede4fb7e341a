"""The routes under /auth: a password becomes tokens, a refresh token becomes new ones, a logout ends them."""

from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from . import rates, second_factor, signins, tokens
from .models import User
from .rest_answers import Ended, Tokens, answers
from .rest_route import Refusal, Route, take, valid, wrong

__all__ = ["Login", "Logout", "Refresh"]

LOGINS_A_MINUTE = 10
CODES_A_MINUTE = 5


class _Anybodys(Route):
    """A route for anybody."""

    http_method_names = ("post",)


class LoginForm(serializers.Serializer[Any]):
    """What a login sends: address and password, or a challenge and its code."""

    email = serializers.CharField(max_length=254, required=False)
    password = serializers.CharField(max_length=1024, trim_whitespace=False, required=False)
    challenge = serializers.CharField(max_length=2048, required=False)
    code = serializers.CharField(max_length=32, required=False)


class Login(_Anybodys):
    """Address and password for tokens; with a second factor, first a challenge, then that and the code."""

    @answers(LoginForm, Tokens)
    def post(self, request: Request) -> Response:
        """Sign a person in."""
        take("login", rates.network(request.META.get("REMOTE_ADDR", "")), LOGINS_A_MINUTE, "sign-ins")
        sent = valid(LoginForm, request)
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


class Refresh(_Anybodys):
    """A refresh token for new tokens, once."""

    @answers(RefreshForm, Tokens)
    def post(self, request: Request) -> Response:
        """Renew a sign-in."""
        try:
            return _told(signins.renew(valid(RefreshForm, request)["refresh_token"]))
        except signins.Refused:
            raise _ended() from None


class LogoutForm(serializers.Serializer[Any]):
    """What a logout may send instead of an access token in its headers."""

    refresh_token = serializers.CharField(max_length=2048, required=False)


class Logout(_Anybodys):
    """The end of a sign-in, named by either of its tokens."""

    @answers(LogoutForm, Ended)
    def post(self, request: Request) -> Response:
        """End a sign-in; one that has ended stays so."""
        sign_in = _named(request, valid(LogoutForm, request))
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
    take("second-factor", str(person.pk), CODES_A_MINUTE, "codes")
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


def _needed(sent: dict[str, str], field: str) -> str:
    if field not in sent:
        raise wrong(field, "This field is required.")
    return sent[field]
