// The table of errors through the npm package `openai`: exception, code, type, request id, and who tries again.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import OpenAI from "openai";
import { client } from "./openai_chat.mjs";
import { all, ASKED, counting, PATIENCE, refusals as table } from "./reporting.mjs";

const CLASSES = {
  400: OpenAI.BadRequestError,
  401: OpenAI.AuthenticationError,
  403: OpenAI.PermissionDeniedError,
  404: OpenAI.NotFoundError,
  409: OpenAI.ConflictError,
  429: OpenAI.RateLimitError,
  500: OpenAI.InternalServerError,
  502: OpenAI.InternalServerError,
  503: OpenAI.InternalServerError,
  504: OpenAI.InternalServerError,
};

/** Provoke a refusal and look at what is thrown; one that is not worth another try must not get one. */
async function refused(scene, row) {
  const sent = [];
  const key = scene.keys[row.ask.key] ?? scene.key;
  const place = row.ask.stalling ? { ...scene, ...scene.stalling } : scene;
  const options = { fetch: counting(sent), maxRetries: row.retry ? 0 : 2, timeout: PATIENCE };
  const api = client(place, key, options);
  const release = await beside(scene, key, row.ask);
  const [error, answered] = await provoke(api, scene, row.ask);
  release();
  assert.equal(error.constructor, CLASSES[row.status] ?? OpenAI.APIError, error.message);
  assert.equal(error.status, row.status);
  assert.equal(error.headers.get("x-error-code"), row.code);
  assert.deepEqual([error.type, error.code], [row.type, row.openai]);
  assert.ok(error.requestID);
  assert.equal(error.headers.get("x-should-retry"), String(row.retry));
  assert.equal(sent.length - answered, 1, `${sent.length - answered} requests for one refusal`);
}

/** Open a stream, where the refusal needs one, and return what ends it. */
async function beside(scene, key, ask) {
  if (!ask.beside) return () => {};
  const asked = { model: scene.models[ask.beside], messages: ASKED, stream: true, ...ask.fields };
  const stream = await client(scene, key).chat.completions.create(asked);
  return () => stream.controller.abort();
}

/** Ask until it is refused, and return the refusal with how many were answered before. */
async function provoke(api, scene, ask) {
  const headers = ask.idempotent ? { "Idempotency-Key": randomUUID() } : {};
  const model = ask.model ?? "sandbox/chat";
  const messages = ask.words ? [{ role: "user", content: "word ".repeat(ask.words) }] : ASKED;
  const asked = { model: scene.models[model] ?? model, messages, stream: ask.stream ?? false, ...ask.fields };
  const repeat = ask.repeat ?? 1;
  for (let answered = 0; answered < repeat; answered++) {
    try {
      if (ask.path) await api.get(ask.path.openai);
      else if (ask.post) await api.post(ask.post.openai);
      else await api.chat.completions.create(asked, { headers });
    } catch (error) {
      if (!(error instanceof OpenAI.APIError) || !error.status) throw error;
      return [error, answered];
    }
  }
  assert.fail(`${repeat} requests were answered, none refused`);
}

/** What is worth another try is tried again by the client itself, and answered in the end. */
async function triedAgain(scene) {
  const sent = [];
  const key = scene.keys.patient;
  const brief = { model: scene.models.brief, messages: ASKED, stream: true };
  const first = await client(scene, key).chat.completions.create({ ...brief, max_tokens: 15 });
  const again = client(scene, key, { fetch: counting(sent), maxRetries: 5 });
  const second = again.chat.completions.create({ ...brief, max_tokens: 1 });
  await all(first);
  assert.ok((await all(await second)).length);
  assert.ok(sent.length > 1, "the first try was answered: nothing had to be tried again");
}

/** A stream that breaks off is an exception, never a clean end. */
async function cut(scene) {
  let heard = 0;
  let thrown;
  try {
    const asked = { model: scene.models.cut, messages: ASKED, stream: true };
    for await (const _ of await client(scene).chat.completions.create(asked)) heard++;
  } catch (error) {
    thrown = error;
  }
  assert.ok(thrown, "the stream ended as if it were whole");
  assert.ok(heard > 0);
  assert.equal(thrown.constructor, OpenAI.APIError);
  assert.deepEqual([thrown.type, thrown.code], ["api_error", "PROVIDER_ERROR"]);
}

export const refusals = {
  "refused.in_a_stream": cut,
  "refused.tried_again": triedAgain,
  ...Object.fromEntries(Object.entries(table("openai")).map(([name, row]) => [name, (scene) => refused(scene, row)])),
};
