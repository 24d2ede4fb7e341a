"""What Schemathesis has to know of this gateway: models and requests that exist, and which failures are planned."""

import os
import secrets
import zlib
from typing import Any

import schemathesis
from schemathesis import Case, HookContext, Response
from schemathesis.core.failures import Failure

FAILING = os.environ.get("SCHEMA_MODEL_FAILING", "")
REQUEST = os.environ.get("SCHEMA_REQUEST", "")
MODELS = {
    "/v1/embeddings": os.environ.get("SCHEMA_MODEL_EMBEDDING", ""),
    "/v1/rerank": os.environ.get("SCHEMA_MODEL_RERANK", ""),
    "/v1/images/generations": os.environ.get("SCHEMA_MODEL_IMAGE", ""),
}
CHAT = os.environ.get("SCHEMA_MODEL_CHAT", "")
EMAIL, PASSWORD = os.environ.get("SCHEMA_EMAIL", ""), os.environ.get("SCHEMA_PASSWORD", "")
PLANNED = {502, 504}
LONGEST, KEY_LENGTH = 64, 255
STYLES = ("*/*", "application/json")


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Put in what exists where some text stands for it, so that the request gets far; what is wrong stays wrong."""
    # Cast by what is sent: the same case meets the same fate when it is tried again.
    dice = zlib.crc32(repr((case.method, case.query, case.path_parameters, case.body)).encode())
    case.headers.setdefault("Accept", STYLES[dice % len(STYLES)])
    if case.operation.path.startswith("/auth/"):
        _sign_in(case, dice)
    # With a key a workspace is refused, and nothing behind that would be reached.
    case.headers.pop("X-Workspace", None)
    # Repeated requests are refused, also those that Schemathesis repeats to be sure of a failure.
    if dice % 16 and 0 < len(str(case.headers.get("Idempotency-Key", ""))) <= KEY_LENGTH:
        case.headers["Idempotency-Key"] = secrets.token_hex(8)
    if isinstance(case.body, dict):
        case.body = _known(case.operation.path, case.body, dice)
    if case.operation.path == "/v1/generation" and dice % 2 and _is_name(case.query.get("id")):
        case.query["id"] = REQUEST
    if "name" in case.path_parameters and dice % 2:
        case.path_parameters["name"] = CHAT


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop what is planned: of a provider that always fails the caller hears 502 or 504."""
    named = case.body.get("model") if isinstance(case.body, dict) else None
    return not (response.status_code in PLANNED and named == FAILING)


def _sign_in(case: Case[Any], dice: int) -> None:
    # Sign-ins are counted by address; from one there would be ten.
    case.headers["X-Forwarded-For"] = f"2001:db8:{dice >> 16:x}:{dice & 0xFFFF:x}::1"
    if case.operation.path == "/auth/login" and dice % 4 == 0 and _short(case.body):
        case.body = {"email": EMAIL, "password": PASSWORD}


def _short(body: Any) -> bool:
    return isinstance(body, dict) and all(map(_is_name, body.values()))


def _is_name(value: Any) -> bool:
    # What is too long is wrong on purpose.
    return isinstance(value, str) and 0 < len(value) <= LONGEST


def _known(path: str, body: dict[str, Any], dice: int) -> dict[str, Any]:
    known = dict(body)
    if _is_name(body.get("model")):
        known["model"] = MODELS.get(path) or (CHAT if dice % 16 else FAILING)
    if _is_name(body.get("request_id")) and dice % 2:
        known["request_id"] = REQUEST
        if path == "/v1/explain/charge":
            known.pop("model", None)
    return known
