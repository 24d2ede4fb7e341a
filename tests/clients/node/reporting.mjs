// What every Node driver does alike: reads its arguments, runs its checks, prints one JSON line for each.
import { readFileSync } from "node:fs";

const AT_ONCE = 4;
const DETAIL_LENGTH = 300;
const SLOWEST = ["refused.REQUEST_TIMEOUT", "chat.keep_alive", "messages.keep_alive"];
// A body is waited for 30 seconds.
export const PATIENCE = 45_000;

export const QUESTION = "What is a rate limiter?";
export const ASKED = [{ role: "user", content: QUESTION }];
// A 1×1 picture.
export const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const WEATHER_SCHEMA = {
  type: "object",
  properties: { location: { type: "string" }, unit: { type: "string", enum: ["celsius"] } },
  required: ["location"],
};

const rows = JSON.parse(readFileSync(new URL("refusals.json", import.meta.url)));
/** The rows of the table of errors that clients of a dialect can provoke, by capability. */
export const refusals = (dialect) =>
  Object.fromEntries(
    rows
      .filter(({ ask }) => !ask.path || dialect in ask.path)
      .map((row) => [`refused.${[row.code, row.case].filter(Boolean).join("/")}`, row]),
  );

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Collect all that an asynchronous iterable gives. */
export async function all(iterable) {
  const found = [];
  for await (const each of iterable) found.push(each);
  return found;
}

/** A fetch that notes in `sent` each request that leaves. */
export function counting(sent) {
  return (...request) => {
    sent.push(request);
    return fetch(...request);
  };
}

/** Where to call (up to and including /v1), the key to call with, and the keys and models made for this client. */
export function scene([baseURL, key, file]) {
  const { keys, models, stalling } = JSON.parse(readFileSync(file));
  return { ...at(baseURL), key, keys, models, stalling: at(stalling) };
}

/** The ways to name a place; the scene's `stalling` leads to the same one, and loses the second half of every body. */
const at = (baseURL) => ({ baseURL, origin: baseURL.replace(/\/v1$/, "") });

/** Run the checks, some at once, those that wait the longest first, and print one line for each as it ends. */
export async function main(checks) {
  const where = scene(process.argv.slice(2));
  const waiting = Object.entries(checks);
  waiting.sort(([one], [other]) => SLOWEST.includes(other) - SLOWEST.includes(one));
  const work = async () => {
    while (waiting.length) {
      const [capability, check] = waiting.shift();
      const [ok, detail] = await outcome(check, where);
      console.log(JSON.stringify({ capability, ok, detail: detail.slice(0, DETAIL_LENGTH) }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function outcome(check, where) {
  try {
    await check(where);
    return [true, ""];
  } catch (error) {
    const place = /[\w.]+\.mjs:\d+/.exec((error.stack ?? "").replaceAll(/.*node_modules.*/g, ""));
    return [false, `${error.name}: ${error.message} (${place ?? "nowhere"})`.replaceAll(/\s+/g, " ")];
  }
}
