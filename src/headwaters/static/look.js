// The page of the look: the picture beside the form follows it. Without this file, “Show it” does.
"use strict";
(() => {
  const form = document.getElementById("look");
  const frame = document.getElementById("seen");
  if (!form || !frame) return;
  const field = (name) => form.elements.namedItem(name);

  // What is sent for a picture: words and choices, never a file.
  const fields = () => {
    const sent = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (typeof value === "string") sent.append(name, value);
    return sent;
  };

  // One request at a time, and the newest wins.
  let asked = null;
  const show = async () => {
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch("/studio/look/preview", { method: "POST", body: fields(), signal: asked.signal });
      if (!answer.ok) return;
      const html = await answer.text();
      const top = frame.contentWindow?.scrollY ?? 0;
      frame.addEventListener("load", () => frame.contentWindow?.scrollTo(0, top), { once: true });
      frame.srcdoc = html;
    } catch { /* the next change asks again */ }
  };

  const said = document.getElementById("accent-said");
  const explain = async () => {
    const query = new URLSearchParams({ accent: field("accent").value, theme: field("theme").value });
    try {
      const answer = await fetch("/studio/look/accent?" + query);
      if (answer.ok) said.innerHTML = await answer.text();
    } catch { /* the next change asks again */ }
  };

  let waiting = 0;
  const soon = (event) => {
    if (event.target.type === "file" || event.target.name === "size") return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      show();
      if (["accent", "theme", ""].includes(event.target.name)) explain();
    }, 300);
  };
  form.addEventListener("input", soon);
  document.getElementById("seen-page").addEventListener("change", soon);
  document.getElementById("show").hidden = true;

  // A colour to pick, beside the one to type.
  const pick = document.getElementById("accent-pick");
  const typed = field("accent");
  const follow = () => { if (/^#[0-9a-f]{6}$/i.test(typed.value)) pick.value = typed.value; };
  pick.hidden = false;
  pick.addEventListener("input", () => { typed.value = pick.value; });
  typed.addEventListener("input", follow);
  pick.value = "#0d4a68";
  follow();

  // What was refused is not kept, so the picture has to be asked for.
  if (document.querySelector(".look [aria-invalid=true], .look .theirs")) show();

  // Leaving with something unkept asks first.
  const before = fields().toString();
  let keeping = false;
  form.addEventListener("submit", () => { keeping = true; });
  addEventListener("beforeunload", (event) => { if (!keeping && fields().toString() !== before) event.preventDefault(); });
})();
