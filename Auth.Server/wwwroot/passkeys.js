// Passkeys need this script: it hands the page's question to the browser, and the browser's answer to the form.
"use strict";

const knowsPasskeys = window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;
let offer = null;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !knowsPasskeys;
  if (!knowsPasskeys)
    continue;
  const creates = form.dataset.passkey === "create";
  const options = JSON.parse(form.dataset.options);
  const error = form.querySelector(".field-error");
  let asking = false;

  form.addEventListener("submit", async event => {
    if (form.elements.answer.value)
      return;
    event.preventDefault();
    event.stopPropagation();
    if (asking)
      return;
    asking = true;
    error.textContent = "";
    // A browser asks one question at a time.
    offer?.abort();
    try {
      send(await ask(creates, options));
    } catch (refusal) {
      error.textContent = refusal.name === "InvalidStateError"
        ? "This device has a passkey of yours already."
        : "No passkey was given. Try again, or go another way.";
    } finally {
      asking = false;
    }
  });

  if (form.dataset.offersAutofill === "True")
    offerAutofill();

  function send(credential) {
    form.elements.answer.value = JSON.stringify(credential);
    form.requestSubmit();
  }

  // The browser lists passkeys where it would fill in a name and a password.
  async function offerAutofill() {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.())
      return;
    offer = new AbortController();
    try {
      send(await ask(false, options, { mediation: "conditional", signal: offer.signal }));
    } catch {
      // Nobody chose one.
    }
  }
}

for (const note of document.querySelectorAll("[data-without-passkeys]"))
  note.hidden = knowsPasskeys;

function ask(creates, options, how = {}) {
  return creates
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...how });
}
