// All pages work without this script; it saves clicks and mistakes.
"use strict";

// Copy buttons are hidden if there is no script to make them work.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  let shown;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const copied = await copy(field);
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    button.classList.toggle("done", copied);
    say(copied ? `${field.labels[0].textContent} copied` : "Not copied. The text is selected: press Ctrl+C.");
    clearTimeout(shown);
    shown = setTimeout(() => {
      button.textContent = label;
      button.classList.remove("done");
    }, 4000);
  });
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.select();
    return document.execCommand("copy");
  }
}

// Announces a text to screen readers.
function say(text) {
  const spoken = document.getElementById("spoken");
  spoken.textContent = "";
  setTimeout(() => { spoken.textContent = text; }, 50);
}

// Updates the progress of new credentials, for ten minutes.
for (const news of document.querySelectorAll("[data-news]")) {
  const until = Date.now() + 600_000;
  const timer = news.dataset.news && setInterval(async () => {
    if (Date.now() > until)
      clearInterval(timer);
    const answer = await fetch(news.dataset.news, { redirect: "error" }).catch(() => null);
    if (!answer?.ok)
      return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").body;
    if (fresh.textContent.trim() !== news.textContent.trim())
      news.replaceChildren(...fresh.childNodes);
  }, 3000);
}

// An invitation's code comes after the link's #, which is not sent to servers. This posts it in the form, and removes it
// from the history.
const codeForm = document.querySelector("form[data-code]");
if (codeForm && location.hash.length > 1) {
  codeForm.elements.code.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  codeForm.requestSubmit();
}

// A double click sends a form once. The buttons stay enabled, because the value of a disabled one would not be sent.
document.addEventListener("submit", event => {
  if (event.target.hasAttribute("aria-busy"))
    event.preventDefault();
  else
    event.target.setAttribute("aria-busy", "true");
});

// The browser restores a page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]"))
    form.removeAttribute("aria-busy");
});
