/**
 * A list on the page: one node an item, by key.
 * @module
 */

import { effect, root, signal } from "./core.js";
import { pass } from "./focus.js";

/** @template T @typedef {import("./core.js").Signal<T>} Signal */

/** Keep one node an item: who stays keeps the node, and with it focus and selection.
 * @template T @param {Element} parent @param {() => T[]} items @param {(item: T) => string} key
 * @param {(item: Signal<T>) => HTMLElement} render called once a key; later values come through the signal */
export function each(parent, items, key, render) {
  /** @type {Map<string, {node: HTMLElement, item: Signal<T>, end: () => void}>} */
  const rows = new Map();
  effect(() => {
    const list = items();
    const keys = new Set(list.map(key));
    const focused = document.activeElement;
    let vacated = -1;
    for (const [name, row] of rows) {
      if (keys.has(name)) continue;
      if (row.node.contains(focused)) vacated = [...parent.children].indexOf(row.node);
      row.end();
      row.node.remove();
      rows.delete(name);
    }
    let at = parent.firstChild;
    for (const value of list) {
      let row = rows.get(key(value));
      if (row) row.item.value = value;
      else {
        const item = signal(value);
        const { result: node, end } = root(() => render(item));
        rows.set(key(value), row = { node, item, end });
      }
      if (row.node === at) at = at.nextSibling;
      else parent.insertBefore(row.node, at);
    }
    if (vacated >= 0) {
      // who takes the place of a node that is gone takes its focus
      pass(parent.children[Math.min(vacated, parent.children.length - 1)]);
    } else if (
      focused instanceof HTMLElement && focused !== document.activeElement && parent.contains(focused)
    ) {
      focused.focus({ preventScroll: true }); // a node that is moved loses it
    }
  });
}
