// The form works without this: here a file may also be dropped anywhere on the page.
"use strict";

const form = document.querySelector("form");
const input = form.querySelector("input");
const button = form.querySelector("button");
const hint = document.querySelector("#hint");
const error = document.querySelector("#error");
const maximum = Number(form.dataset.maximumBytes);

hint.textContent = "Or drop it here. It stays on this machine.";

function refuse(reason) {
  error.textContent = reason;
  error.hidden = false;
}

// The server checks too; asked here, nobody waits for an upload in vain.
function isSmallEnough() {
  const file = input.files[0];
  if (file && file.size > maximum) {
    refuse(`${file.name}: The file is larger than ${maximum / 1e6} MB; give a smaller one.`);
    return false;
  }
  return true;
}

document.addEventListener("dragover", (event) => {
  event.preventDefault();
  form.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) form.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  if (event.dataTransfer.files.length !== 1) {
    refuse("Drop one file at a time.");
    return;
  }
  input.files = event.dataTransfer.files;
  form.requestSubmit();
});
form.addEventListener("submit", (event) => {
  if (!isSmallEnough()) {
    event.preventDefault();
    return;
  }
  error.hidden = true;
  button.disabled = true;
  button.textContent = "Simulating and asking …";
});
// Coming back by the browser's button, the page must be ready again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

const answer = document.querySelector("#answer");
if (answer) answer.focus();
