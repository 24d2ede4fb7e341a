// Chat completions and the list of models through the npm package `openai`.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { all, ASKED, PIXEL, QUESTION, sleep, WEATHER_SCHEMA } from "./reporting.mjs";

const tool = (name) => ({
  type: "function",
  function: { name, description: "Tells of a place", parameters: WEATHER_SCHEMA },
});
const WEATHER = tool("get_weather");
const TIME = tool("get_time");
export const Verdict = z.object({ approved: z.boolean(), reason: z.string() });

/** A client of a scene; it tries nothing twice unless told otherwise. */
export const client = (scene, key, options) =>
  new OpenAI({ baseURL: scene.baseURL, apiKey: key ?? scene.key, maxRetries: 0, timeout: 30_000, ...options });

const ask = (scene, fields) =>
  client(scene).chat.completions.create({ model: "sandbox/chat", messages: ASKED, ...fields });
const listen = async (scene, fields) => all(await ask(scene, { ...fields, stream: true }));
const textOf = (chunks, index = 0) =>
  chunks
    .flatMap((chunk) => chunk.choices)
    .filter((choice) => choice.index === index)
    .map((choice) => choice.delta.content ?? "")
    .join("");

async function list(scene) {
  const model = (await all(client(scene).models.list())).find(({ id }) => id === "sandbox/chat");
  assert.equal(model.object, "model");
  assert.equal(typeof model.created, "number");
  assert.ok(model.owned_by);
}

async function retrieve(scene) {
  const model = await client(scene).models.retrieve("sandbox/chat");
  assert.deepEqual([model.id, model.object], ["sandbox/chat", "model"]);
}

const unknown = (scene) =>
  assert.rejects(client(scene).models.retrieve("route/none"), (error) => {
    assert.ok(error instanceof OpenAI.NotFoundError, error.message);
    assert.equal(error.error, "Model not found");
    assert.ok(error.requestID);
    return true;
  });

async function plain(scene) {
  const answer = await ask(scene);
  assert.ok(answer.choices[0].message.content);
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.deepEqual([answer.object, answer.model], ["chat.completion", "sandbox/chat"]);
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.ok(answer.usage.cost > 0);
  assert.ok(answer.provider);
  assert.ok(answer._request_id);
}

async function stream(scene) {
  const whole = (await ask(scene)).choices[0].message.content;
  const chunks = await listen(scene);
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1);
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  assert.equal(textOf(chunks), whole);
  assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
}

async function usageUnasked(scene) {
  const chunks = await listen(scene);
  assert.ok(chunks.every((chunk) => chunk.choices.length && !chunk.usage));
}

async function usageAsked(scene) {
  const chunks = await listen(scene, { stream_options: { include_usage: true } });
  assert.deepEqual(chunks.slice(-2).map((chunk) => chunk.choices.length), [1, 0]);
  assert.ok(chunks.at(-1).usage.completion_tokens > 0);
  assert.equal(chunks.filter((chunk) => !chunk.choices.length).length, 1);
}

async function calls(scene, model, tools) {
  const answer = await ask(scene, { model, tools });
  assert.equal(answer.choices[0].finish_reason, "tool_calls");
  return answer.choices[0].message.tool_calls;
}

async function streamedCalls(scene, model, tools) {
  // The client's own stream helper puts the pieces together.
  const stream = client(scene).chat.completions.stream({ model, messages: ASKED, tools });
  return (await stream.finalChatCompletion()).choices[0].message.tool_calls;
}

function areCalls(found, ...names) {
  assert.deepEqual(found.map((call) => call.function.name), names);
  assert.equal(new Set(found.map(({ id }) => id)).size, names.length);
  for (const call of found) assert.ok("location" in JSON.parse(call.function.arguments));
}

const tools = async (scene) => areCalls(await calls(scene, "sandbox/tool-call", [WEATHER]), "get_weather");
const toolsStreamed = async (scene) =>
  areCalls(await streamedCalls(scene, "sandbox/tool-call", [WEATHER]), "get_weather");
const toolsParallel = async (scene) =>
  areCalls(await calls(scene, "sandbox/parallel-tool-calls", [WEATHER, TIME]), "get_weather", "get_time");
const toolsParallelStreamed = async (scene) =>
  areCalls(await streamedCalls(scene, "sandbox/parallel-tool-calls", [WEATHER, TIME]), "get_weather", "get_time");

async function toolResults(scene) {
  // The helper calls the function and sends its result by itself.
  const heard = [];
  const runner = client(scene).chat.completions.runTools({
    model: "sandbox/tool-call",
    messages: ASKED,
    tools: [{ ...WEATHER, function: { ...WEATHER.function, parse: JSON.parse, function: weather } }],
  });
  function weather(given) {
    heard.push(given);
    return "Sunny";
  }
  assert.ok(await runner.finalContent());
  assert.equal(heard.length, 1);
}

async function structured(scene) {
  const answer = await client(scene).chat.completions.parse({
    model: "sandbox/chat",
    messages: ASKED,
    response_format: zodResponseFormat(Verdict, "verdict"),
  });
  assert.equal(typeof answer.choices[0].message.parsed.approved, "boolean");
}

async function vision(scene) {
  const content = [
    { type: "text", text: QUESTION },
    { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
  ];
  const answer = await ask(scene, { model: scene.models.seeing, messages: [{ role: "user", content }] });
  assert.ok(answer.usage.prompt_tokens > 85, "the upstream counts 85 tokens for an image");
}

async function several(scene) {
  const answer = await ask(scene, { n: 2 });
  const chunks = await listen(scene, { n: 2 });
  const texts = answer.choices.map((choice) => choice.message.content);
  assert.equal(new Set(texts).size, 2);
  assert.deepEqual([textOf(chunks, 0), textOf(chunks, 1)], texts);
}

async function logprobs(scene) {
  const asked = { model: scene.models.mirror, logprobs: true };
  const [answer, chunks] = [await ask(scene, asked), await listen(scene, asked)];
  assert.deepEqual(answer.choices[0].logprobs.content.map(({ token }) => token), ["It ", "is ", "mirrored."]);
  assert.equal(chunks[0].choices[0].logprobs.content[0].logprob, -0.25);
}

async function reasoning(scene) {
  const answer = await ask(scene, { model: "sandbox/reasoning", reasoning_effort: "low" });
  const chunks = await listen(scene, { model: "sandbox/reasoning" });
  const thought = answer.choices[0].message.reasoning_content;
  assert.ok(thought && answer.choices[0].message.content);
  assert.ok(answer.usage.completion_tokens_details.reasoning_tokens > 0);
  assert.equal(chunks.map((chunk) => chunk.choices[0].delta.reasoning_content ?? "").join(""), thought);
}

async function unknownFields(scene) {
  const asked = { model: scene.models.mirror, made_up: { deep: [1, { er: null }] }, top_k: 7, seed: 7 };
  const [answer, chunks] = [await ask(scene, asked), await listen(scene, asked)];
  for (const { received } of [answer, chunks[0]]) {
    assert.deepEqual(received.made_up, asked.made_up);
    assert.deepEqual([received.top_k, received.seed], [7, 7]);
  }
}

async function keepAlive(scene) {
  const began = performance.now();
  const chunks = await listen(scene, { model: scene.models.waiting, max_tokens: 1 });
  assert.ok(performance.now() - began > 10_000, "the model did not keep the client waiting");
  assert.ok(textOf(chunks));
  assert.equal(chunks.at(-1).choices[0].finish_reason, "length");
}

async function hangUp(scene) {
  const api = client(scene, scene.keys.leaver);
  const begin = async () => {
    const asked = { model: scene.models.endless, messages: ASKED, stream: true };
    let heard = 0;
    // Leaving the loop aborts the request.
    for await (const _ of await api.chat.completions.create(asked)) if (++heard === 3) break;
  };
  await begin();
  // The plan allows one stream: a second is let in only when the first was noticed to have ended.
  for (let turn = 0; turn < 40; turn++) {
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof OpenAI.RateLimitError)) throw error;
      await sleep(100);
    }
  }
  assert.fail("the slot of a stream that the client left was not free after 4 seconds");
}

export const chat = {
  "chat.keep_alive": keepAlive,
  "models.list": list,
  "models.retrieve": retrieve,
  "models.unknown": unknown,
  "chat.plain": plain,
  "chat.stream": stream,
  "chat.usage_unasked": usageUnasked,
  "chat.usage_asked": usageAsked,
  "chat.tools": tools,
  "chat.tools_streamed": toolsStreamed,
  "chat.tools_parallel": toolsParallel,
  "chat.tools_parallel_streamed": toolsParallelStreamed,
  "chat.tool_results": toolResults,
  "chat.structured": structured,
  "chat.vision": vision,
  "chat.several": several,
  "chat.logprobs": logprobs,
  "chat.reasoning": reasoning,
  "chat.unknown_fields": unknownFields,
  "chat.hang_up": hangUp,
};
