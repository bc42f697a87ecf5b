/**
 * The filter grammar: `status:triggered service:checkout severity:<=2 text`; all terms must hold.
 * @module
 */

import { SEVERITIES } from "./wire.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {(incident: Incident) => boolean} Test */

/** @param {string} query @returns {Test} */
export function compile(query) {
  const tests = (query.match(/\S+/g) ?? []).map(term);
  return (incident) => tests.every((test) => test(incident));
}

/** @param {string} word @returns {Test} */
function term(word) {
  const [, field = "", value = ""] = /^(status|service|severity):(.+)$/i.exec(word.toLowerCase()) ?? [];
  if (field === "status") return (incident) => value.split(",").includes(incident.status);
  if (field === "service") {
    return ({ service }) => service.id === value || service.name.toLowerCase().includes(value);
  }
  if (field === "severity") return severity(value);
  const text = word.toLowerCase();
  return (incident) =>
    `#${incident.number} ${incident.title} ${incident.service.name} ${incident.severity} ${incident.status}`
      .toLowerCase().includes(text);
}

/** `<=2` is "at least as bad as SEV2". @param {string} value @returns {Test} */
function severity(value) {
  const [, sign = "", digit = ""] = /^(<=|>=|<|>|)(?:sev)?([1-5])$/.exec(value) ?? [];
  const wanted = Number(digit);
  if (!wanted) return () => false;
  return (incident) => {
    const level = SEVERITIES.indexOf(incident.severity) + 1;
    if (sign === "<=") return level <= wanted;
    if (sign === ">=") return level >= wanted;
    if (sign === "<") return level < wanted;
    return sign === ">" ? level > wanted : level === wanted;
  };
}
