// Shows each <button data-copy="id"> and makes it copy the text of the element with that id.

for (const button of document.querySelectorAll("button[data-copy]")) {
  const word = button.querySelector("span");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    word.textContent = "Copied";
    setTimeout(() => { word.textContent = "Copy"; }, 2000);
  });
}
