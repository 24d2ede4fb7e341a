// Messages through the npm package `@anthropic-ai/sdk`.
import Anthropic from "@anthropic-ai/sdk";
import assert from "node:assert/strict";
import { all, ASKED, PIXEL, QUESTION, sleep, WEATHER_SCHEMA } from "./reporting.mjs";

const tool = (name) => ({ name, description: "Tells of a place", input_schema: WEATHER_SCHEMA });
const WEATHER = tool("get_weather");
const TIME = tool("get_time");
const THINKING = { model: "sandbox/reasoning", max_tokens: 4096, thinking: { type: "enabled", budget_tokens: 1024 } };

/** A client of a scene; it tries nothing twice unless told otherwise. */
export const client = (scene, key, options) =>
  new Anthropic({ baseURL: scene.origin, apiKey: key ?? scene.key, maxRetries: 0, timeout: 30_000, ...options });

const body = (fields) => ({ model: "sandbox/chat", max_tokens: 1024, messages: ASKED, ...fields });
const ask = (scene, fields, options) => client(scene).messages.create(body(fields), options);
const listen = async (scene, fields) => all(await ask(scene, { ...fields, stream: true }));
const final = (scene, fields) => client(scene).messages.stream(body(fields)).finalMessage();
const uses = (answer) => answer.content.filter((block) => block.type === "tool_use");

async function plain(scene) {
  const answer = await ask(scene);
  assert.deepEqual([answer.type, answer.role, answer.model], ["message", "assistant", "sandbox/chat"]);
  assert.deepEqual(answer.content.map(({ type }) => type), ["text"]);
  assert.ok(answer.content[0].text);
  assert.equal(answer.stop_reason, "end_turn");
  assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
  assert.equal(typeof answer.usage.cache_read_input_tokens, "number");
  assert.equal(typeof answer.usage.cache_creation_input_tokens, "number");
  assert.ok(answer.credits_charged > 0);
  assert.ok(answer._request_id, "no header request-id");
}

async function stream(scene) {
  const whole = await ask(scene);
  const stream = client(scene).messages.stream(body());
  let heard = "";
  stream.on("text", (piece) => (heard += piece));
  const message = await stream.finalMessage();
  assert.ok(heard);
  assert.equal(heard, message.content[0].text);
  assert.equal(heard, whole.content[0].text);
  assert.equal(message.stop_reason, "end_turn");
  assert.equal(message.usage.input_tokens, whole.usage.input_tokens);
  assert.equal(message.usage.output_tokens, whole.usage.output_tokens);
}

async function streamEvents(scene) {
  const events = (await listen(scene)).filter(({ type }) => type !== "ping");
  const kinds = events.map(({ type }) => type);
  assert.deepEqual(kinds.slice(0, 2), ["message_start", "content_block_start"]);
  assert.deepEqual(kinds.slice(-3), ["content_block_stop", "message_delta", "message_stop"]);
  assert.deepEqual([...new Set(kinds.slice(2, -3))], ["content_block_delta"]);
  assert.equal(typeof events[0].message.usage.input_tokens, "number");
  assert.ok(events.at(-2).usage.output_tokens > 0);
  assert.equal(events.at(-2).delta.stop_reason, "end_turn");
}

async function tools(scene) {
  const answer = await ask(scene, { model: "sandbox/tool-call", tools: [WEATHER] });
  const [call] = uses(answer);
  assert.equal(answer.stop_reason, "tool_use");
  assert.ok(call.id && "location" in call.input);
  assert.equal(call.name, "get_weather");
}

async function toolsStreamed(scene) {
  const asked = { model: "sandbox/tool-call", tools: [WEATHER] };
  const events = await listen(scene, asked);
  assert.ok(events.some((event) => event.delta?.type === "input_json_delta"));
  const message = await final(scene, asked);
  const [call] = uses(message);
  assert.ok(call.id && "location" in call.input);
  assert.equal(message.stop_reason, "tool_use");
}

async function toolsParallel(scene) {
  const asked = { model: "sandbox/parallel-tool-calls", tools: [WEATHER, TIME] };
  for (const answer of [await ask(scene, asked), await final(scene, asked)]) {
    assert.deepEqual(uses(answer).map(({ name }) => name), ["get_weather", "get_time"]);
    assert.equal(new Set(uses(answer).map(({ id }) => id)).size, 2);
    for (const { input } of uses(answer)) assert.ok("location" in input);
  }
}

async function toolResults(scene) {
  const asked = { model: "sandbox/tool-call", tools: [WEATHER] };
  const first = await ask(scene, asked);
  const result = { type: "tool_result", tool_use_id: uses(first)[0].id, content: "Sunny" };
  const turns = [{ role: "assistant", content: first.content }, { role: "user", content: [result] }];
  const second = await ask(scene, { ...asked, messages: [...ASKED, ...turns] });
  assert.ok(second.content[0].text);
}

async function thinking(scene) {
  const answer = await ask(scene, THINKING);
  assert.deepEqual(answer.content.map(({ type }) => type), ["thinking", "text"]);
  assert.ok(answer.content[0].thinking);
  const turns = [{ role: "assistant", content: answer.content }, { role: "user", content: "And now?" }];
  const again = await ask(scene, { ...THINKING, messages: [...ASKED, ...turns] });
  assert.ok(again.content.at(-1).text);
}

async function thinkingStreamed(scene) {
  const stream = client(scene).messages.stream(body(THINKING));
  let thought = "";
  stream.on("thinking", (piece) => (thought += piece));
  const message = await stream.finalMessage();
  assert.ok(thought);
  assert.equal(message.content[0].thinking, thought);
  assert.ok(message.content[1].text);
}

async function vision(scene) {
  const source = { type: "base64", media_type: "image/png", data: PIXEL };
  const content = [{ type: "text", text: QUESTION }, { type: "image", source }];
  const answer = await ask(scene, { model: scene.models.seeing, messages: [{ role: "user", content }] });
  assert.ok(answer.usage.input_tokens > 85, "the upstream counts 85 tokens for an image");
}

async function system(scene) {
  const block = { type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } };
  const marked = await ask(scene, { system: [block] });
  assert.equal(marked.content[0].text, (await ask(scene, { system: "Be brief." })).content[0].text);
  assert.ok(marked.usage.input_tokens > (await ask(scene)).usage.input_tokens);
}

async function stopSequence(scene) {
  const word = (await ask(scene)).content[0].text.split(" ")[4];
  const answer = await ask(scene, { stop_sequences: [word] });
  assert.ok(!answer.content[0].text.includes(word));
  assert.ok(["stop_sequence", "end_turn"].includes(answer.stop_reason));
}

async function countTokens(scene) {
  const asked = { model: "sandbox/chat", messages: ASKED };
  const short = await client(scene).messages.countTokens(asked);
  const long = await client(scene).messages.countTokens({ ...asked, tools: [WEATHER] });
  assert.ok(0 < short.input_tokens && short.input_tokens < long.input_tokens);
}

async function baseWithV1(scene) {
  const api = client(scene, scene.key, { baseURL: scene.baseURL });
  assert.ok((await api.messages.create(body({ max_tokens: 20 }))).content[0].text);
  assert.ok((await api.messages.countTokens({ model: "sandbox/chat", messages: ASKED })).input_tokens > 0);
}

async function bearer(scene) {
  const api = client(scene, null, { apiKey: null, authToken: scene.key });
  assert.ok((await api.messages.create(body({ max_tokens: 20 }))).content[0].text);
}

async function beta(scene) {
  const headers = { "anthropic-beta": "made-up-2099-01-01,other-2099-01-01" };
  assert.ok((await ask(scene, {}, { headers })).content[0].text);
}

async function keepAlive(scene) {
  const began = performance.now();
  const message = await final(scene, { model: scene.models.waiting, max_tokens: 1 });
  assert.ok(performance.now() - began > 10_000, "the model did not keep the client waiting");
  assert.ok(message.content[0].text);
  assert.equal(message.stop_reason, "max_tokens");
}

async function hangUp(scene) {
  const api = client(scene, scene.keys.leaver);
  const begin = async () => {
    let heard = 0;
    const asked = body({ model: scene.models.endless, max_tokens: 4096, stream: true });
    // Leaving the loop aborts the request.
    for await (const _ of await api.messages.create(asked)) if (++heard === 5) break;
  };
  await begin();
  // The plan allows one stream: a second is let in only when the first was noticed to have ended.
  for (let turn = 0; turn < 40; turn++) {
    try {
      return await begin();
    } catch (error) {
      if (!(error instanceof Anthropic.RateLimitError)) throw error;
      await sleep(100);
    }
  }
  assert.fail("the slot of a stream that the client left was not free after 4 seconds");
}

export const messages = {
  "messages.keep_alive": keepAlive,
  "messages.plain": plain,
  "messages.stream": stream,
  "messages.stream_events": streamEvents,
  "messages.tools": tools,
  "messages.tools_streamed": toolsStreamed,
  "messages.tools_parallel": toolsParallel,
  "messages.tool_results": toolResults,
  "messages.thinking": thinking,
  "messages.thinking_streamed": thinkingStreamed,
  "messages.vision": vision,
  "messages.system": system,
  "messages.stop_sequence": stopSequence,
  "messages.count_tokens": countTokens,
  "messages.base_with_v1": baseWithV1,
  "messages.bearer": bearer,
  "messages.beta": beta,
  "messages.hang_up": hangUp,
};
