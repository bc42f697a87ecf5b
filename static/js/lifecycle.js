/**
 * What may be done to an incident now, by the lifecycle and by what the person may do.
 * @module
 */

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./wire.js").Status} Status */
/** @typedef {"acknowledge" | "unacknowledge" | "mitigate" | "resolve" | "close" | "reopen"} Verb */

/** @type {Record<Verb, {label: string, done: string, action: string, from: Status[], to: Status}>} */
export const VERBS = {
  acknowledge: {
    label: "Acknowledge",
    done: "acknowledged",
    action: "incident:acknowledge",
    from: ["triggered", "acknowledged", "mitigated"],
    to: "acknowledged",
  },
  unacknowledge: {
    label: "Unacknowledge",
    done: "unacknowledged",
    action: "incident:acknowledge",
    from: ["acknowledged"],
    to: "triggered",
  },
  mitigate: {
    label: "Mitigate",
    done: "mitigated",
    action: "incident:resolve",
    from: ["triggered", "acknowledged"],
    to: "mitigated",
  },
  resolve: {
    label: "Resolve",
    done: "resolved",
    action: "incident:resolve",
    from: ["triggered", "acknowledged", "mitigated"],
    to: "resolved",
  },
  close: {
    label: "Close",
    done: "closed",
    action: "incident:resolve",
    from: ["resolved"],
    to: "closed",
  },
  reopen: {
    label: "Reopen",
    done: "reopened",
    action: "incident:resolve",
    from: ["resolved", "closed"],
    to: "triggered",
  },
};

/** May `actor` (an id), who may do `actions`, do this now? Who has acknowledged has nothing to acknowledge.
 * @param {Verb} verb @param {Incident} incident @param {string} actor @param {readonly string[]} actions */
export function can(verb, incident, actor, actions) {
  const rule = VERBS[verb];
  if (!actions.includes(rule.action) || !rule.from.includes(incident.status)) return false;
  return verb !== "acknowledge" || !incident.acknowledgements.some((one) => one.actor === actor);
}

/** All that may be done now, in the order of the lifecycle.
 * @param {Incident} incident @param {string} actor @param {readonly string[]} actions @returns {Verb[]} */
export function allowed(incident, actor, actions) {
  return /** @type {Verb[]} */ (Object.keys(VERBS)).filter((verb) => can(verb, incident, actor, actions));
}
