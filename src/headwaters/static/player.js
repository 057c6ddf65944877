// Nicer players. Everything plays without this file. What it remembers stays on this device: where one stopped, by the
// fingerprint of the file. It tells nobody.
"use strict";
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
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
  const text = places?.dataset ?? {};
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

  // Sounds and films: the place, the speed, the next one, the chapters.
  const start = (player) => { player.play().catch(() => {}); };
  for (const player of all("audio,video")) {
    const list = player.closest("[data-play]");
    const key = player.closest("[data-file]")?.dataset.file;
    const box = player.closest("li,figure,details") ?? player.parentElement;
    let restored = !key;
    const restore = () => {
      const place = Number(store.get(key));
      if (!restored && place > 0 && place < player.duration - 3) player.currentTime = place;
      restored = true;
    };
    if (key) {
      player.addEventListener("loadedmetadata", restore);
      let last = 0;
      const note = (force) => {
        if (!restored || !player.duration || (!force && Math.abs(player.currentTime - last) < 4)) return;
        last = player.currentTime;
        if (last > player.duration - 10 || last < 5) store.drop(key);
        else remember(key, last.toFixed(1));
      };
      player.addEventListener("timeupdate", () => note(false));
      player.addEventListener("pause", () => note(true));
      addEventListener("pagehide", () => note(true));
    }
    player.addEventListener("ended", () => {
      if (!list) return;
      const row = all("audio", list);
      const next = row[row.indexOf(player) + 1];
      if (next) start(next);
    });
    player.addEventListener("play", () => {
      if (!("mediaSession" in navigator)) return;
      const { artist, album, art } = (list ?? player).dataset;
      navigator.mediaSession.metadata = new MediaMetadata({
        title: player.getAttribute("aria-label") || document.title,
        artist: artist ?? "",
        album: album ?? "",
        artwork: art ? [{ src: art }] : [],
      });
      const row = list ? all("audio", list) : [];
      for (const [name, step] of [["previoustrack", -1], ["nexttrack", 1]]) {
        const other = row[row.indexOf(player) + step];
        try { navigator.mediaSession.setActionHandler(name, other ? () => start(other) : null); } catch { /* not here */ }
      }
    });

    const wave = box.querySelector("svg path");
    if (wave) {
      const past = wave.cloneNode();
      past.classList.add("past");
      wave.after(past);
      const show = () => {
        const share = player.duration ? player.currentTime / player.duration : 0;
        past.style.clipPath = `inset(0 ${100 - 100 * share}% 0 0)`;
      };
      show();
      player.addEventListener("timeupdate", show);
      player.addEventListener("seeked", show);
      const drawing = wave.ownerSVGElement;
      drawing.setAttribute("data-seek", "");
      drawing.addEventListener("click", (event) => {
        const at = drawing.getBoundingClientRect();
        const share = (event.clientX - at.left) / at.width;
        const go = () => { player.currentTime = share * player.duration; start(player); };
        if (player.duration) return go();
        player.addEventListener("loadedmetadata", go, { once: true });
        player.preload = "metadata";
        player.load();
      });
    }

    for (const link of all("a[data-at]", box)) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        restored = true;
        const go = () => { player.currentTime = Number(link.dataset.at); start(player); };
        if (player.readyState) return go();
        player.addEventListener("loadedmetadata", go, { once: true });
        start(player);
      });
    }
  }

  // How fast: one choice for all that plays in a list, or for a film.
  for (const part of all("[data-speed]")) {
    const players = part.matches("video") ? [part] : all("audio", part);
    if (!players.length || !text.speed) continue;
    const label = make("label", { className: "player fine", textContent: text.speed + " " });
    const choice = make("select");
    const said = new Intl.NumberFormat(document.documentElement.lang);
    for (const rate of [0.75, 1, 1.25, 1.5, 2]) choice.add(new Option(said.format(rate) + " ×", rate, rate === 1, rate === 1));
    choice.addEventListener("change", () => {
      for (const one of players) one.playbackRate = one.defaultPlaybackRate = Number(choice.value);
    });
    label.append(choice);
    part.matches("video") ? part.after(label) : part.before(label);
  }
})();
