/**
 * The palette (Ctrl or Cmd with K): go somewhere or do something by typing a part of its name.
 * @module
 */

import { derive, effect, flush, h, signal } from "./core.js";
import { shown } from "./keys.js";

/** @typedef {{title: string, keys?: string, run: () => void}} Choice */

const MOST = 12;

/** Make a palette; `choices` is asked each time it opens. @param {() => Choice[]} choices
 * @returns {() => void} opens it */
export function palette(choices) {
  const all = signal(/** @type {Choice[]} */ ([]));
  const typed = signal("");
  const at = signal(0);
  const found = derive(() => {
    const parts = typed.value.toLowerCase().split(/\s+/);
    return all.value.filter(({ title }) => parts.every((part) => title.toLowerCase().includes(part)))
      .slice(0, MOST);
  });

  /** @param {number} index */
  function choose(index) {
    const choice = found.peek()[index];
    if (!choice) return;
    dialog.close();
    choice.run();
  }

  /** @param {Choice} choice @param {number} index */
  function option({ title, keys }, index) {
    return h(
      "li",
      {
        role: "option",
        id: `choice-${index}`,
        "aria-selected": () => String(at.value === index),
        onclick: () => choose(index),
        onmousemove: () => at.value = index,
      },
      h("span", null, title),
      keys ? h("span", { class: "hint" }, ...shown(keys).map((key) => h("kbd", null, key))) : null,
    );
  }

  const input = h("input", {
    type: "text",
    role: "combobox",
    "aria-label": "Go to or do",
    "aria-expanded": "true",
    "aria-controls": "choices",
    "aria-autocomplete": "list",
    "aria-activedescendant": () => found.value.length ? `choice-${at.value}` : null,
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "Go to, or do…",
    oninput: () => {
      typed.value = input.value;
      at.value = 0;
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const count = Math.max(1, found.peek().length);
      if (event.key === "ArrowDown") at.value = (at.value + 1) % count;
      else if (event.key === "ArrowUp") at.value = (at.value + count - 1) % count;
      else if (event.key === "Enter") {
        flush(); // what was typed last is not found yet
        choose(at.value);
      } else return;
      event.preventDefault();
    },
  });
  const list = h(
    "ul",
    { id: "choices", role: "listbox", "aria-label": "Choices" },
    () => found.value.map(option),
  );
  const none = h("p", { class: "none" }, () => found.value.length ? null : "Nothing has this name.");
  const dialog = h(
    "dialog",
    {
      class: "palette",
      "aria-label": "Palette",
      onclick: (/** @type {Event} */ { target }) => target === dialog && dialog.close(),
    },
    input,
    list,
    none,
  );
  effect(() => {
    at.value;
    found.value;
    queueMicrotask(() => list.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }));
  });

  return () => {
    if (dialog.open) return dialog.close();
    if (!dialog.isConnected) document.body.append(dialog);
    all.value = choices();
    input.value = typed.value = "";
    at.value = 0;
    dialog.showModal();
    input.focus();
  };
}
