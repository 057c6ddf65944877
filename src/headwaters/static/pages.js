// Niceties. Every page works without this file.
"use strict";
(() => {
  const all = (selector) => document.querySelectorAll(selector);
  const said = document.getElementById("said");
  const say = (text) => { if (said) { said.textContent = ""; setTimeout(() => { said.textContent = text; }, 50); } };

  // Copy buttons: the text of the element that data-copy names. The button says so for a moment.
  for (const button of all("[data-copy]")) {
    const source = document.querySelector(button.dataset.copy);
    if (!source || !navigator.clipboard) continue;
    button.hidden = false;
    const word = button.textContent;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(source.textContent.trim());
      } catch {
        getSelection().selectAllChildren(source);
        return;
      }
      button.textContent = "✓ " + word;
      say("✓ " + word);
      setTimeout(() => { button.textContent = word; }, 2000);
    });
  }

  // Amounts to pick from.
  for (const group of all(".presets[data-for]")) {
    const field = document.getElementById(group.dataset.for);
    if (!field) continue;
    group.hidden = false;
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      field.value = button.value;
      field.focus();
    });
  }

  // A field that is only needed with a tick.
  for (const part of all("[data-with]")) {
    const tick = part.closest("form")?.elements[part.dataset.with];
    if (!tick) continue;
    const show = () => { part.hidden = !tick.checked; };
    tick.addEventListener("change", show);
    show();
  }

  // One thing plays at a time.
  document.addEventListener("play", (event) => {
    for (const other of all("audio,video")) if (other !== event.target) other.pause();
  }, true);
})();
