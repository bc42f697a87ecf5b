/**
 * The board: all incidents of an organization, live.
 * @module
 */

import { act } from "./acts.js";
import { call, explain } from "./api.js";
import { boardKeys } from "./boardkeys.js";
import { row } from "./boardrow.js";
import { bulk } from "./bulk.js";
import { now } from "./clock.js";
import { derive, dress, effect, h, signal } from "./core.js";
import { each } from "./each.js";
import { empty } from "./empty.js";
import { compile } from "./filter.js";
import { fetcher } from "./fetcher.js";
import { VERBS } from "./lifecycle.js";
import { announce, notice } from "./notices.js";
import { start } from "./page.js";
import * as place from "./place.js";
import { here, organization, readServices, serviceName, services } from "./session.js";
import { incidents } from "./store.js";
import { searching } from "./searching.js";
import { trouble } from "./trouble.js";
import { tools } from "./tools.js";
import { isOpen } from "./wire.js";

/** @typedef {import("./wire.js").Incident} Incident */
/** @typedef {import("./lifecycle.js").Verb} Verb */
/** @typedef {"open" | "mine" | "all"} Show */

const LINGER = 10_000;
const COLUMNS = [
  "Severity",
  "Status",
  "Number",
  "Title",
  "Service",
  "Alerts",
  "Age",
  "Acknowledged by",
  "Do",
];

const address = new URLSearchParams(location.search);
const show = signal(
  /** @type {Show} */ (["mine", "all"].find((one) => one === address.get("show")) ?? "open"),
);
const query = signal(address.get("q") ?? "");
const older = signal(/** @type {string | null} */ (null));
const chosen = signal(/** @type {ReadonlySet<string>} */ (new Set()));
const pending = signal(/** @type {ReadonlyMap<string, Verb>} */ (new Map()));
const store = incidents(serviceName);
const fetchUnknown = fetcher((incident) => store.put([incident]));

const passes = derive(() => compile(query.value));
const actor = derive(() => organization.value?.actor.id ?? "");
const shown = derive(() => store.list.value.filter((one) => belongs(one) && passes.value(one)));
const nothing = derive(() => !shown.value.length);
const open = derive(() => store.list.value.filter((one) => isOpen(one.status)).length);

/** What was ended just now stays for a moment, so that nothing vanishes under a finger. @param {Incident} incident */
function belongs(incident) {
  if (show.value === "all") return true;
  if (show.value === "mine" && !incident.acknowledgements.some((one) => one.actor === actor.value)) {
    return false;
  }
  if (isOpen(incident.status)) return true;
  const ended = incident.closed_at ?? incident.resolved_at;
  return ended !== null && now.value - Date.parse(ended) < LINGER;
}

const list = () =>
  place.api(here.slug, `/incidents?status=${show.peek() === "all" ? "all" : "open"}&limit=200`);

/** @param {string | null} cursor @returns {Promise<import("./wire.js").Page<Incident>>} */
function readPage(cursor) {
  return call("GET", cursor ? `${list()}&cursor=${encodeURIComponent(cursor)}` : list());
}

const page = start({
  hold: store.hold,
  async read() {
    const [list] = await Promise.all([readPage(null), readServices()]);
    older.value = list.next_cursor;
    const { unknown, again } = store.begin(list.data);
    if (again) page.again();
    fetchUnknown(unknown);
  },
  apply(events) {
    fetchUnknown(store.apply(events));
    for (const event of events) {
      const incident = store.get(event.incident ?? "");
      if (!incident) continue;
      if (event.type === "incident.opened") announce(`New incident ${incident.number}: ${incident.title}.`);
      if (event.type === "incident.reopened") announce(`Incident ${incident.number} was reopened.`);
      if (!services.peek().has(incident.service.id)) void readServices().catch(() => {});
    }
  },
  choices: () => [
    ...current().flatMap((incident) =>
      /** @type {Verb[]} */ (["acknowledge", "resolve"]).map((verb) => ({
        title: `${VERBS[verb].label} #${incident.number} ${incident.title}`,
        run: () => void perform(verb, incident),
      }))
    ),
    { title: "Show open incidents", run: () => turn("open") },
    { title: "Show my incidents", run: () => turn("mine") },
    { title: "Show all incidents", run: () => turn("all") },
    ...store.list.peek().slice(0, 200).map((one) => ({
      title: `#${one.number} ${one.title}`,
      run: () => location.assign(place.page(here.slug, one.number)),
    })),
  ],
});

/** The row that has, or had last, the focus. @returns {Incident[]} */
function current() {
  const incident = store.get(keys.current());
  return incident ? [incident] : [];
}

/** @param {Verb} verb @param {Incident} incident @returns {Promise<boolean>} whether it was done */
async function perform(verb, incident) {
  if (page.stale.peek()) return notice("Not live: wait for the connection, or try now."), false;
  pending.value = new Map(pending.peek()).set(incident.id, verb);
  const result = await act(incident, verb);
  const rest = new Map(pending.peek());
  rest.delete(incident.id);
  pending.value = rest;
  if (result) store.put(["incident" in result ? result.incident : result]);
  return result !== null && "incident" in result;
}

/** @param {Show} to */
function turn(to) {
  if (show.peek() === to) return;
  show.value = to;
  chosen.value = new Set();
  void page.again();
}

/** @param {string} id */
function choose(id) {
  const next = new Set(chosen.peek());
  if (!next.delete(id)) next.add(id);
  chosen.value = next;
}

async function readOlder() {
  try {
    const list = await readPage(older.peek());
    older.value = list.next_cursor;
    store.put(list.data);
  } catch (fault) {
    notice(explain(fault), "fault");
  }
}

effect(() => {
  const asked = new URLSearchParams();
  if (show.value !== "open") asked.set("show", show.value);
  if (query.value) asked.set("q", query.value);
  history.replaceState(null, "", asked.size ? `?${asked}` : location.pathname);
  document.title = `${open.value ? `(${open.value}) ` : ""}Incidents · ${
    organization.value?.name ?? here.slug
  }`;
});

searching({ query, older, path: list, put: store.put });

const body = h("tbody", null);
const keys = boardKeys({ body, get: store.get, perform: (verb, one) => void perform(verb, one), choose });
each(body, () => shown.value, (incident) => incident.id, (item) =>
  row(item, {
    chosen,
    pending,
    stale: page.stale,
    perform: (verb, one) => void perform(verb, one),
    choose,
  }));

const main = document.querySelector("main");
if (main) {
  main.replaceChildren();
  dress(main, { "aria-busy": () => String(!page.loaded.value) }, [
    tools({ show, query, open, turn }),
    trouble(page.failure),
    h(
      "table",
      { class: "board", hidden: () => nothing.value },
      h("caption", { class: "unseen" }, "Incidents, newest first"),
      h(
        "thead",
        null,
        h("tr", null, h("th", null, h("span", { class: "unseen" }, "Select")), ...COLUMNS.map(head)),
      ),
      body,
    ),
    () => nothing.value && page.loaded.value && empty({ show, query, turn }),
    h(
      "p",
      { class: "older", hidden: () => !older.value },
      h("button", { type: "button", onclick: readOlder }, "Load older incidents"),
    ),
    bulk({ chosen, get: store.get, perform, clear: () => chosen.value = new Set() }),
  ]);
}

/** @param {string} name */
function head(name) {
  const shownName = name === "Do" ? h("span", { class: "unseen" }, name) : name;
  return h("th", { scope: "col", class: `col-${name.toLowerCase().split(" ")[0]}` }, shownName);
}
