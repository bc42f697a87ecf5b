/**
 * The head of the war room: each fact once, and what can be done now.
 * @module
 */

import { clockTime, full, now, running } from "./clock.js";
import { derive, effect, h } from "./core.js";
import * as icons from "./icons.js";
import { can, VERBS } from "./lifecycle.js";
import * as place from "./place.js";
import { here, may, organization, services } from "./session.js";
import { lock } from "./hiding.js";
import { label, SEVERITIES } from "./wire.js";
import { alerts } from "./words.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./lifecycle.js").Verb} Verb */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */
/** @typedef {{stale: Signal<boolean>}} Page */
/** @typedef {(command: string, body?: Record<string, unknown>) => Promise<boolean>} Perform */

/** @param {Signal<Incident>} incident @param {{perform: Perform, page: Page}} room */
export function header(incident, room) {
  const status = derive(() => incident.value.status);
  const ended = derive(() => incident.value.resolved_at ?? incident.value.closed_at);
  return h(
    "header",
    { class: "head" },
    h(
      "div",
      { class: "name" },
      h("a", {
        class: "back",
        href: place.page(here.slug),
        "aria-label": "All incidents",
        title: "All incidents (u)",
      }, "←"),
      h("span", { class: "number" }, () => label(incident.value)),
      () => incident.value.private ? h("span", { class: "private" }, icons.sign("lock"), "Private") : null,
      incident.peek().storm ? icons.storm() : null,
      h("h1", { title: () => incident.value.title }, () => incident.value.title),
    ),
    h(
      "dl",
      { class: "facts" },
      fact("Severity", severity(incident, room)),
      fact("Status", () => icons.status(status.value)),
      fact(
        () => (ended.value ? "Lasted" : "Elapsed"),
        h(
          "time",
          { class: "clock", title: () => full(incident.value.opened_at) },
          () =>
            running(
              (ended.value ? Date.parse(ended.value) : now.value) - Date.parse(incident.value.opened_at),
            ),
        ),
      ),
      fact("Service", () => services.value.get(incident.value.service.id) ?? incident.value.service.name),
      fact("Alerts", () => counts(incident.value)),
      fact("Acknowledged by", () => holders(incident.value)),
      fact("Seen by", lock(incident, room)),
      incident.peek().recurs
        ? fact(
          "Happened before",
          h("a", { href: place.page(here.slug, incident.peek().recurs ?? "") }, "Earlier incident"),
        )
        : null,
    ),
    verbs(incident, room),
  );
}

/** @param {import("./core.js").Child} name @param {import("./core.js").Child} value */
function fact(name, value) {
  return h("div", null, h("dt", null, name), h("dd", null, value));
}

/** @param {Incident} incident */
function counts({ alerts: { firing, total, stale = 0 } }) {
  if (!total) return "none";
  const silent = stale ? `, ${stale} stale` : "";
  if (firing || stale) return `${firing} of ${total} firing${silent}`;
  return total === 1 ? "cleared" : `all ${total} cleared`;
}

/** @param {Incident} incident */
function holders({ acknowledgements }) {
  if (!acknowledgements.length) return h("span", { class: "faint" }, "nobody");
  return acknowledgements.map(({ name, at }, index) =>
    h("span", { title: `since ${clockTime(at)}` }, index ? `, ${name}` : name)
  );
}

/** A choice for those who may change it. Here the version counts: two people who judge differently should talk.
 * @param {Signal<Incident>} incident @param {{perform: Perform, page: Page}} room */
function severity(incident, { perform, page }) {
  const level = derive(() => incident.value.severity);
  const select = h(
    "select",
    {
      "aria-label": "Severity",
      disabled: () => page.stale.value,
      onchange: async () => {
        const { version } = incident.peek();
        await perform("severity", { severity: select.value, if_version: version });
        select.value = incident.peek().severity; // as it is now, whoever set it
      },
    },
    ...SEVERITIES.map((one) => h("option", { value: one }, one)),
  );
  effect(() => {
    select.value = level.value;
  });
  const edit = h(
    "span",
    { class: "edit" },
    () => h("span", { class: `severity ${level.value.toLowerCase()}` }, icons.sign(level.value)),
    select,
  );
  return () => may("incident:edit") ? edit : icons.severity(level.value);
}

/** @param {Signal<Incident>} incident @param {{perform: Perform, page: Page}} room */
function verbs(incident, { perform, page }) {
  const names = /** @type {Verb[]} */ (Object.keys(VERBS));
  const able = derive(() => {
    const { actor, actions } = organization.value ?? { actor: { id: "" }, actions: [] };
    return names.filter((name) => can(name, incident.value, actor.id, actions));
  });
  const first = derive(() => able.value.find((name) => name !== "unacknowledge" && name !== "mitigate"));
  const firing = derive(() => incident.value.alerts.firing);
  return h(
    "div",
    { class: "verbs", role: "group", "aria-label": "What can be done" },
    ...names.map((name) =>
      h(
        "button",
        {
          type: "button",
          class: () => name === first.value ? "primary" : null,
          hidden: () => !able.value.includes(name),
          "aria-disabled": () => String(page.stale.value),
          onclick: () => perform(name),
        },
        VERBS[name].label,
        () => name === "resolve" && firing.value ? h("small", null, ` ${alerts(firing.value)} firing`) : null,
      )
    ),
  );
}
