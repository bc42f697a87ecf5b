/**
 * Doing something to an incident: the one command route, safe to send twice, with a calm word when it fails.
 * @module
 */

import { call, explain, Problem } from "./api.js";
import { clockTime } from "./clock.js";
import { notice } from "./notices.js";
import { here, leaveIfSignedOut } from "./session.js";
import * as place from "./place.js";
import { label } from "./wire.js";
import { phrase } from "./words.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./wire.js").Performed} Performed */

/** Send a command; a request that did not arrive is sent once more under the same key. Throws Problem.
 * @param {Incident} incident @param {string} command @param {Record<string, unknown>} [body]
 * @param {string} [key] the idempotency key @returns {Promise<Performed>} */
export async function send(incident, command, body = {}, key = crypto.randomUUID()) {
  const path = place.api(here.slug, `/incidents/${incident.id}/${command}`);
  const headers = { "idempotency-key": key };
  try {
    return await call("POST", path, body, headers);
  } catch (fault) {
    if (!(fault instanceof Problem) || fault.code !== "unreachable") throw fault;
    return await call("POST", path, body, headers);
  }
}

/** Send a command and say what went wrong, if anything did.
 * @param {Incident} incident @param {string} command @param {Record<string, unknown>} [body] @param {string} [key]
 * @returns {Promise<Performed | Incident | null>} a conflict gives the incident as it is now */
export async function act(incident, command, body, key) {
  try {
    return await send(incident, command, body, key);
  } catch (fault) {
    leaveIfSignedOut(fault);
    notice(`${label(incident)}: ${first(fault) ?? explain(fault)}`, "fault");
    return fault instanceof Problem ? fault.current : null;
  }
}

/** Who was first, of a conflict. @param {unknown} fault */
function first(fault) {
  if (!(fault instanceof Problem) || !fault.first) return null;
  const { actorname, type, time } = fault.first;
  return `${actorname} ${phrase(type)} at ${clockTime(time)}, before you. Nothing was changed; look again.`;
}
