/**
 * Controls that follow what is so, until somebody has changed them by hand.
 * @module
 */

import { effect, h, signal } from "./core.js";

/** @typedef {[value: string, label: string]} Option */

/** An input that shows what `get` says, and keeps what somebody has typed.
 * @template {HTMLInputElement | HTMLTextAreaElement} I
 * @param {I} input @param {() => string} get @returns {I} */
export function follows(input, get) {
  let before = input.value;
  effect(() => {
    const now = get();
    if (input.value === before) input.value = now;
    before = now;
  });
  return input;
}

/** A select whose options come and go; what somebody has chosen stays. @param {() => Option[]} options
 * @param {() => string} [get] the value while nobody has chosen another one
 * @param {(value: string) => void} [changed] told of each value, the first too */
export function pick(options, get = () => "", changed = () => {}) {
  const select = h("select", null);
  let chosen = /** @type {string | null} */ (null);
  select.addEventListener("change", () => {
    chosen = select.value;
    changed(chosen);
  });
  effect(() => {
    const now = get();
    if (chosen === now) chosen = null;
    select.replaceChildren(...options().map(([value, label]) => h("option", { value }, label)));
    select.value = chosen ?? now;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
    changed(select.value);
  });
  return select;
}

/** A group of boxes to tick. @param {{legend: string, hint?: string, empty?: string, options: () => Option[],
 *   get?: () => string[]}} wants `get` is what is ticked while nobody has changed it */
export function boxes({ legend, hint, empty = "", options, get = () => [] }) {
  const ticked = signal(/** @type {ReadonlySet<string>} */ (new Set()));
  let before = ticked.peek();
  effect(() => {
    const now = new Set(get());
    if (isSame(ticked.peek(), before)) ticked.value = now;
    before = now;
  });

  /** @param {string} value */
  function turn(value) {
    const next = new Set(ticked.peek());
    if (!next.delete(value)) next.add(value);
    ticked.value = next;
  }

  /** @param {Option} option */
  function box([value, label]) {
    const input = h("input", { type: "checkbox", value, checked: () => ticked.value.has(value) });
    input.addEventListener("change", () => turn(value));
    return h("label", null, input, h("span", null, label));
  }

  const node = h(
    "fieldset",
    { class: "boxes" },
    h("legend", null, legend),
    hint ? h("p", { class: "faint" }, hint) : null,
    h("div", null, () => options().length ? options().map(box) : h("p", { class: "faint" }, empty)),
  );
  return {
    node,
    /** What is ticked and still offered. */
    values: () => options().map(([value]) => value).filter((value) => ticked.peek().has(value)),
    clear: () => ticked.value = new Set(get()),
  };
}

/** @param {ReadonlySet<string>} one @param {ReadonlySet<string>} other */
function isSame(one, other) {
  return one.size === other.size && [...one].every((value) => other.has(value));
}
