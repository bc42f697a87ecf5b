/**
 * How to send to an integration: a tab for each sender, with the address and a snippet to copy.
 * @module
 */

import { h, signal } from "./core.js";
import { copier } from "./secret.js";
import { senders } from "./senders.js";

/** @typedef {import("./catalogue.js").Sendable} Sendable */
/** @typedef {import("./senders.js").Part} Part */

let count = 0;

/** @param {Sendable} integration with its key in the snippets, or with KEY in its place */
export function sending({ urls, snippets, key }) {
  const all = senders(urls, snippets);
  const number = ++count;
  const current = signal(0);
  const tabs = all.map(({ label }, index) =>
    h("button", {
      type: "button",
      role: "tab",
      id: `tab-${number}-${index}`,
      "aria-controls": `panel-${number}-${index}`,
      "aria-selected": () => String(current.value === index),
      tabindex: () => current.value === index ? "0" : "-1",
      onclick: () => current.value = index,
    }, label)
  );

  /** @param {KeyboardEvent} event */
  function move(event) {
    const last = all.length - 1;
    const at = current.peek();
    /** @type {Record<string, number>} */
    const to = { ArrowRight: at < last ? at + 1 : 0, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last };
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    current.value = next;
    tabs[next]?.focus();
  }

  return h(
    "div",
    { class: "sending" },
    key ? null : h(
      "p",
      { class: "faint" },
      "KEY stands for the key, which was shown once, when it was made. Rotate it to see a new one.",
    ),
    h("div", { role: "tablist", "aria-label": "Senders", onkeydown: move }, ...tabs),
    ...all.map((part, index) =>
      h(
        "div",
        {
          role: "tabpanel",
          id: `panel-${number}-${index}`,
          "aria-labelledby": `tab-${number}-${index}`,
          hidden: () => current.value !== index,
        },
        panel(part),
      )
    ),
  );
}

/** @param {Part} part */
function panel({ label, about, url, text }) {
  return [
    h("p", { class: "faint" }, about),
    url ? copied(`Address for ${label}`, url) : null,
    text ? copied(`Snippet for ${label}`, text) : null,
  ];
}

/** A text to copy, in a box that keyboards can scroll. @param {string} label @param {string} text */
export function copied(label, text) {
  const box = h("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
  return h("div", { class: "copied" }, box, copier(() => text, () => getSelection()?.selectAllChildren(box)));
}
