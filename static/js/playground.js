// The playground: sends the prompt to one or two models over /v1 with a short pass, and shows each answer as plain text.

const form = document.querySelector("form.play");
const players = new Map(JSON.parse(document.getElementById("players").textContent).map((each) => [each.id, each]));
const send = form.querySelector("[data-send]");
const stop = form.querySelector("[data-stop]");
const clear = form.querySelector("[data-clear]");
const estimate = form.querySelector("[data-estimate]");
const shown = document.querySelector("[data-code]");
const languages = document.querySelector("[data-languages]");
const talks = new Map(
  [...form.querySelectorAll("[data-talk]")].map((section) => [
    section.dataset.talk,
    { section, turns: section.querySelector(".turns"), said: [] },
  ]),
);
const MARGIN = 60_000; // a pass is renewed so long before its end
let pass = { token: "", until: 0 };
let stopping = null;
let language = "curl";
let asked = 0;

const LANGUAGES = {
  curl: (origin, body) => `curl -N ${origin}/v1/chat/completions \\
  -H "Authorization: Bearer $TOLLWAY_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify({ ...body, stream: true }, null, 2).replaceAll("'", "'\\''")}'`,
  // JSON is Python but for three words, which no field of these bodies has outside its texts.
  python: (origin, body) => `import os

from openai import OpenAI

client = OpenAI(base_url="${origin}/v1", api_key=os.environ["TOLLWAY_API_KEY"])
answer = client.chat.completions.create(
    ${Object.entries(body).map(([name, value]) => `${name}=${JSON.stringify(value)},`).join("\n    ")}
)
print(answer.choices[0].message.content, answer.usage.cost)`,
  node: (origin, body) => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${origin}/v1", apiKey: process.env.TOLLWAY_API_KEY });
const answer = await client.chat.completions.create(${JSON.stringify(body, null, 2)});
console.log(answer.choices[0].message.content, answer.usage.cost);`,
};

function field(name) {
  return form.elements.namedItem(name).value.trim();
}

function chosen() {
  return ["a", "b"].filter((place) => field(place)).map((place) => [talks.get(place), field(place)]);
}

// What goes out is built here and nowhere else: for sending, for the estimate and for the code.
function bodyFor(model, said) {
  const image = players.get(model).images ? field("image") : "";
  const words = field("prompt");
  const content = image
    ? [{ type: "text", text: words }, { type: "image_url", image_url: { url: image } }]
    : words;
  const system = field("system") ? [{ role: "system", content: field("system") }] : [];
  const body = { model, messages: [...system, ...said, { role: "user", content }] };
  if (field("max_tokens")) {
    body.max_tokens = Number(field("max_tokens"));
  }
  if (field("temperature")) {
    body.temperature = Number(field("temperature"));
  }
  return body;
}

async function token() {
  if (Date.now() < pass.until) {
    return pass.token;
  }
  const csrf = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const response = await fetch(form.dataset.pass, { method: "POST", headers: { "X-CSRFToken": csrf } });
  const kind = response.headers.get("Content-Type") ?? "";
  const told = kind.startsWith("application/json") ? await response.json() : {};
  if (!response.ok || !told.token) {
    throw new Error(told.message ?? "You are not signed in any more, or may only look. Load this page again.");
  }
  pass = { token: told.token, until: Date.now() + told.seconds * 1000 - MARGIN };
  return pass.token;
}

async function call(path, body, signal) {
  return fetch(path, {
    method: body ? "POST" : "GET",
    credentials: "omit", // /v1 knows no cookies
    headers: {
      Authorization: `Bearer ${await token()}`,
      "Content-Type": "application/json",
      Accept: "application/json",
    },
    body: body && JSON.stringify(body),
    signal,
  });
}

function element(name, kind, text = "") {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text; // never HTML: what a model writes is data
  return made;
}

function milliseconds(value) {
  return value < 1000 ? `${Math.round(value)}\u00a0ms` : `${(value / 1000).toFixed(2)}\u00a0s`;
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") {
        yield JSON.parse(line.slice(6));
      }
    }
  }
}

// The receipt tells the charge of every answer, also of one that was stopped; it is there a moment later.
async function receiptOf(requestId) {
  for (let tries = 0; tries < 8; tries += 1) {
    const response = await call(`/v1/generation?id=${encodeURIComponent(requestId)}`);
    if (response.ok) {
      return (await response.json()).data;
    }
    await new Promise((done) => { setTimeout(done, 500); });
  }
  return null;
}

function facts(turn, requestId, receipt) {
  const first = turn.first === null ? [] : [`first token ${milliseconds(turn.first)}`];
  const whole = milliseconds(performance.now() - turn.begun);
  const charge = receipt ? [`$${Number(receipt.total_cost).toFixed(9)}`] : [];
  const tokens = receipt ? [`${receipt.tokens_prompt} in, ${receipt.tokens_completion} out`] : [];
  turn.facts.textContent = [...charge, ...first, whole, ...tokens].join(" · ");
  if (requestId) {
    const link = element("a", "link mono", requestId);
    link.href = form.dataset.log.replace("00000000-0000-0000-0000-000000000000", requestId);
    turn.facts.append(document.createElement("br"), link);
  }
}

async function failed(response) {
  const { error } = await response.json();
  return `${response.status} ${response.headers.get("X-Error-Code") ?? ""}: ${error.message} Nothing was charged.`;
}

function begin(talk, model, words) {
  talk.section.querySelector(".hint")?.remove();
  const answer = element("p", "answer");
  const facts = element("p", "told small quiet");
  talk.turns.append(element("p", "asked", words), element("p", "by small mono", model), answer, facts);
  return { answer, facts, begun: performance.now(), first: null };
}

async function answerInto(talk, model, signal) {
  const body = bodyFor(model, talk.said);
  const turn = begin(talk, model, field("prompt"));
  let requestId = null;
  try {
    const response = await call("/v1/chat/completions", { ...body, stream: true }, signal);
    requestId = response.headers.get("X-Request-Id");
    if (!response.ok) {
      turn.answer.classList.add("wrong");
      turn.answer.textContent = await failed(response);
      return;
    }
    for await (const event of events(response)) {
      if (event.error) {
        turn.facts.before(element("p", "wrong", `It broke off: ${event.error.message}`));
      }
      const piece = event.choices?.[0]?.delta?.content;
      if (piece) {
        turn.first ??= performance.now() - turn.begun;
        turn.answer.append(piece);
        talk.turns.scrollTop = talk.turns.scrollHeight;
      }
    }
  } catch (problem) {
    if (problem.name !== "AbortError") {
      turn.facts.before(element("p", "wrong", problem.message));
    } else {
      turn.facts.before(element("p", "quiet small", "Stopped by you: what was written until then is charged."));
    }
  }
  facts(turn, requestId, requestId && (await receiptOf(requestId).catch(() => null)));
  talk.said = [...body.messages.filter(({ role }) => role !== "system"), { role: "assistant", content: turn.answer.textContent }];
}

async function submit() {
  if (stopping || !form.reportValidity()) {
    return;
  }
  stopping = new AbortController();
  send.disabled = true;
  send.setAttribute("aria-busy", "true");
  stop.hidden = false;
  await Promise.all(chosen().map(([talk, model]) => answerInto(talk, model, stopping.signal)));
  stopping = null;
  send.disabled = false;
  send.removeAttribute("aria-busy");
  stop.hidden = true;
  clear.hidden = false;
  form.elements.namedItem("prompt").value = "";
  form.elements.namedItem("prompt").focus();
  changed();
}

// By the very steps that would let the request in; nothing is sent upstream and nothing is charged.
async function foresee() {
  const mine = (asked += 1);
  if (!field("prompt") || stopping) {
    estimate.textContent = "";
    return;
  }
  try {
    const told = await Promise.all(
      chosen().map(async ([talk, model]) => {
        const response = await call("/v1/route/simulate", bodyFor(model, talk.said));
        const { data } = response.ok ? await response.json() : { data: null };
        return [model, data];
      }),
    );
    if (mine === asked) {
      estimate.textContent = told.map(([model, data]) => foreseen(model, data, told.length > 1)).join(" ");
    }
  } catch (problem) {
    estimate.textContent = problem.message;
  }
}

function foreseen(model, data, named) {
  const who = named ? `${model}: ` : "";
  if (!data) {
    return `${who}The price cannot be told right now.`;
  }
  return data.admitted ? `${who}at most $${data.hold}.` : `${who}${data.refusal.message}`;
}

let waiting = null;
function changed() {
  talks.get("b").section.hidden = !field("b");
  form.querySelector("[data-talks]").classList.toggle("two", Boolean(field("b")));
  const reads = chosen().some(([, model]) => players.get(model).images);
  form.elements.namedItem("image").disabled = !reads;
  form.querySelector("[data-image-hint]").textContent = reads
    ? "Sent with the prompt to models that read images."
    : "The chosen model reads no images.";
  shown.textContent = LANGUAGES[language](form.dataset.origin, bodyFor(field("a"), talks.get("a").said));
  clearTimeout(waiting);
  waiting = setTimeout(foresee, 700);
}

form.addEventListener("input", changed);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
form.elements.namedItem("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    submit();
  }
});
stop.addEventListener("click", () => stopping?.abort());
clear.addEventListener("click", () => {
  for (const talk of talks.values()) {
    talk.said = [];
    talk.turns.replaceChildren();
  }
  clear.hidden = true;
  changed();
});
languages.addEventListener("click", ({ target }) => {
  if (target.dataset.language) {
    language = target.dataset.language;
    for (const button of languages.querySelectorAll("[data-language]")) {
      button.setAttribute("aria-pressed", String(button === target));
    }
    changed();
  }
});
languages.hidden = false;
send.disabled = false;
changed();
