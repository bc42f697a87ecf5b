/**
 * The incidents that a page holds: what was read, and on top of it what is newer on the stream.
 * @module
 */

import { evolve, opened } from "./evolve.js";
import { signal } from "./core.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./wire.js").Envelope} Envelope */

const BUFFER = 5_000;
const MOST = 5_000;

/** A store of incidents. `name` finds a service's name. @param {(service: string) => string} name */
export function incidents(name) {
  /** `read` is the version that a list or an answer had: events up to it are in it already, those above follow.
   * @type {Map<string, {incident: Incident, read: number}>} */
  const held = new Map();
  const list = signal(/** @type {Incident[]} */ ([]));
  /** @type {Envelope[] | null} */
  let early = [];
  let overflown = false;

  function publish() {
    const sorted = [...held.values()].map((entry) => entry.incident).sort((a, b) => b.number - a.number);
    for (const { id } of sorted.splice(MOST)) held.delete(id); // a page that stays open for weeks
    list.value = sorted;
  }

  /** @param {Incident} incident */
  function keep(incident) {
    const entry = held.get(incident.id);
    if (entry && entry.incident.version > incident.version) return; // an old answer that came late
    held.set(incident.id, { incident, read: incident.version });
  }

  /** @param {Envelope} event @returns {boolean} false: it is about an incident that is not here */
  function take(event) {
    if (!event.incident) return true;
    const entry = held.get(event.incident);
    const version = event.incidentversion ?? 0;
    if (entry) {
      if (version > entry.read) entry.incident = evolve(entry.incident, event);
      return true;
    }
    if (event.type !== "incident.opened") return false;
    held.set(event.incident, { incident: opened(event, name), read: 0 });
    return true;
  }

  return {
    list,

    /** @param {string} id @returns {Incident | undefined} */
    get: (id) => held.get(id)?.incident,

    /** What was read: wins over events at or below its version. @param {Incident[]} read */
    put(read) {
      read.forEach(keep);
      publish();
    },

    /** A list is being read: hold events back until `begin`. */
    hold() {
      early = [];
      overflown = false;
    },

    /** The first list after `hold` is here: forget what was before, apply what came meanwhile.
     * @param {Incident[]} read @returns {{unknown: string[], again: boolean}} again: too much came, read again */
    begin(read) {
      const events = early ?? [];
      early = null;
      held.clear();
      read.forEach(keep);
      const unknown = this.apply(events);
      return { unknown, again: overflown };
    },

    /** Apply events in the stream's order. @param {Envelope[]} events
     * @returns {string[]} the ids of incidents they are about that are not here */
    apply(events) {
      if (early) {
        overflown ||= early.length + events.length > BUFFER;
        if (!overflown) early.push(...events);
        return [];
      }
      const unknown = new Set(events.filter((event) => !take(event)).map((event) => event.incident ?? ""));
      publish();
      return [...unknown];
    },
  };
}
