// The Responses API through the npm package `openai`.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { client, Verdict } from "./openai_chat.mjs";
import { all, QUESTION, WEATHER_SCHEMA } from "./reporting.mjs";

const WEATHER = { type: "function", name: "get_weather", parameters: WEATHER_SCHEMA, strict: false };

const ask = (scene, fields) =>
  client(scene).responses.create({ model: "sandbox/chat", input: QUESTION, ...fields });
const listen = async (scene, fields) => all(await ask(scene, { ...fields, stream: true }));
const deltas = (events, type) => events.filter((event) => event.type === type).map(({ delta }) => delta).join("");

async function plain(scene) {
  const answer = await ask(scene, { instructions: "Be brief." });
  assert.deepEqual([answer.object, answer.status, answer.model], ["response", "completed", "sandbox/chat"]);
  assert.ok(answer.output_text);
  assert.equal(answer.usage.total_tokens, answer.usage.input_tokens + answer.usage.output_tokens);
  assert.ok(answer._request_id);
}

async function stream(scene) {
  const events = await listen(scene);
  const kinds = events.map(({ type }) => type);
  assert.deepEqual([kinds[0], kinds.at(-1)], ["response.created", "response.completed"]);
  for (const kind of ["output_item.added", "content_part.added", "output_text.done", "output_item.done"])
    assert.ok(kinds.includes(`response.${kind}`), kind);
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, place) => place));
  const [{ content }] = events.at(-1).response.output;
  assert.equal(deltas(events, "response.output_text.delta"), content[0].text);
  assert.ok(events.at(-1).response.usage.output_tokens > 0);
}

async function streamManager(scene) {
  const stream = client(scene).responses.stream({ model: "sandbox/chat", input: QUESTION });
  const heard = deltas(await all(stream), "response.output_text.delta");
  const final = await stream.finalResponse();
  assert.ok(heard);
  assert.equal(final.output_text, heard);
}

async function tools(scene) {
  const asked = { model: "sandbox/tool-call", tools: [WEATHER] };
  const answer = await ask(scene, asked);
  const call = answer.output.find((item) => item.type === "function_call");
  assert.equal(call.name, "get_weather");
  assert.ok("location" in JSON.parse(call.arguments));
  const result = { type: "function_call_output", call_id: call.call_id, output: "Sunny" };
  const second = await ask(scene, { ...asked, input: [{ role: "user", content: QUESTION }, call, result] });
  assert.ok(second.output_text);
}

async function toolsStreamed(scene) {
  const events = await listen(scene, { model: "sandbox/tool-call", tools: [WEATHER] });
  const done = events.find((event) => event.type === "response.function_call_arguments.done");
  const call = events.at(-1).response.output.find((item) => item.type === "function_call");
  assert.equal(deltas(events, "response.function_call_arguments.delta"), done.arguments);
  assert.equal(call.arguments, done.arguments);
  assert.ok("location" in JSON.parse(call.arguments));
}

async function structured(scene) {
  const text = { format: zodTextFormat(Verdict, "verdict") };
  const answer = await client(scene).responses.parse({ model: "sandbox/chat", input: QUESTION, text });
  assert.equal(typeof answer.output_parsed.approved, "boolean");
}

async function reasoning(scene) {
  const answer = await ask(scene, { model: "sandbox/reasoning", reasoning: { effort: "low" } });
  assert.deepEqual(answer.output.map(({ type }) => type), ["reasoning", "message"]);
  assert.ok(answer.usage.output_tokens_details.reasoning_tokens > 0);
}

const stateless = (scene) =>
  assert.rejects(ask(scene, { previous_response_id: "resp_1" }), (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError, error.message);
    assert.match(error.message, /previous_response_id/);
    return true;
  });

async function cut(scene) {
  // A stream that breaks off says so: by an event that it failed, or as the client's exception.
  const heard = [];
  try {
    for await (const { type } of await ask(scene, { model: scene.models.cut, stream: true })) heard.push(type);
  } catch (error) {
    if (!(error instanceof OpenAI.APIError) || !heard.length) throw error;
    return;
  }
  assert.ok(heard.includes("response.failed") || heard.includes("error"), heard.slice(-3).join());
  assert.ok(!heard.includes("response.completed"));
}

export const agents = {
  "responses.plain": plain,
  "responses.stream": stream,
  "responses.stream_manager": streamManager,
  "responses.tools": tools,
  "responses.tools_streamed": toolsStreamed,
  "responses.structured": structured,
  "responses.reasoning": reasoning,
  "responses.stateless": stateless,
  "responses.in_a_stream": cut,
};
