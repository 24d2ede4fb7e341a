// The npm packages `ai` and `@ai-sdk/openai-compatible`: node ai_sdk.mjs URL KEY SCENE
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateImage, generateText, isStepCount, Output, streamText, tool } from "ai";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { all, counting, main, PIXEL, QUESTION, refusals, sleep } from "./reporting.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;
const place = z.object({ location: z.string() });
const weather = tool({ description: "Weather of a place", inputSchema: place });
const time = tool({ description: "Time of a place", inputSchema: place });

/** The provider of a scene. */
const provider = (scene, key, options) =>
  createOpenAICompatible({ name: "tollway", baseURL: scene.baseURL, apiKey: key ?? scene.key, ...options });
const model = (scene, name = "sandbox/chat", key, options) => provider(scene, key, options).chatModel(name);
const asked = (scene, name, fields) => ({
  model: model(scene, name),
  prompt: QUESTION,
  maxRetries: 0,
  ...fields,
});

async function plain(scene) {
  const answer = await generateText(asked(scene));
  assert.ok(answer.text);
  assert.equal(answer.finishReason, "stop");
  assert.ok(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0);
  assert.equal(answer.response.modelId, "sandbox/chat");
}

async function stream(scene) {
  const whole = await generateText(asked(scene));
  const stream = streamText(asked(scene));
  assert.equal((await all(stream.textStream)).join(""), whole.text);
  assert.equal(await stream.finishReason, "stop");
}

async function usageAsked(scene) {
  const telling = model(scene, "sandbox/chat", scene.key, { includeUsage: true });
  const stream = streamText(asked(scene, "", { model: telling }));
  await stream.consumeStream();
  assert.ok((await stream.usage).outputTokens > 0);
}

function areCalls(found, ...names) {
  assert.deepEqual(found.map(({ toolName }) => toolName), names);
  assert.equal(new Set(found.map(({ toolCallId }) => toolCallId)).size, names.length);
  for (const call of found) assert.ok("location" in call.input && !call.invalid);
}

const ONE = { get_weather: weather };
const TWO = { get_weather: weather, get_time: time };
const calls = async (scene, name, tools) => (await generateText(asked(scene, name, { tools }))).toolCalls;
const streamedCalls = (scene, name, tools) => streamText(asked(scene, name, { tools })).toolCalls;

async function toolResults(scene) {
  const heard = [];
  const execute = (given) => heard.push(given) && "Sunny";
  const tools = { get_weather: tool({ inputSchema: place, execute }) };
  const answer = await generateText(asked(scene, "sandbox/tool-call", { tools, stopWhen: isStepCount(3) }));
  assert.equal(heard.length, 1);
  assert.equal(answer.steps.length, 2);
  assert.ok(answer.text);
}

async function structured(scene) {
  const schema = z.object({ approved: z.boolean(), reason: z.string() });
  const strict = model(scene, "sandbox/chat", scene.key, { supportsStructuredOutputs: true });
  const answer = await generateText(asked(scene, "", { model: strict, output: Output.object({ schema }) }));
  assert.equal(typeof answer.output.approved, "boolean");
}

async function vision(scene) {
  const content = [
    { type: "text", text: QUESTION },
    { type: "file", data: Buffer.from(PIXEL, "base64"), mediaType: "image/png" },
  ];
  const messages = [{ role: "user", content }];
  const answer = await generateText({ model: model(scene, scene.models.seeing), messages, maxRetries: 0 });
  assert.ok(answer.usage.inputTokens > 85, "the upstream counts 85 tokens for an image");
}

async function reasoning(scene) {
  const answer = await generateText(asked(scene, "sandbox/reasoning"));
  const stream = streamText(asked(scene, "sandbox/reasoning"));
  assert.ok(answer.reasoningText && answer.text);
  assert.equal(await stream.reasoningText, answer.reasoningText);
}

async function unknownFields(scene) {
  const providerOptions = { tollway: { made_up: { deep: [1, { er: null }] } } };
  const fields = { providerOptions, include: { responseBody: true } };
  const answer = await generateText(asked(scene, scene.models.mirror, fields));
  assert.deepEqual(answer.response.body.received.made_up, providerOptions.tollway.made_up);
}

async function keepAlive(scene) {
  const began = performance.now();
  const stream = streamText(asked(scene, scene.models.waiting, { maxOutputTokens: 1 }));
  assert.ok(await stream.text);
  assert.ok(performance.now() - began > 10_000, "the model did not keep the client waiting");
  assert.equal(await stream.finishReason, "length");
}

async function hangUp(scene) {
  const begin = async () => {
    const left = new AbortController();
    const endless = model(scene, scene.models.endless, scene.keys.leaver);
    const options = { model: endless, prompt: QUESTION, maxRetries: 0, abortSignal: left.signal };
    let refusal;
    const stream = streamText({ ...options, onError: ({ error }) => (refusal = error) });
    let heard = 0;
    for await (const _ of stream.textStream) if (++heard === 3) left.abort();
    return refusal;
  };
  assert.ok(!(await begin()));
  // The plan allows one stream: a second is let in only when the first was noticed to have ended.
  for (let turn = 0; turn < 40; turn++) {
    const refusal = await begin();
    if (!refusal) return;
    assert.equal(refusal.statusCode, 429, refusal.message);
    await sleep(100);
  }
  assert.fail("the slot of a stream that the client left was not free after 4 seconds");
}

async function completion(scene) {
  const answer = await generateText({
    model: provider(scene).completionModel("sandbox/chat"),
    prompt: QUESTION,
    maxOutputTokens: 20,
    maxRetries: 0,
  });
  assert.ok(answer.text);
  assert.equal(answer.finishReason, "length");
}

async function completionStreamed(scene) {
  const model = provider(scene).completionModel("sandbox/chat");
  const options = { model, prompt: QUESTION, maxOutputTokens: 20, maxRetries: 0 };
  const whole = await generateText(options);
  assert.equal(await streamText(options).text, whole.text);
}

async function embeddings(scene) {
  const model = provider(scene).embeddingModel("sandbox/embedding");
  const answer = await embedMany({ model, values: ["a limit on requests", "a red bicycle"], maxRetries: 0 });
  assert.equal(answer.embeddings.length, 2);
  const square = answer.embeddings[0].reduce((sum, x) => sum + x * x, 0);
  assert.ok(Math.abs(square - 1) < 1e-3);
  assert.ok(answer.usage.tokens > 0);
}

async function images(scene) {
  const model = provider(scene).imageModel("sandbox/image");
  const answer = await generateImage({ model, prompt: "A toll gate", size: "1024x1024", maxRetries: 0 });
  assert.equal(answer.image.mediaType, "image/png");
}

/** Provoke a refusal and look at what is thrown. The SDK judges by the status alone whether to try again. */
async function refused(scene, row) {
  const key = scene.keys[row.ask.key] ?? scene.key;
  const release = await beside(scene, key, row.ask);
  const error = await provoke(row.ask.stalling ? { ...scene, ...scene.stalling } : scene, key, row.ask);
  release();
  assert.ok(APICallError.isInstance(error), `${error.name}: ${error.message}`);
  assert.equal(error.statusCode, row.status);
  assert.equal(error.responseHeaders["x-error-code"], row.code);
  assert.deepEqual([error.data.error.type, error.data.error.code], [row.type, row.openai]);
  assert.equal(error.message, error.data.error.message);
  assert.ok(error.responseHeaders["x-request-id"]);
}

async function beside(scene, key, ask) {
  if (!ask.beside) return () => {};
  const left = new AbortController();
  const slow = model(scene, scene.models[ask.beside], key);
  const maxOutputTokens = ask.fields?.max_tokens;
  const stream = streamText({ model: slow, prompt: QUESTION, maxOutputTokens, abortSignal: left.signal });
  await stream.textStream[Symbol.asyncIterator]().next();
  return () => left.abort();
}

async function provoke(scene, key, ask) {
  const name = ask.model ?? "sandbox/chat";
  const options = {
    model: model(scene, scene.models[name] ?? name, key),
    prompt: ask.words ? "word ".repeat(ask.words) : QUESTION,
    maxOutputTokens: ask.fields?.max_tokens,
    headers: ask.idempotent ? { "Idempotency-Key": randomUUID() } : {},
    maxRetries: 0,
  };
  const repeat = ask.repeat ?? 1;
  for (let answered = 0; answered < repeat; answered++) {
    try {
      let failure;
      const stream = ask.stream && streamText({ ...options, onError: ({ error }) => (failure = error) });
      await (stream ? stream.consumeStream() : generateText(options));
      if (failure) return failure;
    } catch (error) {
      return error;
    }
  }
  assert.fail(`${repeat} requests were answered, none refused`);
}

/** What is worth another try is tried again by the SDK itself, and answered in the end. */
async function triedAgain(scene) {
  const sent = [];
  const key = scene.keys.patient;
  const brief = scene.models.brief;
  const first = streamText({ model: model(scene, brief, key), prompt: QUESTION, maxOutputTokens: 15 });
  await first.textStream[Symbol.asyncIterator]().next();
  const again = model(scene, brief, key, { fetch: counting(sent) });
  const second = streamText({ model: again, prompt: QUESTION, maxOutputTokens: 1, maxRetries: 5 });
  assert.ok(await second.text);
  assert.ok(sent.length > 1, "the first try was answered: nothing had to be tried again");
}

/** A stream that breaks off is an error, never a clean end. */
async function cut(scene) {
  let failure;
  let heard = 0;
  const stream = streamText(asked(scene, scene.models.cut, { onError: ({ error }) => (failure = error) }));
  for await (const _ of stream.textStream) heard++;
  assert.ok(failure, "the stream ended as if it were whole");
  assert.ok(heard > 0);
  assert.match(JSON.stringify(failure.message ?? failure), /broke off/);
}

// The SDK itself refuses the value that provokes this one, and it has no call for paths of one's own.
const BEYOND = ["VALIDATION_ERROR", "AUTHORIZATION_ERROR", "NOT_FOUND", "METHOD_NOT_ALLOWED", "RATE_LIMIT_ERROR"];
const provoked = Object.entries(refusals("openai")).filter(([, row]) => !BEYOND.includes(row.code));

await main({
  "chat.keep_alive": keepAlive,
  "chat.plain": plain,
  "chat.stream": stream,
  "chat.usage_asked": usageAsked,
  "chat.tools": async (scene) => areCalls(await calls(scene, "sandbox/tool-call", ONE), "get_weather"),
  "chat.tools_streamed": async (scene) =>
    areCalls(await streamedCalls(scene, "sandbox/tool-call", ONE), "get_weather"),
  "chat.tools_parallel": async (scene) =>
    areCalls(await calls(scene, "sandbox/parallel-tool-calls", TWO), "get_weather", "get_time"),
  "chat.tools_parallel_streamed": async (scene) =>
    areCalls(await streamedCalls(scene, "sandbox/parallel-tool-calls", TWO), "get_weather", "get_time"),
  "chat.tool_results": toolResults,
  "chat.structured": structured,
  "chat.vision": vision,
  "chat.reasoning": reasoning,
  "chat.unknown_fields": unknownFields,
  "chat.hang_up": hangUp,
  "completions.plain": completion,
  "completions.stream": completionStreamed,
  "embeddings.float": embeddings,
  images,
  "refused.in_a_stream": cut,
  "refused.tried_again": triedAgain,
  ...Object.fromEntries(provoked.map(([name, row]) => [name, (scene) => refused(scene, row)])),
});
