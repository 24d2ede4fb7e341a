// Completions, embeddings, ranking and images through the npm package `openai`.
import assert from "node:assert/strict";
import { client } from "./openai_chat.mjs";
import { all, QUESTION } from "./reporting.mjs";

const TEXTS = ["a limit on requests", "a red bicycle"];
const PNG = "89504e47";
const COMPLETION = { model: "sandbox/chat", prompt: QUESTION, max_tokens: 20 };

async function completion(scene) {
  const answer = await client(scene).completions.create(COMPLETION);
  assert.deepEqual([answer.object, answer.model], ["text_completion", "sandbox/chat"]);
  assert.ok(answer.choices[0].text);
  assert.ok(answer.usage.completion_tokens > 0);
}

async function completionStreamed(scene) {
  const api = client(scene);
  const whole = (await api.completions.create(COMPLETION)).choices[0].text;
  const chunks = await all(await api.completions.create({ ...COMPLETION, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), whole);
  assert.equal(chunks.at(-1).choices[0].finish_reason, "length");
}

const embed = (scene, input, encoding_format) =>
  client(scene).embeddings.create({ model: "sandbox/embedding", input, encoding_format });

async function embeddings(scene) {
  const answer = await embed(scene, TEXTS, "float");
  assert.deepEqual(answer.data.map(({ index }) => index), [0, 1]);
  for (const { embedding } of answer.data) {
    const square = embedding.reduce((sum, x) => sum + x * x, 0);
    assert.ok(Math.abs(square - 1) < 1e-3);
  }
  assert.deepEqual([answer.object, answer.model], ["list", "sandbox/embedding"]);
  assert.ok(answer.usage.prompt_tokens > 0);
}

async function embeddingsBase64(scene) {
  const plain = await embed(scene, TEXTS[0], "float");
  const packed = await embed(scene, TEXTS[0], "base64");
  // The client asks for base64 by itself and unpacks it.
  const unsaid = await embed(scene, TEXTS[0]);
  const vector = plain.data[0].embedding;
  assert.equal(Buffer.from(packed.data[0].embedding, "base64").length, 4 * vector.length);
  assert.ok(unsaid.data[0].embedding.every((x, place) => Math.abs(x - vector[place]) < 1e-6));
}

async function rerank(scene) {
  const body = { model: "sandbox/rerank", query: TEXTS[0], documents: TEXTS.toReversed(), top_n: 1 };
  const answer = await client(scene).post("/rerank", { body });
  assert.equal(answer.results.length, 1);
  assert.equal(answer.results[0].index, 1);
  for (const name of ["id", "model", "usage", "provider"]) assert.ok(name in answer, name);
}

async function images(scene) {
  const asked = { model: "sandbox/image", prompt: "A toll gate", n: 2, response_format: "b64_json" };
  const answer = await client(scene).images.generate(asked);
  const heads = answer.data.map((image) => Buffer.from(image.b64_json, "base64").subarray(0, 4).toString("hex"));
  assert.deepEqual(heads, [PNG, PNG]);
}

export const others = {
  "completions.plain": completion,
  "completions.stream": completionStreamed,
  "embeddings.float": embeddings,
  "embeddings.base64": embeddingsBase64,
  rerank,
  images,
};
