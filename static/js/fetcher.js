/**
 * Reads incidents that an event is about and that are not here; each is asked for once at a time.
 * @module
 */

import { call } from "./api.js";
import * as place from "./place.js";
import { here } from "./session.js";

/** @typedef {import("./wire.js").Incident} Incident */

const AT_ONCE = 4;

/** @param {(incident: Incident) => void} found @returns {(ids: string[]) => void} */
export function fetcher(found) {
  /** Asked for, and whether an event came meanwhile that the answer may not have in it.
   * @type {Map<string, boolean>} */
  const asked = new Map();
  /** @type {string[]} */
  const waiting = [];
  let busy = 0;

  async function work() {
    busy++;
    for (let id = waiting.shift(); id; id = waiting.shift()) {
      do {
        asked.set(id, false);
        // hidden, or the server is away: the next event or the next list will tell
        await call("GET", place.api(here.slug, `/incidents/${id}`)).then(found, () => {});
      } while (asked.get(id));
      asked.delete(id);
    }
    busy--;
  }

  return (ids) => {
    for (const id of ids) {
      if (asked.has(id)) asked.set(id, true);
      else {
        asked.set(id, false);
        waiting.push(id);
        if (busy < AT_ONCE) void work();
      }
    }
  };
}
