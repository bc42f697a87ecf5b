/**
 * Spans of time as people write them: `90s`, `5m`, `1d 2h`.
 * @module
 */

import { h } from "./core.js";

/** Seconds of each unit, the largest first. @type {readonly [string, number][]} */
const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]];

/** The seconds of a span as it is written; NaN for what is none. @param {string} text */
export function seconds(text) {
  const found = [...text.matchAll(/(\d+)\s*([dhms])/g)];
  if (!found.length || text.replaceAll(/\d+\s*[dhms]|\s/g, "")) return NaN;
  return found.reduce(
    (sum, [, count, unit]) => sum + Number(count) * (new Map(UNITS).get(unit ?? "") ?? 0),
    0,
  );
}

/** A span as people write it, whole: `1d 30s`. @param {number} total seconds */
export function written(total) {
  let left = total;
  const parts = UNITS.map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count ? `${count}${unit}` : "";
  });
  return parts.filter(Boolean).join(" ") || "0s";
}

/** A field to write one in. @param {number} [total] seconds that it begins with */
export function span(total) {
  return h("input", {
    type: "text",
    required: true,
    maxlength: "40",
    autocomplete: "off",
    spellcheck: "false",
    pattern: "\\s*(\\d+\\s*[dhms]\\s*)+",
    title: "Such as 30s, 5m, 24h or 1d 12h",
    placeholder: "1d",
    value: total === undefined ? "" : written(total),
  });
}
