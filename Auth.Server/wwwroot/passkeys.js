// Passkeys need this script: it passes the page's request to the browser, and the browser's answer to the form.
"use strict";

const supportsPasskeys = window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;
let autofill = null;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !supportsPasskeys;
  if (!supportsPasskeys)
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
    // A browser handles one request at a time.
    autofill?.abort();
    try {
      send(await ask(creates, options));
    } catch (refusal) {
      error.textContent = refusal.name === "InvalidStateError"
        ? "This device already has a passkey of yours."
        : "No passkey was received. Try again, or choose another way.";
    } finally {
      asking = false;
    }
  });

  if (form.dataset.offersAutofill === "True")
    startAutofill();

  function send(credential) {
    form.elements.answer.value = JSON.stringify(credential);
    form.requestSubmit();
  }

  // Autofill: the browser offers passkeys where it would fill in a name and a password.
  async function startAutofill() {
    if (!await PublicKeyCredential.isConditionalMediationAvailable?.())
      return;
    autofill = new AbortController();
    try {
      send(await ask(false, options, { mediation: "conditional", signal: autofill.signal }));
    } catch {
      // No passkey was chosen.
    }
  }
}

for (const note of document.querySelectorAll("[data-without-passkeys]"))
  note.hidden = supportsPasskeys;

function ask(creates, options, extra = {}) {
  return creates
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...extra });
}
