// Counts down what stands in <span data-until="moment">; not announced, so readers are not interrupted.

const parts = [...document.querySelectorAll("[data-until]")].map((span) => ({
  span,
  until: Date.parse(span.dataset.until),
}));

function words(seconds) {
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function tick() {
  for (const { span, until } of parts) {
    span.textContent = words(Math.max(0, Math.ceil((until - Date.now()) / 1000)));
  }
}

if (parts.length) {
  tick();
  setInterval(tick, 1000);
}
