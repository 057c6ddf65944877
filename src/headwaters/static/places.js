// What this device remembers for players and books: where one stopped, by the fingerprint of what it is, and how fast
// one likes it. It tells nobody.
"use strict";
const places = (() => {
  const OURS = "place:";
  const quietly = (work) => { try { return work(); } catch { return null; } }; // it is full, or switched off
  const keys = () => quietly(() => Object.keys(localStorage).filter((key) => key.startsWith(OURS))) ?? [];
  const get = (key) => quietly(() => localStorage.getItem(OURS + key));

  // A word about it, and a way to forget.
  const line = document.querySelector("[data-places]");
  const words = line?.dataset ?? {};
  let forgotten = false;
  const tell = () => { if (line && !forgotten && keys().length) line.hidden = false; };
  line?.querySelector("button").addEventListener("click", (event) => {
    forgotten = true;
    for (const key of keys()) quietly(() => localStorage.removeItem(key));
    const said = Object.assign(document.createElement("span"), { textContent: event.target.dataset.said });
    said.setAttribute("role", "status");
    event.target.replaceWith(said);
  });
  tell();

  // Books that were begun: their links lead to where one stopped.
  for (const link of document.querySelectorAll("a[data-go-on]")) {
    const [page] = (get(link.dataset.goOn) ?? "").split(":");
    if (!page || !words.readOn) continue;
    link.href += "/" + page;
    link.firstChild.textContent = words.readOn.replace("[page]", page);
  }

  return {
    words,
    get,
    keep(key, value) {
      if (!key || forgotten) return;
      quietly(() => localStorage.setItem(OURS + key, value));
      tell();
    },
    drop(key) { quietly(() => localStorage.removeItem(OURS + key)); },
  };
})();
