// A book on a page: keeps the place on this device, by the fingerprint of what is read, and turns pages with the arrow
// keys. Every book can be read without this file. It tells nobody.
"use strict";
(() => {
  const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);
  const OURS = "place:";
  const store = {
    get(key) { try { return localStorage.getItem(OURS + key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(OURS + key, value); } catch { /* full, or switched off */ } },
    drop(key) { try { localStorage.removeItem(OURS + key); } catch { /* the same */ } },
    keys() { try { return Object.keys(localStorage).filter((key) => key.startsWith(OURS)); } catch { return []; } },
  };

  // A word about it, and a way to forget.
  const places = document.querySelector("[data-places]");
  let forgotten = false;
  const tell = () => { if (places && !forgotten && store.keys().length) places.hidden = false; };
  places?.querySelector("button").addEventListener("click", (event) => {
    forgotten = true;
    for (const key of store.keys()) store.drop(key.slice(OURS.length));
    const said = make("span", { textContent: event.target.dataset.said });
    said.setAttribute("role", "status");
    event.target.replaceWith(said);
  });
  const remember = (key, value) => { if (key && !forgotten) { store.set(key, value); tell(); } };
  tell();

  // A book: the page, and how far down one was.
  const book = document.querySelector(".book[data-place]");
  if (book) {
    const { place: key, page } = book.dataset;
    const [was, share] = (store.get(key) ?? "").split(":");
    const height = () => document.documentElement.scrollHeight - innerHeight;
    if (was === page && share > 0.01 && !location.hash) scrollTo(0, share * height());
    else if (was && was !== page && page === "1" && places) {
      const link = make("a", { href: was, textContent: places.dataset.goOn.replace("[page]", was) });
      const line = make("p", { className: "notice" });
      line.append(link);
      book.before(line);
    }
    let due = 0;
    let moved = false;
    addEventListener("scroll", () => {
      moved = true;
      clearTimeout(due);
      due = setTimeout(() => remember(key, `${page}:${(scrollY / Math.max(height(), 1)).toFixed(3)}`), 400);
    }, { passive: true });
    if (page !== "1" && was !== page) setTimeout(() => { if (!moved) remember(key, `${page}:0`); }, 2000);
  }

  // Arrow keys turn pages.
  const turn = document.querySelector("nav.turn");
  const typing = (event) => event.target.closest("input,textarea,select,audio,video,dialog") || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey;
  if (turn) document.addEventListener("keydown", (event) => {
    if (typing(event)) return;
    const forward = turn.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    const back = turn.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    const rel = { [forward]: "next", [back]: "prev" }[event.key];
    turn.querySelector(`a[rel=${rel}]`)?.click();
  });
})();
