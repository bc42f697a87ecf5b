/**
 * What an event makes of an incident: the page's fold of the timeline, equal to what the server answers.
 * @module
 */

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./wire.js").Envelope} Envelope */

/** A new incident. @param {Envelope} event @param {(service: string) => string} name @returns {Incident} */
export function opened(event, name) {
  const { number, title, service, severity, urgency, recurs, private: hidden, storm } = event.data;
  return {
    id: event.incident ?? event.subject,
    number,
    title,
    status: "triggered",
    severity,
    urgency,
    service: { id: service, name: name(service) },
    version: event.incidentversion ?? 1,
    alerts: { firing: 0, total: 0, stale: 0 },
    acknowledgements: [],
    commander: null,
    private: hidden ?? false,
    storm: storm ?? false,
    named: [],
    recurs: recurs ?? null,
    opened_at: event.time,
    acknowledged_at: null,
    mitigated_at: null,
    resolved_at: null,
    closed_at: null,
  };
}

/** The incident after an event; kinds of a later version change nothing but the version.
 * @param {Incident} incident @param {Envelope} event @returns {Incident} */
export function evolve(incident, event) {
  const change = CHANGES[event.type];
  const version = Math.max(incident.version, event.incidentversion ?? 0);
  return { ...incident, ...(change ? change(incident, event) : {}), version };
}

/** @type {Record<string, (incident: Incident, event: Envelope) => Partial<Incident>>} */
const CHANGES = {
  "incident.acknowledged": (incident, { actor, actorname, time }) => ({
    status: incident.status === "triggered" ? "acknowledged" : incident.status,
    acknowledged_at: incident.acknowledged_at ?? time,
    acknowledgements: [
      ...incident.acknowledgements.filter((one) => one.actor !== actor),
      { actor, name: actorname, at: time },
    ],
  }),
  "incident.unacknowledged": () => ({ status: "triggered", acknowledged_at: null, acknowledgements: [] }),
  "incident.mitigated": (_, { time }) => ({ status: "mitigated", mitigated_at: time }),
  "incident.resolved": (_, { time }) => ({ status: "resolved", resolved_at: time }),
  "incident.closed": (_, { time }) => ({ status: "closed", closed_at: time }),
  "incident.reopened": () => ({
    status: "triggered",
    acknowledged_at: null,
    mitigated_at: null,
    resolved_at: null,
    closed_at: null,
    acknowledgements: [],
    commander: null,
  }),
  "incident.reopening_corrected": (_, { data }) => ({
    status: data.status,
    resolved_at: data.resolved_at,
    closed_at: data.closed_at,
  }),
  "incident.corrected": ({ closed_at }, { time }) => ({ status: "closed", closed_at: closed_at ?? time }),
  "incident.acknowledgement_corrected": ({ status, acknowledged_at, acknowledgements }, { data }) => {
    const rest = acknowledgements.filter(({ actor }) => actor !== data.whose);
    return rest.length || status !== "acknowledged"
      ? { status, acknowledged_at, acknowledgements: rest }
      : { status: "triggered", acknowledged_at: null, acknowledgements: rest };
  },
  "incident.severity_set": (_, { data }) => ({ severity: data.severity }),
  "incident.commander_assigned": (_, { data }) => ({ commander: data.commander }),
  "incident.commander_vacated": () => ({ commander: null }),
  "incident.hidden": (_, { data }) => ({
    private: true,
    named: data.named.map((/** @type {import("./wire.js").Named & {until?: string}} */ one) => ({
      id: one.id,
      name: one.name,
      until: one.until ?? null,
    })),
  }),
  "incident.shown": (_, { data }) => ({ private: false, named: [], number: data.number }),
  "incident.glass_broken": ({ named }, { data }) => ({
    named: [
      ...named.filter(({ id }) => id !== data.member),
      { id: data.member, name: data.name, until: data.until },
    ],
  }),
  "alert.fired": ({ alerts }) => moved(alerts, 1, 0, 1),
  "alert.cleared": ({ alerts }, { data }) => moved(alerts, data.was_stale ? 0 : -1, data.was_stale ? -1 : 0),
  "alert.withdrawn": ({ alerts }, { data }) =>
    moved(alerts, data.was === "firing" ? -1 : 0, data.was === "stale" ? -1 : 0, -1),
  "alert.restored": ({ alerts }) => moved(alerts, 1, 0),
  "alert.went_stale": ({ alerts }) => moved(alerts, -1, 1),
  "alert.heard_again": ({ alerts }) => moved(alerts, 1, -1),
  "alert.split_off": ({ alerts }, { data }) =>
    moved(alerts, data.status === "firing" ? -1 : 0, data.status === "stale" ? -1 : 0, -1),
  "alert.taken_in": ({ alerts }, { data }) =>
    moved(alerts, data.status === "firing" ? 1 : 0, data.status === "stale" ? 1 : 0, 1),
};

/** Counts of alerts, moved. @param {Incident["alerts"]} alerts @param {number} firing @param {number} stale */
function moved(alerts, firing, stale, total = 0) {
  return {
    alerts: {
      firing: Math.max(0, alerts.firing + firing),
      stale: Math.max(0, (alerts.stale ?? 0) + stale),
      total: alerts.total + total,
    },
  };
}
