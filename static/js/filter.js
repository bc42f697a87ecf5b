/**
 * The filter grammar: `status:triggered service:checkout severity:<=2 text`, as `q=` of the API reads it
 * (hub/domain/query.py): of one name any term holds, of different names all do, and of plain words each.
 * @module
 */

import { isOpen, label, SEVERITIES } from "./wire.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {(incident: Incident) => boolean} Test */

/** @param {string} query @returns {Test} */
export function compile(query) {
  /** @type {Record<string, Test[]>} */
  const choices = {};
  /** @type {Test[]} */
  const tests = [];
  for (const word of query.toLowerCase().match(/\S+/g) ?? []) {
    const [, name = "", value = ""] = /^(status|service|severity):(.+)$/.exec(word) ?? [];
    if (name) (choices[name] ??= []).push(choice(name, value));
    else tests.push((incident) => line(incident).includes(word));
  }
  for (const those of Object.values(choices)) tests.push((incident) => those.some((test) => test(incident)));
  return (incident) => tests.every((test) => test(incident));
}

/** @param {string} name @param {string} value @returns {Test} */
function choice(name, value) {
  if (name === "status") return (incident) => value.split(",").some((word) => hasStatus(incident, word));
  if (name === "severity") return severity(value);
  return ({ service }) => service.id === value || service.name.toLowerCase().includes(value);
}

/** @param {Incident} incident @param {string} word */
function hasStatus({ status }, word) {
  return word === "open" ? isOpen(status) : word === "all" || word === status;
}

/** What a line of the board says. @param {Incident} incident */
function line(incident) {
  const { title, service, severity, status } = incident;
  return `${label(incident)} ${title} ${service.name} ${severity} ${status}`.toLowerCase();
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
