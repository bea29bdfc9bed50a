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

// Times: the server writes them in UTC. Here they become those of the visitor's time zone; those of tables and facts also
// become relative, and are exact on hover.
const dateTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short" });
const exactTime = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
const relativeTime = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const units = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];

function describe(time) {
  const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? [];
  return unit ? relativeTime.format(Math.round(seconds / size), unit) : seconds > 0 ? "in a moment" : "just now";
}

function localize(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.dateTime);
    const text = "relative" in time.dataset ? describe(time) : dateTime.format(date);
    if (time.textContent !== text)
      time.textContent = text;
    time.title = exactTime.format(date);
  }
}

localize(document);
setInterval(() => localize(document), 15_000);

// A block that htmx has replaced. If it says what has changed, that is announced.
document.addEventListener("htmx:load", event => {
  if (event.detail.elt === document.body)
    return;
  localize(event.detail.elt.parentElement ?? document);
  const news = event.detail.elt.querySelector("[data-say]");
  if (news)
    say(news.textContent.trim());
});

// The menu of the header closes like any other menu.
const menus = document.querySelectorAll(".menu details");
document.addEventListener("click", event => close(menu => !menu.contains(event.target)));
document.addEventListener("keydown", event => {
  if (event.key === "Escape")
    close(menu => menu.contains(document.activeElement));
});

function close(which) {
  for (const menu of menus) {
    if (!menu.open || !which(menu))
      continue;
    if (menu.contains(document.activeElement))
      menu.querySelector("summary").focus();
    menu.open = false;
  }
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
  // A download leaves the page as it is.
  if ("download" in event.target.dataset)
    return;
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
