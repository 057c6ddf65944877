// Nicer players. Everything plays without this file. places.js remembers for it.
"use strict";
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);

  // Sounds and films: the place, the speed, the next one, the chapters.
  const start = (player) => { player.play().catch(() => {}); };
  for (const player of all("audio,video")) {
    const list = player.closest("[data-play]");
    const key = player.closest("[data-file]")?.dataset.file;
    const box = player.closest("li,figure,details") ?? player.parentElement;
    let restored = !key;
    const restore = () => {
      const place = Number(places.get(key));
      if (!restored && place > 0 && place < player.duration - 3) player.currentTime = place;
      restored = true;
    };
    if (key) {
      player.addEventListener("loadedmetadata", restore);
      const begin = () => {
        if (player.readyState || !player.paused) return;
        player.preload = "metadata"; // so that it shows where one stopped before it plays
        player.load();
      };
      const folded = player.closest("details:not([open])");
      if (places.get(key) && folded) folded.addEventListener("toggle", begin, { once: true });
      else if (places.get(key)) begin();
      let last = 0;
      const note = (force) => {
        if (!restored || !player.duration || (!force && Math.abs(player.currentTime - last) < 4)) return;
        last = player.currentTime;
        if (last > player.duration - 10 || last < 5) places.drop(key);
        else places.keep(key, last.toFixed(1));
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

  // How fast: one choice for all that plays, kept for the next time.
  const RATES = [0.75, 1, 1.25, 1.5, 2];
  const liked = RATES.find((rate) => rate === Number(places.get("speed"))) ?? 1;
  const said = new Intl.NumberFormat(document.documentElement.lang);
  const choices = [];
  const choose = (rate) => {
    for (const { choice, players } of choices) {
      choice.value = rate;
      for (const one of players) one.playbackRate = one.defaultPlaybackRate = rate;
    }
  };
  for (const part of all("[data-speed]")) {
    const players = part.matches("video") ? [part] : all("audio", part);
    if (!players.length || !places.words.speed) continue;
    const label = make("label", { className: "player fine", textContent: places.words.speed + " " });
    const choice = make("select");
    for (const rate of RATES) choice.add(new Option(said.format(rate) + " ×", rate));
    choice.addEventListener("change", () => {
      choose(Number(choice.value));
      places.keep("speed", choice.value);
    });
    label.append(choice);
    part.matches("video") ? part.after(label) : part.before(label);
    choices.push({ choice, players });
  }
  choose(liked);
})();
