// Shows what asks for a passkey where the browser has them, and says in words what went wrong with one.

if (window.PublicKeyCredential) {
  for (const part of document.querySelectorAll("[data-passkeys]")) part.hidden = false;
  for (const part of document.querySelectorAll("[data-no-passkeys]")) part.hidden = true;
}

document.addEventListener("allauth.error", (event) => {
  const place = document.querySelector("[data-passkey-error]");
  if (!place) return;
  event.preventDefault();
  const stopped = event.detail.exception.name === "NotAllowedError";
  place.querySelector("span").textContent = stopped
    ? "No passkey was used. Nothing has changed."
    : "This browser could not use a passkey here. Try another way.";
  place.hidden = false;
});
