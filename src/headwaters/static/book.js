// A book on a page: keeps the place by the fingerprint of what is read (places.js), and turns pages with the arrow
// keys. Every book can be read without this file.
"use strict";
(() => {
  const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);

  // The page, and how far down one was. Who opens the book anew, at its beginning, is led to where they were.
  const book = document.querySelector(".book[data-place]");
  if (book) {
    const { place: key, page, first } = book.dataset;
    const opens = Number(page) <= Number(first);
    const [was, share] = (places.get(key) ?? "").split(":");
    const height = () => document.documentElement.scrollHeight - innerHeight;
    if (was === page && share > 0.01 && !location.hash) scrollTo(0, share * height());
    else if (was && was !== page && opens && places.words.goOn) {
      const link = make("a", { href: was, textContent: places.words.goOn.replace("[page]", was) });
      const line = make("p", { className: "notice" });
      line.append(link);
      book.before(line);
    }
    let due = 0;
    let moved = false;
    addEventListener("scroll", () => {
      moved = true;
      clearTimeout(due);
      due = setTimeout(() => places.keep(key, `${page}:${(scrollY / Math.max(height(), 1)).toFixed(3)}`), 400);
    }, { passive: true });
    if (!opens && was !== page) setTimeout(() => { if (!moved) places.keep(key, `${page}:0`); }, 2000);
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
