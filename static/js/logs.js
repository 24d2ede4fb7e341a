// Logs: a request opens beside the list without the list being read again, rows are walked by arrows, Escape closes,
// "/" searches, and a stretch of the bars is chosen by dragging or by arrows. All of it are links and forms without this.

const split = document.querySelector(".split");
const list = document.getElementById("list");
const wide = matchMedia("(min-width: 1121px)");
let opened;

function pane() {
  return document.getElementById("pane");
}

function select(link) {
  for (const row of list.querySelectorAll("tr.selected")) {
    row.classList.remove("selected");
    row.removeAttribute("aria-selected");
    row.querySelector("a").removeAttribute("aria-current");
  }
  link?.closest("tr").classList.add("selected");
  link?.closest("tr").setAttribute("aria-selected", "true");
  link?.setAttribute("aria-current", "true");
}

async function open(link) {
  const address = new URL(link.href);
  address.searchParams.set("pane", "1");
  opened = link;
  const answer = await fetch(address, { credentials: "same-origin" }).catch(() => undefined);
  if (!answer?.ok || answer.redirected) {
    location.assign(link.href);
    return;
  }
  const text = await answer.text();
  if (opened !== link) {
    return;
  }
  pane()?.remove();
  split.insertAdjacentHTML("beforeend", text);
  split.parentElement.classList.add("beside");
  select(link);
  document.dispatchEvent(new Event("tollway:shown"));
  document.getElementById("request").focus({ preventScroll: true });
}

function close() {
  const back = list.querySelector("tr.selected a");
  pane().remove();
  split.parentElement.classList.remove("beside");
  select(undefined);
  back?.focus({ preventScroll: true });
}

list.addEventListener("click", (event) => {
  const link = event.target.closest("td.when a");
  if (!link || !wide.matches || event.metaKey || event.ctrlKey || event.shiftKey) {
    return;
  }
  event.preventDefault();
  history.pushState(null, "", link.href);
  open(link);
});

split.addEventListener("click", (event) => {
  if (wide.matches && event.target.closest(".pane .close")) {
    event.preventDefault();
    history.pushState(null, "", pane().dataset.list);
    close();
  }
});

addEventListener("popstate", () => {
  const link = [...list.querySelectorAll("td.when a")].find((each) => each.href === location.href);
  if (link) {
    open(link);
  } else if (pane() && !/[0-9a-f-]{36}$/.test(location.pathname)) {
    close();
  } else {
    location.reload();
  }
});

function walk(step) {
  const links = [...list.querySelectorAll("td.when a")];
  const here = links.indexOf(document.activeElement);
  const from = here >= 0 ? here : links.findIndex((link) => link.closest("tr.selected"));
  links[Math.min(Math.max(from + step, 0), links.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("q").focus();
  } else if (event.key === "Escape" && pane()) {
    document.querySelector(".pane .close").click();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && list.contains(document.activeElement)) {
    event.preventDefault();
    walk(event.key === "ArrowDown" ? 1 : -1);
  }
});

// The bars: a stretch is chosen by dragging, or with the arrows (Shift makes it longer) and Enter.
const bars = document.querySelector("[data-bars]");
const groups = bars ? [...bars.querySelectorAll("g")] : [];
let first = -1;
let last = -1;

function mark() {
  groups.forEach((group, place) => group.classList.toggle("chosen", place >= Math.min(first, last) && place <= Math.max(first, last)));
}

function go() {
  const [from, to] = [groups[Math.min(first, last)], groups[Math.max(first, last)]];
  const query = new URLSearchParams(location.search);
  for (const name of ["before", "charge"]) {
    query.delete(name);
  }
  query.set("range", "span");
  query.set("from", from.dataset.from);
  query.set("to", to.dataset.to);
  location.assign(`${bars.dataset.bars}?${query}`);
}

function at(event) {
  const box = bars.getBoundingClientRect();
  const place = Math.floor(((event.clientX - box.left) / box.width) * groups.length);
  return Math.min(Math.max(place, 0), groups.length - 1);
}

if (groups.length) {
  bars.tabIndex = 0;
  bars.setAttribute("role", "group");
  bars.setAttribute("aria-label", "Choose a stretch: arrows move, Shift and arrows make it longer, Enter shows it");
  bars.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && event.pointerType !== "touch") {
      first = last = at(event);
      bars.setPointerCapture(event.pointerId);
      mark();
    }
  });
  bars.addEventListener("pointermove", (event) => {
    if (bars.hasPointerCapture(event.pointerId)) {
      last = at(event);
      mark();
    }
  });
  bars.addEventListener("pointerup", (event) => {
    if (bars.hasPointerCapture(event.pointerId)) {
      go();
    }
  });
  bars.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      last = Math.min(Math.max((last < 0 ? groups.length : last) + step, 0), groups.length - 1);
      first = event.shiftKey && first >= 0 ? first : last;
      mark();
    } else if (event.key === "Enter" && first >= 0) {
      go();
    } else if (event.key === "Escape" && first >= 0) {
      event.stopPropagation();
      first = last = -1;
      mark();
    }
  });
}
