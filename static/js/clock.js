/**
 * Time as the server tells it, ticking once a second, and how it is written.
 * @module
 */

import { signal } from "./core.js";

/** Milliseconds of the server's clock, as far as it is known; moves once a second. */
export const now = signal(Date.now());
let skew = 0;

/** The server's clock said `at`, just now; small differences are the network's. @param {string | null} at */
export function hear(at) {
  const difference = at ? Date.parse(at) - Date.now() : NaN;
  if (Math.abs(difference - skew) > 1_500) skew = difference;
}

/** Begin to tick. */
export function run() {
  const tick = () => {
    now.value = Date.now() + skew;
    setTimeout(tick, 1_000 - (now.value % 1_000) + 5);
  };
  tick();
}

/** @param {number} milliseconds @returns {[number, number, number, number]} days, hours, minutes, seconds */
function parts(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  return [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3_600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ];
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/** For tables: `42s`, `12m`, `3h 07m`, `2d 04h`. @param {number} milliseconds */
export function brief(milliseconds) {
  const [days, hours, minutes, seconds] = parts(milliseconds);
  if (days) return `${days}d ${two(hours)}h`;
  if (hours) return `${hours}h ${two(minutes)}m`;
  return minutes ? `${minutes}m` : `${seconds}s`;
}

/** For the war room's clock: `0:12:05`, `2d 04:12:05`. @param {number} milliseconds */
export function running(milliseconds) {
  const [days, hours, minutes, seconds] = parts(milliseconds);
  return days
    ? `${days}d ${two(hours)}:${two(minutes)}:${two(seconds)}`
    : `${hours}:${two(minutes)}:${two(seconds)}`;
}

/** Wall time of this browser, `14:02:11`. @param {string} at */
export function clockTime(at) {
  const time = new Date(at);
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

const DAY = new Intl.DateTimeFormat("en", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
});

/** @param {string} at */
export function day(at) {
  return DAY.format(new Date(at));
}

/** Everything about a moment, for a title. @param {string} at */
export function full(at) {
  return `${day(at)}, ${clockTime(at)} (${new Date(at).toISOString()})`;
}
