/**
 * Settings: one service, what it needs, what alerts it, and what is open on it.
 * @module
 */

import { call } from "./api.js";
import {
  integrationList,
  MANY,
  named,
  pageOf,
  serviceList,
  SERVICES,
  statusOf,
  teamList,
} from "./catalogue.js";
import { h, signal } from "./core.js";
import { confirm } from "./dialog.js";
import { each } from "./each.js";
import { attempt, change, create, replace } from "./edit.js";
import { form } from "./form.js";
import { severity, status } from "./icons.js";
import { notice } from "./notices.js";
import { settings as address } from "./parts.js";
import { boxes } from "./pick.js";
import * as place from "./place.js";
import { link } from "./prose.js";
import { serviceFields } from "./servicefields.js";
import { here, may } from "./session.js";
import { lockedWithout, settings } from "./settings.js";

/** @typedef {import("./catalogue.js").Service} Service */
/** @typedef {import("./wire.js").Incident} Incident */

const path = `${SERVICES}/${encodeURIComponent(place.last(location.pathname))}`;
const service = signal(/** @type {Service | null} */ (null));
const open = signal(/** @type {Incident[]} */ ([]));
const others = serviceList();
const teams = teamList();
const sources = integrationList();

settings({
  part: "services",
  title: () => service.value?.name ?? "",
  intro: h("a", { href: address(here.slug, "services") }, "All services"),
  about: ["service.", "team.", "integration.", "incident."],
  read: async () => {
    const incidents = `/incidents?status=open&limit=200`;
    const [one, page] = await Promise.all([
      call("GET", path),
      call("GET", place.api(here.slug, incidents)),
      others.read(MANY),
      may("member:read") && teams.read(MANY),
      sources.read(MANY),
    ]);
    open.value = page.data.filter((/** @type {Incident} */ each) => each.service.id === one.id);
    service.value = one;
  },
  body: () => [
    summary(),
    section("Open incidents", openIncidents()),
    section("Integrations", integrations()),
    section("Needs", needs()),
    section("Settings", editing()),
    section("Archive", archiving()),
  ],
  choices: () => [{ title: "Show its incidents", run: () => location.assign(board()) }],
});

/** @param {string} title @param {import("./core.js").Child} rest */
function section(title, rest) {
  const id = title.toLowerCase().replaceAll(" ", "-");
  return h("section", { "aria-labelledby": id }, h("h2", { id }, title), rest);
}

function board() {
  return `${place.page(here.slug)}?q=service:${service.peek()?.id ?? ""}`;
}

function summary() {
  return h("p", { class: "summary" }, () => {
    const one = service.value;
    return one && [
      statusOf(one),
      h(
        "span",
        { class: "faint" },
        `tier ${one.tier}, ${one.team ? `owned by ${one.team.name}` : "owned by no team"}`,
      ),
      one.runbook_url ? link(one.runbook_url, "Runbook") : "",
      ...one.links.flatMap(({ title, url }) => [" ", link(url, title)]),
    ];
  });
}

function openIncidents() {
  const list = h("ul", { class: "items plain", "aria-label": "Open incidents" });
  each(list, () => open.value, ({ id }) => id, incident);
  const more = () => (service.value?.open_incidents ?? 0) - open.value.length;
  return [
    h("div", { hidden: () => !open.value.length }, list),
    h("p", { class: "nothing", hidden: () => open.value.length > 0 }, "Nothing is open."),
    h(
      "p",
      null,
      () =>
        h("a", { href: board() }, more() > 0 ? `${more()} more on the board` : "Its incidents on the board"),
    ),
  ];
}

/** @param {import("./core.js").Signal<Incident>} item */
function incident(item) {
  const { number, title } = item.peek();
  return h(
    "li",
    null,
    h(
      "span",
      null,
      () => severity(item.value.severity),
      " ",
      h("a", { href: place.page(here.slug, number) }, `#${number} ${title}`),
    ),
    h("span", null, () => status(item.value.status)),
  );
}

function integrations() {
  const mine = () => sources.items.value.filter((one) => one.service.id === service.value?.id);
  const list = h("ul", { class: "items plain", "aria-label": "Integrations" });
  each(list, mine, ({ id }) => id, (item) =>
    h(
      "li",
      null,
      h("a", { href: pageOf("integrations", item.peek().id) }, () => item.value.name),
      h("span", { class: "faint" }, () => item.value.disabled_at ? "disabled" : ""),
    ));
  return [
    h("div", { hidden: () => !mine().length }, list),
    h("p", { class: "nothing", hidden: () => mine().length > 0 }, "No integration sends alerts about it."),
    h(
      "p",
      { hidden: () => !may("integration:manage") || isArchived() },
      h(
        "a",
        { href: `${address(here.slug, "integrations")}?service=${place.last(location.pathname)}` },
        "New integration",
      ),
    ),
  ];
}

/** Offered: what is needed now, and every other service. */
function needs() {
  const now = () => service.value?.dependencies ?? [];
  const group = boxes({
    legend: "It cannot work without",
    empty: "There is no other service.",
    options: () => {
      const kept = new Set(now().map(({ id }) => id));
      const rest = others.items.value.filter(({ id }) => id !== service.value?.id && !kept.has(id));
      return named([...now(), ...rest]);
    },
    get: () => now().map(({ id }) => id),
  });
  const edit = form({
    submit: "Save what it needs",
    fields: [],
    rest: group.node,
    send: async () => {
      const seen = service.peek();
      if (!seen) return;
      service.value = await replace(`${path}/dependencies`, seen, { services: group.values() });
      notice("Saved what it needs.");
    },
    stale: (current) => {
      service.value = current;
      return names(current) || "nothing";
    },
  });
  return [
    h("div", { hidden: () => !may("service:manage") }, edit),
    h(
      "p",
      { hidden: () => may("service:manage") },
      () => service.value && (names(service.value) || "Nothing."),
    ),
  ];
}

/** @param {Service} one */
function names({ dependencies }) {
  return dependencies.map(({ name }) => name).join(", ");
}

function editing() {
  const fields = serviceFields(() => service.value, () => teams.items.value);
  const edit = form({
    submit: "Save",
    fields: [...fields.first, ...fields.rest],
    send: async () => {
      const seen = service.peek();
      if (!seen) return;
      service.value = await change(path, seen, fields.body());
      notice("Saved.");
    },
    stale: (current) => {
      service.value = current;
      return `${current.name}, tier ${current.tier}, ${current.team?.name ?? "no team"}`;
    },
  });
  return [
    h("div", { hidden: () => !may("service:manage") }, edit),
    lockedWithout("service:manage", "Only owners and admins change services."),
  ];
}

function isArchived() {
  return Boolean(service.value?.archived_at);
}

function archiving() {
  const back = () =>
    attempt(async () => {
      service.value = await create(`${path}/unarchive`);
      notice("The service is back.");
    });
  return [
    h(
      "p",
      null,
      () =>
        isArchived()
          ? "It is archived: it is listed apart, and opens no incident."
          : "An archived service is listed apart and opens no incident. Its incidents stay as they are.",
    ),
    h(
      "p",
      { role: "group", hidden: () => !may("service:manage") },
      h("button", { type: "button", hidden: () => !isArchived(), onclick: back }, "Bring it back"),
      h(
        "button",
        { type: "button", class: "grave", hidden: isArchived, onclick: archive },
        "Archive the service",
      ),
    ),
    lockedWithout("service:manage", "Only owners and admins archive services."),
  ];
}

function archive() {
  confirm({
    title: `Archive ${service.peek()?.name}?`,
    what: h("p", null, "Nothing sends alerts about it any more. It can be brought back."),
    verb: "Archive",
    perform: async () => {
      service.value = await create(`${path}/archive`);
      notice("The service is archived.");
    },
  });
}
