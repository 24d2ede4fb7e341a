// The table of errors through the npm package `@anthropic-ai/sdk`: exception, type, request id, and who tries again.
import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { client } from "./anthropic_messages.mjs";
import { all, ASKED, counting, PATIENCE, refusals as table } from "./reporting.mjs";

// Statuses without an exception of their own in every version fall to the general one in some.
const CLASSES = {
  400: ["BadRequestError"],
  401: ["AuthenticationError"],
  402: ["PaymentRequiredError", "APIError"],
  403: ["PermissionDeniedError"],
  404: ["NotFoundError"],
  405: ["APIError"],
  408: ["RequestTimeoutError", "APIError"],
  409: ["ConflictError"],
  413: ["ContentTooLargeError", "RequestTooLargeError", "APIError"],
  429: ["RateLimitError"],
  500: ["InternalServerError"],
  502: ["InternalServerError"],
  503: ["ServiceUnavailableError", "InternalServerError"],
  504: ["GatewayTimeoutError", "DeadlineExceededError", "InternalServerError"],
};
const body = (fields) => ({ model: "sandbox/chat", max_tokens: 1024, messages: ASKED, ...fields });

/** Provoke a refusal and look at what is thrown; one that is not worth another try must not get one. */
async function refused(scene, row) {
  const sent = [];
  const key = scene.keys[row.ask.key] ?? scene.key;
  const place = row.ask.stalling ? { ...scene, ...scene.stalling } : scene;
  const options = { fetch: counting(sent), maxRetries: row.retry ? 0 : 2, timeout: PATIENCE };
  // A token is a bearer.
  if (row.ask.post) Object.assign(options, { apiKey: null, authToken: key });
  const api = client(place, key, options);
  const release = await beside(scene, key, row.ask);
  const [error, answered] = await provoke(api, scene, row.ask);
  release();
  assert.ok(CLASSES[row.status].includes(error.name), `${error.name}: ${error.message}`);
  assert.equal(error.status, row.status);
  assert.equal(error.headers.get("x-error-code"), row.code);
  assert.ok(error.error.error.message);
  assert.ok(error.headers.get("x-request-id"));
  if (row.anthropic === null) {
    // Beside Messages errors are in OpenAI's style.
    assert.deepEqual([error.error.error.type, error.error.error.code], [row.type, row.openai]);
  } else {
    assert.deepEqual([error.error.type, error.error.error.type], ["error", row.anthropic]);
    assert.ok(error.requestID, "no header request-id");
    assert.equal(error.requestID, error.error.request_id);
  }
  assert.equal(error.headers.get("x-should-retry"), String(row.retry));
  assert.equal(sent.length - answered, 1, `${sent.length - answered} requests for one refusal`);
}

/** Open a stream, where the refusal needs one, and return what ends it. */
async function beside(scene, key, ask) {
  if (!ask.beside) return () => {};
  const asked = body({ model: scene.models[ask.beside], stream: true, ...ask.fields });
  const stream = await client(scene, key).messages.create(asked);
  return () => stream.controller.abort();
}

/** Ask until it is refused, and return the refusal with how many were answered before. */
async function provoke(api, scene, ask) {
  const headers = ask.idempotent ? { "Idempotency-Key": randomUUID() } : {};
  const model = ask.model ?? "sandbox/chat";
  const messages = ask.words ? [{ role: "user", content: "word ".repeat(ask.words) }] : ASKED;
  const asked = body({ model: scene.models[model] ?? model, messages, stream: ask.stream ?? false, ...ask.fields });
  const repeat = ask.repeat ?? 1;
  for (let answered = 0; answered < repeat; answered++) {
    try {
      if (ask.path) await api.get(ask.path.anthropic);
      else if (ask.post) await api.post(ask.post.anthropic);
      else await api.messages.create(asked, { headers });
    } catch (error) {
      if (!(error instanceof Anthropic.APIError) || !error.status) throw error;
      return [error, answered];
    }
  }
  assert.fail(`${repeat} requests were answered, none refused`);
}

/** What is worth another try is tried again by the client itself, and answered in the end. */
async function triedAgain(scene) {
  const sent = [];
  const key = scene.keys.patient;
  const brief = { model: scene.models.brief, stream: true };
  const first = await client(scene, key).messages.create(body({ ...brief, max_tokens: 15 }));
  const again = client(scene, key, { fetch: counting(sent), maxRetries: 5 });
  const second = again.messages.create(body({ ...brief, max_tokens: 1 }));
  await all(first);
  assert.ok((await all(await second)).length);
  assert.ok(sent.length > 1, "the first try was answered: nothing had to be tried again");
}

/** A stream that breaks off is an exception, never a clean end. */
async function cut(scene) {
  let heard = 0;
  let thrown;
  try {
    const asked = body({ model: scene.models.cut, stream: true });
    for await (const _ of await client(scene).messages.create(asked)) heard++;
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown, "the stream ended as if it were whole");
  assert.ok(heard > 0, thrown.message);
  assert.ok(thrown instanceof Anthropic.APIError);
  assert.deepEqual([thrown.error.type, thrown.error.error.type], ["error", "api_error"]);
}

export const refusals = {
  "refused.in_a_stream": cut,
  "refused.tried_again": triedAgain,
  ...Object.fromEntries(Object.entries(table("anthropic")).map(([name, row]) => [name, (scene) => refused(scene, row)])),
};
