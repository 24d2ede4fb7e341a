// Asks every three seconds whether requests came to the list, and says so above it; no row moves. Rests while the page
// is hidden, and when it is told to.

const EVERY = 3000;
const news = document.querySelector("[data-news]");
const link = news?.querySelector("a");
const badge = document.querySelector("[data-live-badge]");
const pause = document.querySelector("[data-live-pause]");
let resting = false;
let failures = 0;
let asked = 0;

function say(word) {
  badge.hidden = false;
  badge.classList.toggle("idle", word !== "Live");
  badge.classList.toggle("live", word === "Live");
  badge.querySelector("[data-live-word]").textContent = word;
}

async function ask() {
  if (resting || document.hidden || Date.now() - asked < EVERY * Math.min(2 ** failures, 20)) {
    return;
  }
  asked = Date.now();
  try {
    const answer = await fetch(news.dataset.news, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) {
      throw new Error(answer.statusText);
    }
    const found = await answer.json();
    failures = 0;
    say("Live");
    if (found.new) {
      const text = `${found.more ? `more than ${found.new}` : found.new} new`;
      link.hidden = false;
      if (link.textContent !== text) {
        link.textContent = text;
      }
    }
  } catch {
    failures += 1;
    say("Not live");
  }
}

if (news) {
  say("Live");
  pause.hidden = false;
  pause.addEventListener("click", () => {
    resting = !resting;
    pause.textContent = resting ? "Go on" : "Pause";
    say(resting ? "Paused" : "Live");
    ask();
  });
  document.addEventListener("visibilitychange", ask);
  asked = Date.now();
  setInterval(ask, 1000);
}
