/**
 * One entry of the timeline: a note, an alert, a change of the incident, or a folded run.
 * @module
 */

import { alertBody } from "./alert.js";
import { clockTime, full } from "./clock.js";
import { derive, h } from "./core.js";
import { summary } from "./fold.js";
import * as icons from "./icons.js";
import { prose } from "./prose.js";
import { sentence } from "./words.js";

/** @typedef {import("./wire.js").Envelope} Envelope */
/** @typedef {import("./fold.js").Item} Item */
/** @typedef {import("./core.js").Signal<ReadonlySet<string>>} Corrected ids of notes that were taken back */

const HEAD = 120;

/** @type {Record<string, Parameters<typeof icons.sign>[0]>} */
const SIGNS = {
  "incident.opened": "triggered",
  "incident.acknowledged": "acknowledged",
  "incident.unacknowledged": "triggered",
  "incident.mitigated": "mitigated",
  "incident.resolved": "resolved",
  "incident.closed": "closed",
  "incident.reopened": "triggered",
  "incident.noted": "note",
  "incident.hidden": "lock",
  "incident.shown": "lock",
  "incident.glass_broken": "lock",
  "alert.fired": "alert",
  "alert.cleared": "cleared",
  "alert.withdrawn": "cleared",
  "alert.restored": "alert",
};

/** @param {import("./core.js").Signal<Item>} item @param {Map<string, string>} titles of alerts, by id
 * @param {Corrected} corrected */
export function entry(item, titles, corrected) {
  let open = false;
  const { day, events: [only] } = item.peek();
  if (!only) return h("li", { class: "day" }, day);
  // every new event lays all of them out again; an entry is built again only when it grew
  const count = derive(() => item.value.events.length);
  return h("li", { class: "entry" }, () => {
    if (count.value === 1) return line(only, titles, corrected);
    const { events } = item.peek();
    return h(
      "details",
      {
        open,
        class: "run",
        ontoggle: (/** @type {Event} */ event) => {
          open = /** @type {HTMLDetailsElement} */ (event.currentTarget).open;
        },
      },
      h(
        "summary",
        null,
        h("span", { class: "at" }, clockTime(only.time)),
        icons.sign("alert"),
        h("span", null, summary(events)),
      ),
      ...events.map((event) => line(event, titles, corrected)),
    );
  });
}

/** @param {Envelope} event @param {Map<string, string>} titles @param {Corrected} corrected */
function line(event, titles, corrected) {
  const kind = event.type === "incident.noted"
    ? "note"
    : event.type.startsWith("alert.")
    ? "alert"
    : "change";
  const isCorrected = () => kind === "note" && corrected.value.has(event.id);
  return h(
    "article",
    {
      id: event.id,
      class: () => `line ${kind}${isCorrected() ? " corrected" : ""}`,
      "data-kind": event.type,
    },
    time(event),
    event.type === "incident.severity_set"
      ? icons.sign(event.data.severity)
      : icons.sign(SIGNS[event.type] ?? "dot"),
    h(
      "div",
      { class: "what" },
      h(
        "p",
        null,
        h("b", null, event.actorname),
        " ",
        sentence(event),
        subject(event, titles),
        () => isCorrected() ? " (corrected)" : null,
      ),
      kind === "note" ? h("div", { class: "prose" }, ...prose(String(event.data.text))) : null,
      event.type === "alert.fired" ? alertBody(event.data) : null,
    ),
  );
}

/** @param {Envelope} event @param {Map<string, string>} titles */
function subject({ type, subject, incident = "", data }, titles) {
  if (!type.startsWith("alert.")) return null;
  const title = data.title ?? titles.get(subject);
  // an alert that is named like its incident need not say it again, unless the head has no room for all of it
  return title && (title !== titles.get(incident) || title.length > HEAD)
    ? h("span", null, ": ", h("span", { class: "alert-title" }, title))
    : null;
}

/** The time is the permalink. @param {Envelope} event */
function time(event) {
  return h(
    "a",
    { class: "at", href: `#${event.id}` },
    h("time", { datetime: event.time, title: full(event.time) }, clockTime(event.time)),
  );
}
