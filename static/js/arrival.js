// Asks every second and a half whether a request of the key has arrived, and says so; pauses while nobody looks.

const line = document.querySelector("[data-arrival]");
const EVERY = 1500;
const LONGEST = 30 * 60 * 1000;
const begun = Date.now();

function tell({ id, words }) {
  const first = !line.dataset.known;
  line.dataset.known = id;
  const badge = line.querySelector("[data-badge]");
  badge.className = "badge ok";
  badge.textContent = first ? "Your first request arrived" : "Another request arrived";
  line.querySelector("[data-words]").textContent = words;
}

async function look() {
  if (!document.hidden) {
    const response = await fetch(line.dataset.arrival, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) {
      return false;
    }
    const told = await response.json();
    if (told.id && told.id !== line.dataset.known) {
      tell(told);
    }
  }
  return Date.now() - begun < LONGEST;
}

async function watch() {
  let going = true;
  try {
    going = await look();
  } catch {
    going = Date.now() - begun < LONGEST; // the network is away for a moment
  }
  if (going) {
    setTimeout(watch, EVERY);
  } else {
    document.querySelector("[data-hint]").textContent = "Nobody looks any more. Load this page again to go on.";
  }
}

if (line) {
  document.querySelector("[data-hint]").textContent = "It appears here within two seconds, with its charge.";
  setTimeout(watch, EVERY);
}
