/**
 * Changes over the API: safe to send twice, and only to what one has seen.
 * @module
 */

import { call, Problem } from "./api.js";
import { told } from "./faults.js";
import { notice } from "./notices.js";
import { leaveIfSignedOut } from "./session.js";

/** Make something; a request that did not arrive is sent once more under the same key. Throws Problem.
 * @param {string} path @param {object} [body] @param {string} [key] the idempotency key @returns {Promise<any>} */
export async function create(path, body = {}, key = crypto.randomUUID()) {
  const headers = { "idempotency-key": key };
  try {
    return await call("POST", path, body, headers);
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.code !== "unreachable") throw fault;
    return await call("POST", path, body, headers);
  }
}

/** @param {{version: number}} seen */
const match = ({ version }) => ({ "if-match": `"${version}"` });

/** Change what was seen. Throws Problem, with `current` where it is not so any more.
 * @param {string} path @param {{version: number}} seen @param {object} body @returns {Promise<any>} */
export function change(path, seen, body) {
  return call("PATCH", path, body, match(seen));
}

/** Put something as a whole in the place of what was seen. Throws Problem.
 * @param {string} path @param {{version: number}} seen @param {object} body @returns {Promise<any>} */
export function replace(path, seen, body) {
  return call("PUT", path, body, match(seen));
}

/** Remove what was seen. Throws Problem. @param {string} path @param {{version: number}} seen */
export async function remove(path, seen) {
  await call("DELETE", path, undefined, match(seen));
}

/** Do it, and say what went wrong in the notices. @param {() => Promise<unknown>} act
 * @returns {Promise<boolean>} whether it was done */
export async function attempt(act) {
  try {
    await act();
    return true;
  } catch (fault) {
    leaveIfSignedOut(fault);
    notice(told(fault), "fault");
    return false;
  }
}
