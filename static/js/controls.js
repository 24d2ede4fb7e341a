// Forms with data-live are sent as soon as a choice is made; the button that does it without script goes away.
// A menu (<details data-menu>) closes by Escape and by a click elsewhere.

for (const form of document.querySelectorAll("form[data-live]")) {
  for (const button of form.querySelectorAll("[data-plain]")) {
    button.hidden = true;
  }
  form.addEventListener("change", () => form.requestSubmit());
}

const menus = [...document.querySelectorAll("details[data-menu]")];

document.addEventListener("click", (event) => {
  for (const menu of menus) {
    menu.open &&= menu.contains(event.target);
  }
});
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && menus.find((menu) => menu.open);
  if (open) {
    open.open = false;
    open.querySelector("summary").focus();
    event.stopPropagation();
  }
});
