/**
 * A secret that is shown once, with a button that copies it.
 * @module
 */

import { h } from "./core.js";
import { notice } from "./notices.js";

/** @typedef {import("./core.js").Child} Child */

/** The box around a secret; it takes the focus, so that nobody misses it.
 * @param {{label: string, value: string, note: Child, done: () => void}} shows `done` takes it away */
export function secret({ label, value, note, done }) {
  const box = h("input", {
    type: "text",
    readonly: true,
    value,
    "aria-label": label,
    spellcheck: "false",
    autocomplete: "off",
    onfocus: () => box.select(),
  });
  queueMicrotask(() => box.focus());
  return h(
    "section",
    { class: "secret", "aria-label": label },
    h("p", null, h("strong", null, "Shown once. "), note),
    h("div", { class: "line" }, box, copier(() => value, () => box.select())),
    h("p", null, h("button", { type: "button", class: "quiet", onclick: done }, "I have it: hide it")),
  );
}

/** A button that copies. @param {() => string} text @param {() => void} [select] where the clipboard is closed */
export function copier(text, select = () => {}) {
  const copy = () =>
    navigator.clipboard.writeText(text()).then(() => notice("Copied."), () => {
      select();
      notice("This browser does not let a page copy: it is selected, press Ctrl or ⌘ with C.");
    });
  return h("button", { type: "button", onclick: copy }, "Copy");
}
