/**
 * What a refused form says: each fault of the answer to its field, the rest to the form.
 * @module
 */

import { explain, Problem } from "./api.js";

/** @typedef {{fields: Map<string, string>, rest: string}} Said */

/** Sort a fault by the fields that a form has; a field's name is its JSON pointer without the first slash, and
 * takes what is said about anything in it. `rest` is empty only if every fault has found its field.
 * @param {unknown} fault @param {string[]} names @returns {Said} */
export function sort(fault, names) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  if (!(fault instanceof Problem) || !fault.errors.length) return { fields, rest: told(fault) };
  /** @type {string[]} */
  const others = [];
  for (const { pointer, detail } of fault.errors) {
    const at = pointer.slice(1);
    const name = names.find((one) => at === one || at.startsWith(`${one}/`));
    if (name === undefined) others.push(detail);
    else fields.set(name, [fields.get(name) ?? [], detail].flat().join(" "));
  }
  return { fields, rest: others.length ? others.join(" ") + byRequest(fault) : "" };
}

/** A fault on one line, with the request that an operator can look up. @param {unknown} fault */
export function told(fault) {
  const line = explain(fault);
  return fault instanceof Problem && !line.includes(fault.request) ? line + byRequest(fault) : line;
}

/** @param {Problem} fault */
function byRequest({ request }) {
  return request ? ` (request ${request})` : "";
}
