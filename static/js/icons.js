/**
 * Shapes: a severity and a status are a word, a shape and a colour, never a colour alone.
 * @module
 */

import { dress, h } from "./core.js";

/** @typedef {import("./wire.js").Severity} Severity */
/** @typedef {import("./wire.js").Status} Status */

const SVG = "http://www.w3.org/2000/svg";

/** Paths in a box of 16 x 16; the first is filled, the second (a sign in it) is cut out. @type {Record<Severity, string>} */
const SEVERITY = {
  SEV1: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM7 4v5h2V4zM7 10.5v2h2v-2z",
  SEV2: "M8 1.5 15.5 15H.5zM7.2 6v4.6h1.6V6zM7.2 11.6v1.8h1.6v-1.8z",
  SEV3: "M8 .8 15.2 8 8 15.2.8 8z",
  SEV4: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2z",
  SEV5: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
};

/** Rings that fill as the work goes on. @type {Record<Status, string>} */
const STATUS = {
  triggered: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM7.1 4v5h1.8V4zM7.1 10.3v1.9h1.8v-1.9z",
  acknowledged:
    "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 3.1a4.9 4.9 0 1 0 0 9.8 4.9 4.9 0 0 0 0-9.8zM8 4.6v6.8a3.4 3.4 0 0 0 0-6.8z",
  mitigated:
    "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 3.1a4.9 4.9 0 1 0 0 9.8 4.9 4.9 0 0 0 0-9.8zM8 4.6V8H4.6a3.4 3.4 0 1 0 3.4-3.4z",
  resolved: "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM11.1 5 7 9.2 4.9 7.1 3.8 8.2 7 11.4l5.2-5.3z",
  closed:
    "M8 1.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM8 3.1a4.9 4.9 0 1 0 0 9.8 4.9 4.9 0 0 0 0-9.8zM5 7.2h6v1.6H5z",
};

const OTHER = {
  alert: "M8 1.6 14.8 14H1.2zM7.2 6v4h1.6V6zM7.2 11v1.6h1.6V11z",
  cleared: "M6.2 12.6 1.9 8.3l1.2-1.2 3.1 3.1 6.7-6.8 1.2 1.2z",
  note: "M2 2h12v9H8l-4 3v-3H2zM4 4.5v1.3h8V4.5zM4 7.3v1.3h5.5V7.3z",
  lock: "M4.5 7V5a3.5 3.5 0 0 1 7 0v2H13v7.5H3V7zM6 7h4V5a2 2 0 0 0-4 0zM7.2 9.5v2.6h1.6V9.5z",
  dot: "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5z",
};

/** @param {string} path @param {string} [kind] a class */
function shape(path, kind = "") {
  const attributes = { viewBox: "0 0 16 16", class: `shape ${kind}`, "aria-hidden": "true" };
  const svg = dress(document.createElementNS(SVG, "svg"), attributes);
  svg.append(dress(document.createElementNS(SVG, "path"), { d: path, "fill-rule": "evenodd" }));
  return svg;
}

/** @param {Severity} severity */
export function severity(severity) {
  return h("span", { class: `severity ${severity.toLowerCase()}` }, shape(SEVERITY[severity]), severity);
}

/** @param {Status} status */
export function status(status) {
  const word = (status[0] ?? "").toUpperCase() + status.slice(1);
  return h("span", { class: `status ${status}` }, shape(STATUS[status]), h("span", null, word));
}

/** @param {Status | Severity | keyof typeof OTHER} name */
export function sign(name) {
  return shape({ ...OTHER, ...STATUS, ...SEVERITY }[name], name.toLowerCase());
}

/** The badge of an incident that others fold into. */
export function storm() {
  const title = "A storm: what would have opened incidents of its own joins this one";
  return h("span", { class: "storm", title }, "Storm");
}
