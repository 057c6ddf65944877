// Sends files to a draft in pieces (tus 1.0), and goes on where it broke off: after a lost line, a closed laptop, a
// restarted shop or a reloaded page. The list itself is the server's: after each change its rows are asked for again.
"use strict";
(() => {
  const box = document.getElementById("files");
  const form = document.getElementById("files-send");
  if (!box || !form || !window.XMLHttpRequest) return;

  const AT_ONCE = 2; // files that are sent at the same time
  const SMALLEST = 256 * 1024, LARGEST = 16 * 1024 * 1024; // bytes of a piece
  const SECONDS_A_PIECE = 5; // what a piece should take: a line that breaks often loses little
  const SILENT = 30_000; // milliseconds without progress, after which a request is given up
  const LONGEST_PAUSE = 8_000;
  const HOUSEKEEPING = /(^|\/)(\.[^/]*|thumbs\.db|desktop\.ini|__macosx)(\/|$)/i;

  const language = document.documentElement.lang || "en";
  const jobs = new Map(); // reference of an upload → what this window does with it
  const title = document.title;
  let token = box.dataset.token;
  const byId = (id) => document.getElementById(id);
  const words = (key, values = {}) => box.dataset[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

  // ── values in words ──────────────────────────────────────────────────────────────────────────

  const UNITS = [["gigabyte", 1e9], ["megabyte", 1e6], ["kilobyte", 1e3], ["byte", 1]];
  const measure = (value, unit, display = "short") =>
    new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: display, maximumFractionDigits: value < 100 ? 1 : 0 }).format(value);
  const size = (bytes) => {
    const [unit, one] = UNITS.find(([, least]) => bytes >= least) ?? UNITS.at(-1);
    return measure(bytes / one, unit);
  };
  const percent = (part, whole) =>
    new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: whole > 1e9 ? 1 : 0 }).format(whole ? Math.floor((part / whole) * 1000) / 1000 : 0);
  const time = (seconds) => {
    if (seconds < 100) return measure(Math.max(1, Math.round(seconds)), "second", "long");
    if (seconds < 100 * 60) return measure(Math.round(seconds / 60), "minute", "long");
    return measure(Math.round(seconds / 360) / 10, "hour", "long");
  };

  const said = byId("files-said");
  const tell = (text) => { said.textContent = ""; setTimeout(() => { said.textContent = text; }, 50); };

  // ── asking the server ────────────────────────────────────────────────────────────────────────

  // Status 0: nobody answered. XMLHttpRequest, as fetch tells nothing of how much was sent.
  const ask = (method, url, headers = {}, body = null, watch = null) => new Promise((done) => {
    const request = new XMLHttpRequest();
    let heard = Date.now(), timer = 0;
    const end = (status) => {
      clearInterval(timer);
      const header = (name) => (status ? request.getResponseHeader(name) : null);
      let problem = {};
      try { problem = JSON.parse(request.responseText).error ?? {}; } catch { /* no body, or none of ours */ }
      done({ status, header, problem, text: status ? request.responseText : "" });
    };
    request.open(method, url);
    for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "X-Studio-Token": token, ...headers })) {
      request.setRequestHeader(name, value);
    }
    request.onload = () => end(request.status);
    request.onerror = request.onabort = () => end(0);
    request.upload.onprogress = (event) => { heard = Date.now(); watch?.progress(event.loaded); };
    timer = setInterval(() => { if (Date.now() - heard > SILENT) request.abort(); }, 1000);
    if (watch) watch.abort = () => request.abort();
    request.send(body);
  });

  const list = async () => {
    const answer = await ask("GET", `${box.dataset.endpoint}?draft=${encodeURIComponent(box.dataset.draft)}`);
    if (answer.status !== 200) return null;
    const told = JSON.parse(answer.text);
    token = told.token;
    return told.uploads;
  };

  const base64 = (bytes) => {
    let text = "";
    for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const metadata = (values) =>
    Object.entries(values).map(([key, value]) => `${key} ${base64(new TextEncoder().encode(value))}`).join(",");

  // ── the list ─────────────────────────────────────────────────────────────────────────────────

  // Rows that somebody is typing in stay as they are.
  const show = (html, changed = "") => {
    const made = new DOMParser().parseFromString(html, "text/html");
    const next = made.getElementById("files-list");
    if (!next) { location.reload(); return; }
    const focused = document.activeElement?.id;
    for (const row of next.children) {
      const old = byId(row.id);
      if (old && row.id !== `file-${changed}` && old.dataset.state === row.dataset.state && old.querySelector(".form")) {
        row.replaceWith(old);
      }
    }
    byId("files-list").replaceChildren(...next.children);
    const sum = made.getElementById("files-title");
    if (sum) byId("files-title").replaceChildren(...sum.childNodes);
    if (focused && document.activeElement?.id !== focused) byId(focused)?.focus();
    for (const job of jobs.values()) paint(job);
    watchChecks();
    box.dispatchEvent(new CustomEvent("files-changed", { bubbles: true }));
  };
  const refresh = async () => {
    const answer = await fetch(box.dataset.page).catch(() => null);
    if (answer?.ok && !answer.redirected) show(await answer.text());
  };

  const row = (ref) => byId(`file-${ref}`);

  const paint = (job) => {
    const line = row(job.ref);
    if (!line) return;
    const sent = job.offset + job.loaded, part = percent(sent, job.size);
    let text = words(job.state === "sending" ? "starting" : job.state, { percent: part });
    if (job.state === "sending" && job.speed > 0) {
      text = words("sending", { percent: part, speed: size(job.speed), left: time((job.size - sent) / job.speed) });
    }
    byId(`words-${job.ref}`).textContent = job.state === "failed" ? job.why : text;
    byId(`words-${job.ref}`).classList.toggle("bad", job.state === "failed");
    const bar = line.querySelector("progress");
    if (bar) bar.value = (100 * sent) / job.size;
    let button = line.querySelector("[data-job]");
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      button.className = "less";
      button.dataset.job = job.ref;
      button.id = `job-${job.ref}`;
      line.querySelector(`#remove-${job.ref}`)?.before(button);
      button.addEventListener("click", () => (stopped(job) ? goOn(job) : pause(job)));
    }
    const word = stopped(job) ? box.dataset.go : box.dataset.pause;
    if (button.dataset.word !== word) {
      button.dataset.word = word;
      button.textContent = word;
      const name = document.createElement("span");
      name.className = "hidden";
      name.textContent = ` ${job.name}`;
      button.append(name);
    }
  };

  const busy = () => [...jobs.values()].filter((job) => !stopped(job));
  const paintTitle = () => {
    const going = busy();
    const sum = (of) => going.reduce((total, job) => total + of(job), 0);
    document.title = going.length ? `${percent(sum((job) => job.offset + job.loaded), sum((job) => job.size))} · ${title}` : title;
  };

  // ── what is being checked ────────────────────────────────────────────────────────────────────

  let checking = 0;
  const watchChecks = () => {
    const waits = box.querySelector("[data-state=checking]");
    if (waits && !checking) checking = setTimeout(look, 700);
  };
  const look = async () => {
    checking = 0;
    const told = await list();
    let changed = false;
    for (const upload of told ?? []) {
      const line = row(upload.ref);
      if (line?.dataset.state !== "checking") continue;
      if (upload.state === "checking") {
        line.querySelector("progress").value = (100 * (upload.checked ?? 0)) / upload.size;
        byId(`words-${upload.ref}`).textContent = words("checking", { percent: percent(upload.checked ?? 0, upload.size) });
      } else {
        changed = true;
        tell(upload.state === "here" ? words("arrived", { name: upload.name }) : upload.error);
      }
    }
    if (changed) await refresh(); else watchChecks();
  };

  // ── one file on its way ──────────────────────────────────────────────────────────────────────

  const stopped = (job) => job.state === "paused" || job.state === "failed";
  const pause = (job) => { job.state = "paused"; job.abort?.(); job.wake?.(); paint(job); settle(); };
  const goOn = (job) => { job.state = "queued"; job.failures = 0; paint(job); settle(); };
  const drop = (ref) => {
    const job = jobs.get(ref);
    jobs.delete(ref);
    if (job) { job.state = "paused"; job.abort?.(); job.wake?.(); }
    settle();
  };

  const rest = (job, milliseconds) => new Promise((wake) => {
    job.wake = wake;
    setTimeout(wake, milliseconds);
  });
  const wakeAll = () => { for (const job of jobs.values()) job.wake?.(); };

  const fail = (job, why) => { job.state = "failed"; job.why = why; paint(job); tell(why); };

  // The next bytes, and their checksum where the browser can make one (pages over HTTPS, or on this machine).
  const nextPiece = async (job) => {
    const piece = job.file.slice(job.offset, job.offset + job.piece);
    const headers = { "Upload-Offset": String(job.offset), "Content-Type": "application/offset+octet-stream" };
    const bytes = await piece.arrayBuffer();
    if (window.crypto?.subtle) headers["Upload-Checksum"] = `sha256 ${base64(await crypto.subtle.digest("SHA-256", bytes))}`;
    return [bytes, headers];
  };

  const sendPiece = async (job) => {
    let bytes, headers;
    try {
      [bytes, headers] = await nextPiece(job);
    } catch {
      fail(job, words("unreadable", { name: job.name }));
      return;
    }
    if (job.state !== "sending") return;
    const begun = Date.now();
    job.progress = (loaded) => {
      job.loaded = Math.min(loaded, bytes.byteLength);
      job.past.push([Date.now(), job.offset + job.loaded]);
      while (job.past.length > 2 && job.past.at(-1)[0] - job.past[0][0] > 8000) job.past.shift();
      const [first, last] = [job.past[0], job.past.at(-1)];
      if (last[0] - first[0] > 500) job.speed = (1000 * (last[1] - first[1])) / (last[0] - first[0]);
    };
    const answer = await ask("PATCH", job.url, headers, bytes, job);
    job.abort = null;
    job.loaded = 0;
    if (answer.status === 204) {
      job.offset = Number(answer.header("Upload-Offset"));
      job.failures = 0;
      const speed = bytes.byteLength / Math.max(0.05, (Date.now() - begun) / 1000);
      job.piece = Math.round(Math.min(LARGEST, Math.max(SMALLEST, speed * SECONDS_A_PIECE, job.piece / 2), job.piece * 4));
      return;
    }
    job.past = [];
    job.speed = 0;
    job.piece = Math.max(SMALLEST, Math.round(job.piece / 2));
    await recover(job, answer);
  };

  // After anything that went wrong: say so, wait a while, and ask how far it is.
  const recover = async (job, answer) => {
    job.failures += 1;
    const pauses = Math.min(LONGEST_PAUSE, 500 * 2 ** Math.min(job.failures, 7)) * (0.75 + Math.random() / 2);
    const state = { 401: "out", 403: "out", 423: "busy", 507: "full" }[answer.status];
    if (state) job.state = state;
    else if (answer.status === 404) { drop(job.ref); await refresh(); return; }
    else if (answer.status >= 400 && answer.status < 500 && ![408, 409, 425, 429, 460].includes(answer.status)) {
      fail(job, [answer.problem.message, answer.problem.hint].filter(Boolean).join(" ") || String(answer.status));
      return;
    } else if (answer.status === 0 || answer.status >= 500) {
      if (job.state === "sending") job.state = "offline";
      if (job.failures === 1) tell(words("lost"));
    }
    if (stopped(job)) return;
    paint(job);
    if (answer.status !== 409) await rest(job, pauses);
    if (stopped(job) || !jobs.has(job.ref)) return;
    if (state === "out") await list(); // whoever signed in again has another token
    const now = await ask("HEAD", job.url);
    if (now.status !== 200) { await recover(job, now); return; }
    if (job.state === "offline") tell(words("back"));
    job.offset = Number(now.header("Upload-Offset"));
    if (!stopped(job)) job.state = "sending";
  };

  const send = async (job) => {
    job.state = "sending";
    job.running = true;
    tell(words("begun", { name: job.name }));
    while (jobs.has(job.ref) && job.state === "sending" && job.offset < job.size) await sendPiece(job);
    job.running = false;
    if (jobs.has(job.ref) && job.offset >= job.size) {
      jobs.delete(job.ref);
      await refresh();
      // what is small is checked before anybody could watch
      if (row(job.ref)?.dataset.state === "here") tell(words("arrived", { name: job.name }));
    }
    settle();
  };

  // Whoever waits gets a turn; the window warns before it is closed only while something is on its way.
  let screen = null;
  const settle = () => {
    const going = [...jobs.values()];
    for (const job of going) {
      if (job.state !== "queued" || job.running) continue;
      if (going.filter((other) => other.running).length >= AT_ONCE) break;
      send(job);
    }
    const any = busy().length > 0;
    window[any ? "addEventListener" : "removeEventListener"]("beforeunload", warn);
    if (any && !screen) { screen = navigator.wakeLock?.request("screen").catch(() => null) ?? null; }
    if (!any && screen) { screen.then((lock) => lock?.release()); screen = null; }
    paintTitle();
  };
  const warn = (event) => event.preventDefault();

  setInterval(() => {
    if (!jobs.size) return;
    for (const job of jobs.values()) if (job.state === "sending") paint(job);
    paintTitle();
  }, 400);
  for (const event of ["online", "focus"]) window.addEventListener(event, wakeAll);

  // ── new files ────────────────────────────────────────────────────────────────────────────────

  const problem = (name, file, answer) => {
    const line = document.createElement("div");
    const told = [answer.problem.message, answer.problem.hint].filter(Boolean);
    line.className = "notice bad";
    line.setAttribute("role", "alert");
    const text = document.createElement("p");
    const first = document.createElement("b");
    first.textContent = told[0] ?? `${name}: ${answer.status || box.dataset.lost}`;
    text.append(first, told[1] ? ` ${told[1]}` : "");
    const actions = document.createElement("p");
    actions.className = "actions";
    const button = (word, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "less";
      made.textContent = word;
      made.addEventListener("click", () => { line.remove(); act(); byId("files-choose").focus(); });
      actions.append(made);
    };
    const folded = (text) => text.normalize("NFC").toLowerCase();
    const old = [...box.querySelectorAll("[data-ref]")].find((other) => folded(other.dataset.name) === folded(name));
    if (answer.problem.code === "names_collide" && old) {
      button(box.dataset.instead, async () => {
        drop(old.dataset.ref);
        await ask("DELETE", box.dataset.endpoint + old.dataset.ref);
        await add([{ name, file }]);
      });
    }
    button(box.dataset.leave, () => {});
    line.append(text, actions);
    byId("files-problems").append(line);
  };

  const announce = async (name, file) => {
    const said = metadata({ draft: box.dataset.draft, filename: name, stamp: String(file.lastModified) });
    for (let failures = 0; ; failures += 1) {
      const answer = await ask("POST", box.dataset.endpoint, { "Upload-Length": String(file.size), "Upload-Metadata": said });
      if (answer.status !== 0 && answer.status < 500 && ![401, 403].includes(answer.status)) return answer;
      if (answer.status === 507 || failures > 4) return answer;
      await new Promise((done) => setTimeout(done, 500 * 2 ** failures));
      await list();
    }
  };

  const add = async (files) => {
    const begun = [];
    for (const { name, file } of files) {
      const answer = await announce(name, file);
      if (answer.status !== 201) { problem(name, file, answer); continue; }
      const url = answer.header("Location"), ref = url.split("/").at(-1), offset = Number(answer.header("Upload-Offset"));
      if (offset >= file.size) { tell(words("same", { name })); continue; }
      if (jobs.has(ref)) { const job = jobs.get(ref); job.file = file; if (stopped(job)) goOn(job); continue; }
      const job = { ref, url, name, file, offset, size: file.size, loaded: 0, speed: 0, failures: 0, past: [], piece: 1024 * 1024, state: "queued", running: false };
      jobs.set(ref, job);
      begun.push(job);
    }
    await refresh();
    settle();
    if (begun.length) row(begun[0].ref)?.scrollIntoView({ block: "nearest" });
  };

  // Names as the work has them: of one folder the files in it, without the folder itself.
  const named = (pairs) => {
    const tops = new Set(pairs.map(([path]) => (path.includes("/") ? path.split("/")[0] : "")));
    const strip = tops.size === 1 && !tops.has("");
    return pairs
      .map(([path, file]) => ({ name: strip ? path.slice(path.indexOf("/") + 1) : path, file }))
      .filter(({ name }) => pairs.length === 1 || !HOUSEKEEPING.test(name))
      .sort((one, other) => one.name.localeCompare(other.name, language, { numeric: true }));
  };
  const take = (files) => add(named([...files].map((file) => [file.webkitRelativePath || file.name, file])));

  const entryFiles = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((done, failed) => entry.file(done, failed));
      return [[entry.fullPath.replace(/^\//, ""), file]];
    }
    const reader = entry.createReader(), found = [];
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return found;
      for (const inner of some) found.push(...await entryFiles(inner));
    }
  };

  box.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.classList.add("over");
  });
  for (const end of ["dragleave", "drop"]) box.addEventListener(end, () => form.classList.remove("over"));
  box.addEventListener("drop", async (event) => {
    event.preventDefault();
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.length) { take(event.dataTransfer.files); return; }
    const found = [];
    for (const entry of entries) found.push(...await entryFiles(entry).catch(() => []));
    add(named(found));
  });

  const input = byId("files-input");
  const folder = document.createElement("input");
  Object.assign(folder, { type: "file", multiple: true, hidden: true, webkitdirectory: true });
  form.append(folder);
  for (const each of [input, folder]) {
    each.addEventListener("change", () => { const files = [...each.files]; each.value = ""; take(files); });
  }
  byId("files-choose").addEventListener("click", () => input.click());
  byId("files-folder").addEventListener("click", () => folder.click());
  if (!("webkitdirectory" in folder) || /Android|iPhone|iPad/.test(navigator.userAgent)) byId("files-folder").hidden = true;
  for (const part of form.querySelectorAll("[data-plain]")) part.hidden = true;
  for (const part of form.querySelectorAll("[data-rich]")) part.hidden = false;
  form.classList.add("rich");
  form.addEventListener("submit", (event) => event.preventDefault());

  // ── forms of the rows ────────────────────────────────────────────────────────────────────────

  box.addEventListener("submit", async (event) => {
    const sent = event.target;
    if (!sent.matches("#files-do, .change-file")) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(sent));
    const value = event.submitter?.value ?? "keep", act = value.split(" ")[0];
    const line = (event.submitter ?? sent).closest("[data-ref]"), ref = line.dataset.ref;
    fields.set("do", value);
    fields.set("csrf", token);
    fields.set("back", box.dataset.page);
    if (act === "remove") drop(ref);
    const next = line.nextElementSibling ?? line.previousElementSibling;
    const answer = await fetch(sent.action, { method: "POST", body: fields }).catch(() => null);
    if (!answer) { tell(box.dataset.lost); return; }
    show(await answer.text(), ref);
    if (act === "remove") (next && byId(next.id)?.querySelector("[data-change]") || byId("files-choose")).focus();
    else if (act === "up" || act === "down") {
      const same = byId(`${act}-${ref}`);
      (same?.disabled ? byId(`${act === "up" ? "down" : "up"}-${ref}`) : same)?.focus();
    } else byId(answer.ok ? `change-${ref}` : `name-${ref}`)?.focus();
  });

  box.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-change]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const ref = link.closest("[data-ref]").dataset.ref, opening = Boolean(link.dataset.change);
    const answer = await fetch(`${box.dataset.page}${opening ? `?change=${ref}` : ""}`).catch(() => null);
    if (!answer?.ok || answer.redirected) { location.assign(link.href); return; }
    show(await answer.text(), ref);
    byId(`${opening ? "name" : "change"}-${ref}`)?.focus();
  });

  watchChecks();
})();
