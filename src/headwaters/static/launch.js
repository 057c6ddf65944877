// The launch view looks again by itself, every three seconds while somebody sees it. Without this file there is a link.
"use strict";
(() => {
  const part = document.getElementById("launch-now");
  const at = document.getElementById("launch-at");
  const pause = document.getElementById("launch-pause");
  const again = document.getElementById("launch-again");
  if (!part || !at || !pause || !again) return;
  const every = 3000;
  let tag = "", paused = false;

  // What was open stays open, and who was somewhere with the keyboard stays there.
  const put = (html) => {
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...part.querySelectorAll("details[open]")].map((one) => one.id);
    part.innerHTML = html;
    for (const id of open) { const one = document.getElementById(id); if (one) one.open = true; }
    if (focused) document.getElementById(focused)?.focus({preventScroll: true});
  };

  const look = async () => {
    const answer = await fetch(part.dataset.live, {headers: tag ? {"If-None-Match": tag} : {}, cache: "no-store"});
    if (answer.redirected) return location.reload();  // the session is over
    if (answer.status === 200) {
      tag = answer.headers.get("ETag") || "";
      put((await answer.json()).html);
    } else if (answer.status !== 304) return;
    const now = new Date();
    at.dateTime = now.toISOString();
    at.textContent = now.toISOString().slice(11, 19) + " UTC";
  };

  const turn = async () => {
    if (!paused && !document.hidden) try { await look(); } catch { /* the next one may get through */ }
    setTimeout(turn, every);
  };

  pause.hidden = false;
  again.hidden = true;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? pause.dataset.off : pause.dataset.on;
  });
  setTimeout(turn, every);
})();
