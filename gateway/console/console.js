// Progressive enhancement only: every page works without this file.
"use strict";
// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 5000);
});
// A page that follows something that goes on is read again by itself.
const following = document.querySelector("[data-follow]");
if (following) { setTimeout(() => location.reload(), Number(following.dataset.follow) * 1000); }
// An open part of the navigation closes where somebody goes on elsewhere.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("nav details[open]")) {
    if (!open.contains(event.target)) { open.open = false; }
  }
});
