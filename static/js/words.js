/**
 * Events in words: what a kind of event says, after the name of who did it.
 * @module
 */

/** @typedef {import("./wire.js").Envelope} Envelope */

/** Why nobody commands an incident any more. @type {Record<string, string>} */
const VACATED = {
  removed: "removed the commander from the organization: nobody commands",
  left: "left the organization: nobody commands",
  hidden: "hid the incident from the commander: nobody commands",
  expired: "ended the commander's membership, whose time was up: nobody commands",
};

/** How an alert was cleared, other than by its sender. @type {Record<string, string>} */
const CLEARED = {
  resolved: "cleared an alert by resolving",
  expired: "cleared an alert that was not repeated",
  corrected: "corrected an alert: who alone still fired it should not have",
};

/** @type {Record<string, (event: Envelope) => string>} */
const PHRASES = {
  "incident.opened": ({ data }) =>
    data.storm
      ? "opened one incident for a storm: more than 20 new ones a minute fold into it"
      : `opened the incident as ${data.severity}`,
  "incident.acknowledged": () => "acknowledged",
  "incident.unacknowledged": () => "took back the acknowledgement",
  "incident.mitigated": () => "mitigated: the harm has stopped",
  "incident.resolved": ({ data }) => {
    if (data.automatic) return "cleared the last alert, which resolved the incident";
    return data.firing ? `resolved with ${alerts(data.firing)} still firing` : "resolved";
  },
  "incident.closed": () => "closed the incident",
  "incident.reopened": ({ data }) => {
    if (data.reason === "new_episode") return "fired again, which reopened the incident";
    if (data.reason === "flapping") {
      return `flaps: fired again, for the ${data.times}th time, which reopened it`;
    }
    if (data.reason === "corrected") return "corrected its end, which reopened the incident";
    if (data.reason === "reporters_disagree") {
      return "reopened it: one reporter had cleared what another still sees";
    }
    return data.reason === "still_firing" ? "is still firing, which reopened the incident" : "reopened";
  },
  "incident.noted": () => "wrote",
  "incident.severity_set": ({ data }) => `changed the severity from ${data.was} to ${data.severity}`,
  "incident.commander_assigned": ({ data }) => `made ${data.name} the commander`,
  "incident.commander_vacated": ({ data }) => VACATED[data.reason] ?? "left the incident without a commander",
  "incident.hidden": ({ data }) =>
    `${data.was_private ? "changed who sees the incident to" : "hid the incident from all but"} ${
      names(data.named)
    }${data.reason ? `: ${data.reason}` : ""}`,
  "incident.shown": () => "showed the incident to everybody again",
  "incident.glass_broken": ({ data }) => `broke the glass, to see the incident for a time: ${data.reason}`,
  "incident.signals_cleared": () => "cleared the last alert; resolve the incident if it is over",
  "incident.signals_stale": ({ data }) =>
    `has nothing firing, but heard no more of ${alerts(data.stale)}: silence is not recovery`,
  "incident.storm_ended": ({ data }) =>
    `ended the storm of ${alerts(data.alerts)}: what comes new opens its own`,
  "alert.fired": ({ data }) => (data.episode > 1 ? `fired again (episode ${data.episode})` : "fired"),
  "alert.went_stale": ({ data }) =>
    data.corrects
      ? "corrected an alert: it should not have been heard of again, and is stale"
      : `heard no more of an alert for ${data.after} s: it is stale, not cleared`,
  "alert.heard_again": () => "heard again of an alert that was stale: it fires",
  "alert.split_off": () => "split an alert off, into an incident of its own",
  "alert.taken_in": () => "took in an alert that was split off another incident",
  "alert.reported": ({ data }) =>
    data.corrects
      ? `corrected what a reporter said: it is ${data.status}`
      : `says ${data.status}${data.reporter ? ` by ${data.reporter}` : ""}`,
  "alert.cleared": ({ data }) => CLEARED[data.reason] ?? "cleared",
  "incident.corrected": () => "corrected: it should not have been opened, and is closed",
  "incident.reopening_corrected": ({ data }) =>
    `corrected its reopening: it should not have been, and is ${data.status} as before`,
  "incident.note_corrected": () => "corrected a note: it should not have been written",
  "incident.acknowledgement_corrected": () => "corrected an acknowledgement: nobody had it",
  "alert.withdrawn": () => "corrected an alert: it should not have fired",
  "alert.restored": () => "corrected an alert: it should not have been cleared, and fires",
  "change.corrected": () => "corrected a change: it should not have been recorded",
  "change.recorded": ({ data }) => `recorded a change: ${data.title}`,
};

/** What the actor did. Kinds of a later version are told by their name. @param {Envelope} event */
export function sentence(event) {
  return (PHRASES[event.type] ?? (() => phrase(event.type)))(event);
}

/** The bare verb of a kind: `incident.severity_set` is "severity set". @param {string} kind */
export function phrase(kind) {
  return kind.slice(kind.indexOf(".") + 1).replaceAll("_", " ");
}

const NAMES_MOST = 6;

/** `Also here: Bob, Carol (typing…) and 3 more`. @param {import("./wire.js").Present[]} others */
export function company(others) {
  const some = others.slice(0, NAMES_MOST).map(({ name, state }) =>
    state === "typing" ? `${name} (typing…)` : name
  );
  const more = others.length - some.length;
  return `Also here: ${some.join(", ")}${more ? ` and ${more} more` : ""}`;
}

/** @param {{name: string}[]} named */
export function names(named) {
  return named.map(({ name }) => name).join(", ");
}

/** @param {number} count */
export function alerts(count) {
  return count === 1 ? "1 alert" : `${count} alerts`;
}

/** Kinds that have words. */
export const kinds = () => Object.keys(PHRASES);
