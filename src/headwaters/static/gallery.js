// Pictures to look through, over the page. Without this file each opens by itself.
"use strict";
(() => {
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const make = (tag, more = {}) => Object.assign(document.createElement(tag), more);

  // Pictures: a larger one over the page, arrows to go on.
  for (const gallery of all("[data-gallery]")) {
    const links = all("a", gallery);
    let at = 0;
    const light = make("dialog", { className: "light" });
    const image = make("img", { alt: "" });
    const line = make("p");
    const close = make("button", { type: "button", textContent: "×", ariaLabel: gallery.dataset.close });
    close.addEventListener("click", () => light.close());
    light.append(image, line, close);
    const rtl = getComputedStyle(gallery).direction === "rtl" ? -1 : 1;
    for (const [step, name] of links.length > 1 ? [[-1, "back"], [1, "on"]] : []) {
      const textContent = step * rtl < 0 ? "‹" : "›";
      const arrow = make("button", { type: "button", className: name, ariaLabel: gallery.dataset[name], textContent });
      arrow.addEventListener("click", () => show(at + step));
      light.append(arrow);
    }
    document.body.append(light);
    const show = (number) => {
      at = (number + links.length) % links.length;
      image.src = links[at].href;
      image.alt = links[at].querySelector("img").alt;
      line.textContent = `${image.alt} · ${at + 1} / ${links.length}`;
    };
    links.forEach((link, number) => link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(number);
      light.showModal();
    }));
    image.addEventListener("click", (event) => {
      show(at + (event.offsetX < image.clientWidth / 3 ? -rtl : rtl));
    });
    light.addEventListener("keydown", (event) => {
      const step = { ArrowRight: rtl, ArrowLeft: -rtl }[event.key];
      if (step) show(at + step);
    });
    light.addEventListener("close", () => links[at].focus());
  }
})();
