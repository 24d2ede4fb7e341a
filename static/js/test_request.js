// Sends one short request with the key that the page shows, and says what came of it.

const button = document.querySelector("button[data-test]");
const told = document.querySelector("[data-told]");

async function answerOf(key, model) {
  const begun = performance.now();
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    credentials: "omit",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ model, max_tokens: 16, messages: [{ role: "user", content: "Say hello." }] }),
  });
  const milliseconds = Math.round(performance.now() - begun);
  if (response.ok) {
    const cost = response.headers.get("X-Tollway-Cost");
    return `It works: ${model} answered in ${milliseconds} ms${cost ? ` for $${cost}` : ""}.`;
  }
  const { error } = await response.json();
  return `${response.status} ${response.headers.get("X-Error-Code") ?? ""}: ${error.message}`;
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    try {
      told.textContent = await answerOf(document.getElementById("secret").textContent, button.dataset.test);
    } catch {
      told.textContent = "The request did not come through. Nothing was charged.";
    }
    button.removeAttribute("aria-busy");
  });
}
