/**
 * A paged list of the API: the first page, "more", and again as far as it was read.
 * @module
 */

import { call } from "./api.js";
import { h, signal } from "./core.js";
import { each } from "./each.js";
import { attempt } from "./edit.js";

/** @template T @typedef {import("./core.js").Signal<T>} Signal */

const SIZE = 100;

/** @template {{id: string}} T @param {string} path without `limit` and `cursor`
 * @param {number} [size] of a page */
export function listing(path, size = SIZE) {
  const items = signal(/** @type {T[]} */ ([]));
  const next = signal(/** @type {string | null} */ (null));

  /** @param {string | null} cursor @returns {Promise<import("./wire.js").Page<T>>} */
  function page(cursor) {
    const asked = new URLSearchParams({ limit: String(size) });
    if (cursor) asked.set("cursor", cursor);
    return call("GET", `${path}${path.includes("?") ? "&" : "?"}${asked}`);
  }

  return {
    items,
    next,
    /** Read at least `least` of them and as many as are shown, from the beginning. Throws Problem.
     * @param {number} [least] */
    async read(least = 1) {
      const wanted = Math.max(least, items.peek().length);
      /** @type {T[]} */
      let found = [];
      /** @type {string | null} */
      let cursor = null;
      do {
        const { data, next_cursor } = await page(cursor);
        [found, cursor] = [[...found, ...data], next_cursor];
      } while (cursor && found.length < wanted);
      items.value = found;
      next.value = cursor;
    },
    async more() {
      const { data, next_cursor } = await page(next.peek());
      const known = new Set(items.peek().map(({ id }) => id));
      items.value = [...items.peek(), ...data.filter(({ id }) => !known.has(id))];
      next.value = next_cursor;
    },
    /** Show what is new, or as it is now. @param {T} item */
    put(item) {
      const all = items.peek();
      const isKnown = all.some(({ id }) => id === item.id);
      items.value = isKnown ? all.map((one) => one.id === item.id ? item : one) : [...all, item];
    },
    /** @param {string} id */
    drop(id) {
      items.value = items.peek().filter((one) => one.id !== id);
    },
  };
}

/** The rows of a listing, what is said without any, and "more".
 * @template {{id: string}} T @param {ReturnType<typeof listing<T>>} list
 * @param {{label: string, empty: import("./core.js").Child, row: (item: Signal<T>) => HTMLLIElement}} shows */
export function rows(list, { label, empty, row }) {
  const node = h("ul", { class: "items", "aria-label": label, hidden: () => !list.items.value.length });
  each(node, () => list.items.value, ({ id }) => id, row);
  return h(
    "div",
    { class: "listing" },
    node,
    h("p", { class: "nothing", hidden: () => list.items.value.length > 0 }, empty),
    h(
      "p",
      { class: "more", hidden: () => !list.next.value },
      h("button", { type: "button", onclick: () => attempt(list.more) }, "Show more"),
      h("span", { class: "faint" }, () => `${list.items.value.length} shown`),
    ),
  );
}
