// Niceties of a thread: an unsent answer outlives its tab, saved answers go in at the cursor, Ctrl+Enter sends.
"use strict";
(() => {
  const KEPT_FOR = 14 * 24 * 3600 * 1000;
  const store = (area, use) => { try { return use(window[area]); } catch { return null; } };
  const read = (area, key) => store(area, (place) => JSON.parse(place.getItem(key)));
  const write = (area, key, value) => store(area, (place) => place.setItem(key, JSON.stringify(value)));
  const drop = (area, key) => store(area, (place) => place.removeItem(key));

  // Old ones go, whoever forgot them.
  store("localStorage", (place) => {
    for (const key of Object.keys(place)) {
      if (key.startsWith("answer ") && !(Date.now() - (read("localStorage", key)?.at ?? 0) < KEPT_FOR)) drop("localStorage", key);
    }
  });

  // The page says that an answer was sent: the draft goes, if it is that very text.
  const sent = read("sessionStorage", "sent");
  if (document.querySelector("[data-sent]") && sent) {
    if (read("localStorage", sent.key)?.text === sent.text) drop("localStorage", sent.key);
    drop("sessionStorage", "sent");
  }

  const form = document.getElementById("answer");
  if (!form) return;
  const box = form.elements.body;
  const key = "answer " + form.dataset.thread;
  const line = document.getElementById("draft");
  const keep = () => {
    if (box.value.trim()) write("localStorage", key, { text: box.value, at: Date.now() });
    else drop("localStorage", key);
    line.hidden = !box.value.trim();
  };

  const draft = read("localStorage", key);
  if (draft?.text && !box.value) {
    box.value = draft.text;
    document.getElementById("draft-back").hidden = false;
    line.hidden = false;
  } else if (box.value) keep();
  box.addEventListener("input", keep);
  line.querySelector("button").addEventListener("click", () => { box.value = ""; keep(); box.focus(); });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.id !== "insert") write("sessionStorage", "sent", { key, text: box.value });
  });

  document.getElementById("keys").hidden = false;
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button.go"));
    }
  });

  const insert = document.getElementById("insert");
  insert?.addEventListener("click", async (event) => {
    if (insert.dataset.plain) return;
    event.preventDefault();
    try {
      const answer = await fetch(form.dataset.saved + form.elements.saved.value, { redirect: "error" });
      if (!answer.ok) throw new Error();
      box.setRangeText(await answer.text(), box.selectionStart, box.selectionEnd, "end");
      keep();
      box.focus();
    } catch {
      insert.dataset.plain = "1";  // the page itself does it
      form.requestSubmit(insert);
    }
  });
})();
