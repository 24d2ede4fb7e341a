// Shows each <button data-copy="id"> and makes it copy the text of the element with that id.
// What is put on the page later says so by the event "tollway:shown".

function show() {
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = !navigator.clipboard;
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) {
    return;
  }
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
  const word = button.querySelector("span");
  button.dataset.word ??= word.textContent;
  word.textContent = "Copied";
  setTimeout(() => { word.textContent = button.dataset.word; }, 2000);
});
document.addEventListener("tollway:shown", show);
show();
