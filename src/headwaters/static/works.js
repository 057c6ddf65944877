// Publishing, made nicer. Every page works without this file.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\[(\w+)\]/g, (_, name) => values[name]);

  // What was typed is not lost by a wrong click.
  // What this script put there is nobody's loss, and who throws a draft away is not asked about it.
  let dirty = false;
  let timer = 0; // until a draft saves itself
  for (const form of document.querySelectorAll("form[data-guard]")) {
    form.addEventListener("input", (event) => { dirty ||= event.isTrusted; });
    form.addEventListener("submit", (event) => { if (!event.submitter?.hasAttribute("formtarget")) dirty = false; });
  }
  for (const form of document.querySelectorAll("form[data-away]")) {
    form.addEventListener("submit", () => { dirty = false; clearTimeout(timer); });
  }
  addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

  // What the shop makes is looked at again, as long as it makes something.
  const look = async () => {
    const section = $("makings");
    if (!section?.hasAttribute("data-again")) return;
    if (!document.hidden && !section.contains(document.activeElement)) {
      const answer = await fetch(location.pathname).catch(() => null);
      const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page && page.getElementById("makings");
      if (fresh) section.replaceWith(fresh);
    }
    setTimeout(look, 4000);
  };
  setTimeout(look, 4000);

  // A fault that somebody sees to is not held against them any longer.
  document.addEventListener("input", (event) => {
    const field = event.target.closest("fieldset[aria-invalid]") ?? event.target.closest("[aria-invalid]");
    if (!field) return;
    document.getElementById(field.getAttribute("aria-describedby"))?.remove();
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
  });

  // A draft saves itself while one writes.
  const draft = $("draft");
  const saved = $("saved");
  let busy = null;
  const save = async () => {
    const fields = new URLSearchParams(new FormData(draft));
    fields.set("do", "save");
    const answer = await fetch(draft.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
    if (!answer.ok || !answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error("not kept");
    draft.elements.revision.value = (await answer.json()).revision;
    dirty = false;
    saved.textContent = fill(saved.dataset.saved, { time: new Date().toLocaleTimeString() });
    saved.hidden = false;
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      busy = save().catch(() => {
        saved.textContent = saved.dataset.unsaved;
        saved.hidden = false;
      }).finally(() => { busy = null; });
    }, 4000);
  };
  if (draft?.hasAttribute("data-save")) {
    draft.addEventListener("input", later);
    // One that is under way ends first: its revision is the one to build on.
    draft.addEventListener("submit", (event) => {
      clearTimeout(timer);
      if (!busy) return;
      event.preventDefault();
      const button = event.submitter;
      busy.finally(() => draft.requestSubmit(button));
    });
  }

  // The title says the address, and files suggest a title: their folder, or what their names begin with. An album is
  // not called like its first song.
  const common = (names) => {
    const folder = names[0].includes("/") ? names[0].split("/")[0] : "";
    if (folder && names.every((name) => name.startsWith(`${folder}/`))) return folder;
    const stems = names.map((name) => name.split("/").pop().replace(/\.[^.]+$/, ""));
    const works = stems.filter((stem) => stem.toLowerCase() !== "cover");
    const short = (works.length ? works : stems).reduce((one, other) => (other.length < one.length ? other : one));
    return works.every((stem) => stem.toLowerCase().startsWith(short.toLowerCase())) ? short : "";
  };
  const title = $("f-title");
  const slug = $("f-slug");
  const shown = document.querySelector(".slug[data-site]");
  if (title && slug && shown) {
    const guess = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f'’]/g, "").replace(/ß/g, "ss").replace(/&/g, " and ").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 80);
    const show = () => {
      const end = slug.value.trim() || guess(title.value);
      if (!end) return;
      shown.replaceChildren(shown.dataset.site, Object.assign(document.createElement("b"), { textContent: end }));
    };
    title.addEventListener("input", show);
    slug.addEventListener("input", show);
    const list = $("files-list");
    let touched = false; // by somebody, not by this script
    title.addEventListener("input", (event) => { touched ||= event.isTrusted; });
    let ours = ""; // what this script put there
    const suggest = () => {
      const names = [...(list?.querySelectorAll("[data-name]") ?? [])].map((row) => row.dataset.name);
      if (!names.length || title.value !== ours || touched || document.activeElement === title) return;
      const stem = common(names).replace(/[_-]+/g, " ").trim();
      ours = title.value = stem.charAt(0).toUpperCase() + stem.slice(1);
      title.dispatchEvent(new Event("input", { bubbles: true }));
    };
    if (list) new MutationObserver(suggest).observe(list, { childList: true });
    title.addEventListener("blur", () => setTimeout(suggest));
  }

  // Days and hours by the clock of this device.
  const day = $("day");
  const offset = $("offset");
  if (day && offset) {
    const hour = $("hour");
    const zone = $("zone");
    zone.textContent = zone.dataset.here;
    const set = () => {
      const moment = new Date(`${day.value || "2000-01-01"}T${hour.value || "00:00"}`);
      offset.value = Number.isNaN(moment.getTime()) ? "" : String(-moment.getTimezoneOffset());
    };
    for (const field of [day, hour]) field.addEventListener("input", set);
    day.form.addEventListener("submit", set);
    set();
  }
  for (const place of document.querySelectorAll("[data-local]")) {
    const moment = new Date(place.dataset.local);
    if (Number.isNaN(moment.getTime())) continue;
    place.textContent = fill(place.dataset.words, { moment: moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "short" }) });
    place.hidden = false;
  }

  // How far publishing is.
  const progress = document.querySelector("[data-progress]");
  if (progress) {
    const words = $("at-hand");
    const look = async () => {
      try {
        const told = await (await fetch(progress.dataset.progress)).json();
        if (told.over) { location.reload(); return; }
        if (told.percent) {
          $("bar").value = told.percent;
          words.textContent = fill(words.dataset.words, told);
        }
      } catch { /* the shop restarts: look again */ }
      setTimeout(look, 700);
    };
    setTimeout(look, 400);
  }
})();
