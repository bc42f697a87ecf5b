/**
 * The line above the board: which incidents, and the filter.
 * @module
 */

import { h } from "./core.js";

/** @typedef {"open" | "mine" | "all"} Show */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */

/** @param {{show: Signal<Show>, query: Signal<string>, open: Signal<number>, turn: (to: Show) => void}} board */
export function tools({ show, query, open, turn }) {
  const input = h("input", {
    type: "search",
    "aria-label": "Filter incidents",
    placeholder: "Filter: text, severity:<=2, service:…, status:…",
    title: "Text, or severity:<=2 service:checkout status:triggered",
    value: query.peek(),
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => query.value = input.value,
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      query.value = input.value = "";
      input.blur();
    },
  });
  return h(
    "div",
    { class: "tools" },
    h("h1", null, "Incidents"),
    h(
      "nav",
      { "aria-label": "Which incidents" },
      tab("open", "Open"),
      tab("mine", "Mine"),
      tab("all", "All"),
    ),
    input,
  );

  /** @param {Show} name @param {string} label */
  function tab(name, label) {
    return h(
      "a",
      {
        href: name === "open" ? location.pathname : `?show=${name}`,
        "aria-current": () => show.value === name && "page",
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          turn(name);
        },
      },
      label,
      name === "open" ? h("span", { class: "count" }, () => open.value) : null,
    );
  }
}
