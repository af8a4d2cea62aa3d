// The form works without this: here files may also be dropped anywhere on the page.
"use strict";

const form = document.querySelector("#send");
const input = document.querySelector("#files");
const hint = document.querySelector("#hint");
const error = document.querySelector("#error");
const maximum = Number(form.dataset.maximumBytes);

hint.textContent = "Or drop them here. They stay on this machine.";

// The server checks too; asked here, nobody waits for an upload in vain.
function areSmallEnough() {
  const files = [...input.files];
  if (files.reduce((sum, file) => sum + file.size, 0) <= maximum) return true;
  const names = files.map((file) => file.name).join(" ");
  error.textContent = `${names}: More than ${maximum / 1e6} MB; give smaller files.`;
  error.hidden = false;
  return false;
}

function show(button) {
  error.hidden = true;
  button.textContent = "Reading and drawing …";
  // Disabled at once, a button would not be sent.
  setTimeout(() => document.querySelectorAll("button").forEach((each) => { each.disabled = true; }));
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
  if (event.dataTransfer.files.length === 0) return;
  input.files = event.dataTransfer.files;
  form.requestSubmit();
});
form.addEventListener("submit", (event) => {
  if (areSmallEnough()) show(form.querySelector("button"));
  else event.preventDefault();
});
document.querySelector("#examples").addEventListener("submit", (event) => show(event.submitter));
// Coming back by the browser's button, the page must be ready again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) window.location.reload();
});

const answer = document.querySelector("#answer");
if (answer) answer.focus();
