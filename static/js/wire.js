/**
 * The wire as the pages see it: the shapes of contract/ and the words with a fixed set of values.
 * @module
 */

/** @typedef {"triggered" | "acknowledged" | "mitigated" | "resolved" | "closed"} Status */
/** @typedef {"SEV1" | "SEV2" | "SEV3" | "SEV4" | "SEV5"} Severity */
/** @typedef {{id: string, name: string}} Named */
/** @typedef {{actor: string, name: string, at: string}} Acknowledgement */

/**
 * @typedef {object} Incident
 * @property {string} id
 * @property {number} number
 * @property {string} title
 * @property {Status} status
 * @property {Severity} severity
 * @property {string} urgency
 * @property {Named} service
 * @property {number} version
 * @property {{firing: number, total: number, stale?: number}} alerts
 * @property {Acknowledgement[]} acknowledgements
 * @property {string | null} commander
 * @property {boolean} private
 * @property {boolean} [storm] others fold into it
 * @property {(Named & {until: string | null})[]} named who sees a private one
 * @property {string | null} recurs
 * @property {string} opened_at
 * @property {string | null} acknowledged_at
 * @property {string | null} mitigated_at
 * @property {string | null} resolved_at
 * @property {string | null} closed_at
 */

/**
 * The envelope of a timeline event. `incident` and `incidentversion` are left out where there is none.
 * @typedef {object} Envelope
 * @property {string} id
 * @property {string} type
 * @property {string} time
 * @property {string} subject
 * @property {string} actor
 * @property {string} actorname
 * @property {string} [incident]
 * @property {number} [incidentversion]
 * @property {string} [correlationid]
 * @property {Record<string, any>} data
 */

/** @typedef {{frame: "welcome", from: string, head: string, mode: string, heartbeat_ms: number,
 *   retry: {min: number, max: number}}} Welcome */
/** @typedef {{frame: "events", after: string, cursor: string, events: Envelope[]}} Events */
/** @typedef {{frame: "mark", cursor: string, at: string}} Mark */
/** @typedef {{frame: "reset", reason: string, cursor: string}} Reset */
/** @typedef {{frame: "hidden", incident: string}} Hidden */
/** @typedef {{frame: "goaway", after_ms: number, reason: string}} Goaway */
/** @typedef {{frame: "error", code: string, message: string, retry_ms?: number}} Fault */
/** @typedef {{id: string, name: string, state: "viewing" | "typing"}} Present */
/** @typedef {{frame: "presence", incident: string, members: Present[]}} Presence */
/** @typedef {Welcome | Events | Mark | Reset | Hidden | Goaway | Fault | Presence} Frame */

/** @typedef {{slug: string, name: string, member: string, roles: string[]}} Membership */
/** @typedef {{person: {id: string, email: string, name: string} | null, csrf: string,
 *   organizations: Membership[]}} Me */
/** @typedef {{id: string, slug: string, name: string, actions: string[], actor: Named,
 *   nobody_is_paged: boolean, version: number}} Organization */
/** @template T @typedef {{data: T[], next_cursor: string | null}} Page */
/** @typedef {{incident: Incident, events: Envelope[], changed: boolean}} Performed */

/** What people call it: #42, or P-7 of the numbers that private incidents have among themselves.
 * @param {{number: number}} incident */
export function label({ number }) {
  return number < 0 ? `P${number}` : `#${number}`;
}

/** The order is the lifecycle's. @type {readonly Status[]} */
export const STATUSES = ["triggered", "acknowledged", "mitigated", "resolved", "closed"];

/** The order is from worst on. @type {readonly Severity[]} */
export const SEVERITIES = ["SEV1", "SEV2", "SEV3", "SEV4", "SEV5"];

/** @param {Status} status */
export function isOpen(status) {
  return STATUSES.indexOf(status) < STATUSES.indexOf("resolved");
}
