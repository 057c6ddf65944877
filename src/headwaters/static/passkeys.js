// Passkeys: forms with data-passkey ask the browser and then go out as any other form.
"use strict";
(() => {
  const forms = document.querySelectorAll("form[data-passkey]");
  const able = window.PublicKeyCredential && PublicKeyCredential.parseCreationOptionsFromJSON
    && PublicKeyCredential.parseRequestOptionsFromJSON && PublicKeyCredential.prototype.toJSON ? true : false;
  for (const words of document.querySelectorAll("[data-passkeys-unable]")) {
    words.hidden = able;
    words.classList.add("told");
  }
  if (!able) return;

  const options = async (form) => {
    const fields = new URLSearchParams();
    if (form.elements.csrf) fields.set("csrf", form.elements.csrf.value);
    const answer = await fetch(form.dataset.options, { method: "POST", body: fields });
    const data = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(data.error.message), { name: "Refused" });
    return data;
  };

  const credential = async (form) => {
    if (form.dataset.passkey === "create") {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await options(form));
      return navigator.credentials.create({ publicKey });
    }
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await options(form));
    return navigator.credentials.get({ publicKey });
  };

  const why = (form, error) => {
    if (error.name === "Refused") return error.message;
    if (error.name === "NotAllowedError" || error.name === "AbortError") return form.dataset.cancelled;
    if (error.name === "InvalidStateError") return form.dataset.known;
    if (error.name === "TypeError" || error.name === "SyntaxError") return form.dataset.offline;
    return form.dataset.failed;
  };

  for (const form of forms) {
    const said = form.querySelector("[data-said]");
    const button = form.querySelector("button");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      said.hidden = true;
      try {
        form.elements.credential.value = JSON.stringify((await credential(form)).toJSON());
        form.submit();
      } catch (error) {
        said.textContent = why(form, error);
        said.hidden = false;
        button.disabled = false;
        button.focus();
      }
    });
  }
  // A page that comes back from the browser's memory is as it was left: its buttons work again.
  addEventListener("pageshow", () => { for (const form of forms) form.querySelector("button").disabled = false; });
})();
