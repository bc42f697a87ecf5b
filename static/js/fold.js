/**
 * How the timeline is laid out: days, single events, and runs of alert events that are one line.
 * @module
 */

import { day } from "./clock.js";

/** @typedef {import("./wire.js").Envelope} Envelope */
/** @typedef {{key: string, day: string, events: Envelope[]}} Item an item without events begins a day */

/** Lay events out. The first alert says what happened and stands alone; later runs are folded.
 * @param {readonly Envelope[]} events @returns {Item[]} */
export function fold(events) {
  /** @type {Item[]} */
  const items = [];
  let today = "";
  let run = false;
  let first = true;
  let minute = "";
  for (const event of events) {
    // naming a day is slow, and events come in bursts: the same minute is the same day
    const date = event.time.slice(0, 16) === minute ? today : day(event.time);
    minute = event.time.slice(0, 16);
    if (date !== today) items.push({ key: `day-${event.id}`, day: date, events: [] });
    const isAlert = event.type.startsWith("alert.");
    const last = items.at(-1);
    if (isAlert && run && date === today && last) last.events.push(event);
    else items.push({ key: event.id, day: date, events: [event] });
    run = isAlert && !first;
    if (isAlert) first = false;
    today = date;
  }
  return items;
}

/** A run in one line: `3 alerts fired`, or `5 alert events: 3 fired, 2 cleared`. @param {readonly Envelope[]} events */
export function summary(events) {
  const counts = ["fired", "reported", "cleared", "withdrawn", "restored"].map((
    word,
  ) => /** @type {const} */ ([word, events.filter((event) => event.type === `alert.${word}`).length]));
  const parts = counts.filter(([, count]) => count).map(([word, count]) => `${count} ${word}`);
  if (parts.length === 1) return `${parts[0]}`.replace(" ", " alerts ");
  return `${events.length} alert events: ${parts.join(", ")}`;
}
