"""The sentences of the page for developers that no table can say."""

__all__ = [
    "AFTER_ERRORS",
    "BEFORE_ERRORS",
    "BEFORE_FIELDS",
    "BEFORE_HEADERS",
    "BEFORE_PARAMETERS",
    "BEFORE_ROUTES",
    "OPENING",
    "STREAMS",
]

OPENING = """
# The API of /v1

Written by `make docs` from the code; a test fails when the two differ. The same as OpenAPI 3.1: `GET /v1/openapi.json`;
signing in (`/auth`) is described at `GET /api/schema`. What routes promise beyond their shape is told for
[models and prices](models-api.md) and for [your own usage](usage-api.md).

    curl -H "X-API-Key: rk_…" -H "Content-Type: application/json" http://127.0.0.1:8000/v1/chat/completions \\
        -d '{"model": "route/deepseek-v3.2", "messages": [{"role": "user", "content": "Hello"}]}'
"""
BEFORE_ROUTES = """
## Routes

A **key** (`rk_` and 64 hex digits) goes into `X-API-Key` or `Authorization: Bearer`; both are equal. A **token** is the
access token of `POST /auth/login` and goes in as a bearer. Two different credentials in one request are a 400, and one
that is not good is a 401 even where none is needed. Ids of models have slashes: `/v1/models/route/deepseek-v3.2`.

Every GET route answers HEAD, every route OPTIONS (CORS for any page, without the browser's credentials). Bodies are
JSON; a route that reads none ignores it. `/v1/v1/messages*` are `/v1/messages*`, for SDKs that add `/v1` to a base URL
that has it, and `/v1/user/keys` is `/v1/user/key`.
"""
BEFORE_PARAMETERS = """
### Parameters of addresses

A bad value is a 400 that names its parameter; one that is not listed here is ignored.
"""
BEFORE_FIELDS = """
## Bodies

`*` marks a field that must be there; null counts as left out. A value that does not fit is a 400 `VALIDATION_ERROR`
which names the field.
"""
BEFORE_ERRORS = """
## Errors

Every error carries `X-Error-Code`, `X-Request-Id` and `x-should-retry` (the last column). Its body comes in one of three
styles: on `/v1/messages*` always Anthropic's `{"type": "error", "error": {"type", "message"}, "request_id"}`; OpenAI's
`{"error": {"message", "type", "param", "code"}}` where `Accept` names `application/json` or `text/event-stream`, where
the body has `"stream": true`, and for known SDKs; else `text/plain` with the message alone.
"""
AFTER_ERRORS = """
An unknown model on `GET /v1/models/{id}` is a 404 with exactly `{"error": "Model not found"}` in every style. What a
provider says about its own failure never reaches a caller: its 401, 402, 403, redirects, HTML and empty answers count
as failures, the next provider of the chain is tried, and the caller hears 502 only when none is left. A request that was
refused costs nothing and counts in no window.
"""
BEFORE_HEADERS = """
## Headers
"""
STREAMS = """
## Streams

`"stream": true` answers with `text/event-stream`, sent as the provider sends it, without buffering.

- **Before the first byte** an error is an ordinary answer with its status. After it there is one event with the error
  (`data: {"error": {…}}`; on `/v1/messages` `event: error`), then the end of the connection and no `[DONE]`. No other
  provider is tried any more.
- **The end.** Chat and text completions end with `data: [DONE]`; Messages with `message_stop`; Responses with
  `response.completed`, `response.incomplete` or `response.failed`. The closing events leave only after what the request
  cost is committed.
- **Usage.** Chat and text completions send a last chunk with empty `choices` and `usage` only if
  `stream_options.include_usage` is true; Messages and Responses always tell it. `GET /v1/generation?id=` has it for all.
- **Waiting.** While nothing comes for 10 seconds a comment line (`: keep-alive`; on `/v1/messages` an event `ping`) is sent.
- **Ids.** `id` is ours, `model` the public id that serves, in every event; the rest is the provider's, byte for byte, on
  chat completions.
- **Leaving.** Who hangs up pays for what was produced until then. `POST /v1/user/streams/kill` ends every open stream of
  the workspace; each gets its closing events and `data: [DONE]` (Messages: `message_stop`), and what was delivered is
  charged.
"""
