/**
 * Looks among the incidents that are not here for what the filter asks for.
 * @module
 */

import { call } from "./api.js";
import { effect } from "./core.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */
/** @typedef {import("./wire.js").Page<Incident>} Found */

const PAUSE = 300; // after the last key
const PAGES = 5; // each may look at thousands and find none

/** Ask for what `query` says whenever it has changed and there is more than what is here.
 * @param {{query: Signal<string>, older: Signal<string | null>, path: () => string,
 *   put: (incidents: Incident[]) => void}} board `path` has a query already */
export function searching({ query, older, path, put }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  effect(() => {
    const words = query.value.trim();
    clearTimeout(timer);
    if (words && older.value) timer = setTimeout(() => void look(words), PAUSE);
  });

  /** @param {string} words */
  async function look(words) {
    let cursor = "";
    try {
      for (let page = 0; page < PAGES; page++) {
        /** @type {Found} */
        const found = await call("GET", `${path()}&q=${encodeURIComponent(words)}${cursor}`);
        if (query.peek().trim() !== words) return;
        put(found.data);
        if (found.data.length || !found.next_cursor) return;
        cursor = `&cursor=${encodeURIComponent(found.next_cursor)}`;
      }
    } catch {
      // a term that is half written; what is here is filtered all the same
    }
  }
}
