/**
 * The row of a heartbeat: how it does, how it is pinged, and what may be done to it.
 * @module
 */

import { fields, HEARTBEATS, MANAGES, pinging } from "./beatfields.js";
import { ago, ahead, badge, pageOf } from "./catalogue.js";
import { derive, h } from "./core.js";
import { confirm, sheet } from "./dialog.js";
import { attempt, change, remove } from "./edit.js";
import { form } from "./form.js";
import { notice } from "./notices.js";
import { may } from "./session.js";
import { written } from "./spans.js";

/** @typedef {import("./beatfields.js").Heartbeat} Heartbeat */
/** @typedef {ReturnType<typeof import("./listing.js").listing<Heartbeat>>} List */

/** @param {import("./core.js").Signal<Heartbeat>} item @param {List} list */
export function beatRow(item, list) {
  const it = () => item.value;
  /** What is read again looks the same: then it is not made anew, and what has the focus keeps it. */
  const how = derive(() => JSON.stringify({ name: it().name, url: it().url, integration: it().integration }));
  /** @param {string} verb @param {(one: Heartbeat) => void} act @param {() => boolean} [isOff] */
  const button = (verb, act, isOff = () => false) =>
    h("button", {
      type: "button",
      class: verb === "Delete" ? "grave" : "",
      hidden: () => !may(MANAGES) || isOff(),
      "aria-label": () => `${verb} the heartbeat ${it().name}`,
      onclick: () => act(item.peek()),
    }, verb);
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, () => it().name),
      h("p", { class: "faint" }, () => times(it())),
      h("p", { class: "faint" }, () => heard(it())),
      h(
        "p",
        { class: "faint" },
        "by ",
        h("a", { href: () => pageOf("integrations", it().integration.id) }, () => it().integration.name),
        () => ` for ${it().service.name}${it().fed_by && `, fed by ${it().fed_by}`}`,
      ),
    ),
    h(
      "div",
      { class: "do" },
      () => state(it()),
      button("Change", (one) => edit(one, list)),
      button("Disable", (one) => disable(one, list), () => !it().enabled),
      button("Enable", (one) => enable(one, list), () => it().enabled),
      button("Delete", (one) => end(one, list)),
    ),
    h(
      "details",
      null,
      h("summary", null, "How to ping it"),
      h("div", null, () => pinging(JSON.parse(how.value))),
    ),
  );
}

/** @param {Heartbeat} heartbeat */
function state({ status }) {
  if (status === "alive") return badge("good", "In time");
  if (status === "late") return badge("bad", "Late");
  return badge("quiet", status === "disabled" ? "Disabled" : "Waiting");
}

/** @param {Heartbeat} heartbeat */
function times({ interval_seconds, grace_seconds }) {
  return `every ${written(interval_seconds)}, with ${written(grace_seconds)} of grace`;
}

/** When it was heard of, and what is next. @param {Heartbeat} heartbeat */
function heard({ status, last_ping_at, due_at, late_since }) {
  if (status === "waiting") return "nothing is expected before the first ping";
  const last = ["last ping ", ago(last_ping_at)];
  if (late_since) return [...last, ", late since ", ago(late_since)];
  return due_at ? [...last, ", late ", ahead(due_at)] : last;
}

/** @param {Heartbeat} heartbeat @param {List} list */
function edit(heartbeat, list) {
  let seen = heartbeat;
  sheet(`Change the heartbeat ${heartbeat.name}`, (close) => {
    const own = fields(heartbeat);
    return form({
      submit: "Save",
      fields: [own.name, own.interval, own.grace, own.fed],
      send: async () => {
        list.put(await change(`${HEARTBEATS}/${heartbeat.id}`, seen, own.body()));
        close();
        notice("The heartbeat is changed.");
      },
      stale: (current) => {
        seen = current;
        return `${current.name}, ${times(current)}`;
      },
    });
  });
}

/** @param {Heartbeat} heartbeat @param {List} list */
function disable(heartbeat, list) {
  let seen = heartbeat;
  confirm({
    title: `Disable the heartbeat ${heartbeat.name}?`,
    what: h("p", null, "Nothing is expected until it is enabled. If it is late, its alert clears."),
    verb: "Disable",
    perform: async () => list.put(await change(`${HEARTBEATS}/${heartbeat.id}`, seen, { enabled: false })),
    stale: (current) => {
      seen = current;
      return times(current);
    },
  });
}

/** @param {Heartbeat} heartbeat @param {List} list */
function enable(heartbeat, list) {
  void attempt(async () =>
    list.put(await change(`${HEARTBEATS}/${heartbeat.id}`, heartbeat, { enabled: true }))
  );
}

/** @param {Heartbeat} heartbeat @param {List} list */
function end(heartbeat, list) {
  let seen = heartbeat;
  confirm({
    title: `Delete the heartbeat ${heartbeat.name}?`,
    what: h(
      "p",
      null,
      "Nothing is expected any more. If it is late, its alert clears. This cannot be undone.",
    ),
    verb: "Delete",
    perform: async () => {
      await remove(`${HEARTBEATS}/${heartbeat.id}`, seen);
      list.drop(heartbeat.id);
      notice("The heartbeat is deleted.");
    },
    stale: (current) => {
      seen = current;
      return times(current);
    },
  });
}
