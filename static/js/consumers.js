/**
 * Settings: the durable consumers, how far behind each is, and deleting one.
 * @module
 */

import { ago, badge } from "./catalogue.js";
import { h } from "./core.js";
import { confirm } from "./dialog.js";
import { remove } from "./edit.js";
import { listing, rows } from "./listing.js";
import { notice } from "./notices.js";
import * as place from "./place.js";
import { copied } from "./sending.js";
import { here } from "./session.js";
import { settings } from "./settings.js";

/** @typedef {{events: number, is_more: boolean, oldest_at: string | null}} Lag */
/** @typedef {{id: string, name: string, owner: import("./wire.js").Named, filter: string, cursor: string,
 *   lag: Lag | null, reset: string, acknowledged_at: string | null, held: boolean, created_at: string,
 *   version: number}} Consumer */

const AGAIN = 10_000;
const path = place.api(here.slug, "/consumers");
/** @type {ReturnType<typeof listing<Consumer>>} */
const list = listing(path);

const page = settings({
  part: "consumers",
  intro:
    "Programs whose place in the stream is kept here. One that comes back goes on where it acknowledged.",
  about: ["consumer."],
  read: () => list.read(),
  body: () => [
    h(
      "section",
      { "aria-labelledby": "all" },
      h("h2", { id: "all" }, "Consumers"),
      rows(list, { label: "Consumers", empty: "There is no consumer.", row }),
    ),
    h(
      "section",
      { "aria-labelledby": "new" },
      h("h2", { id: "new" }, "New consumer"),
      h("p", { class: "faint" }, "A consumer is its maker's: a program makes its own, with its API key KEY."),
      copied("Command that makes a consumer", making(location.origin + path)),
      h("p", { class: "faint" }, "Then it follows, from any machine, where it was:"),
      copied("Command that follows", following(location.origin + place.api(here.slug, "/events/stream"))),
    ),
  ],
});

// no event tells that somebody has read on
setInterval(() => document.hidden || void page.again(), AGAIN);

/** @param {string} url */
function making(url) {
  return `curl -sS '${url}' -H 'Authorization: Bearer KEY' -H 'Content-Type: application/json'` +
    ` -H 'Idempotency-Key: my-bot' -d '{"name": "my-bot", "filter": "severity:<=2"}'`;
}

/** @param {string} url */
function following(url) {
  return `curl -sSN '${url}?consumer=my-bot' -H 'Authorization: Bearer KEY'`;
}

/** @param {import("./core.js").Signal<Consumer>} item */
function row(item) {
  const it = () => item.value;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, () => it().name),
      h("p", { class: "faint" }, () => behind(it())),
      h(
        "p",
        { class: "faint" },
        "of ",
        () => it().owner.name,
        " · acknowledged ",
        () => ago(it().acknowledged_at),
      ),
      h("p", { class: "faint" }, "at ", h("code", { class: "cursor" }, () => it().cursor)),
    ),
    h("ul", { class: "chips" }, () => terms(it()).map((term) => h("li", null, term))),
    h(
      "div",
      { class: "do" },
      () => it().held ? badge("good", "Connected") : badge("quiet", "Away"),
      h(
        "button",
        {
          type: "button",
          class: "grave",
          "aria-label": () => `Delete the consumer ${it().name}`,
          onclick: () => end(item.peek()),
        },
        "Delete",
      ),
    ),
  );
}

/** How much waits for it. @param {Consumer} consumer */
function behind({ lag, reset }) {
  if (!lag) return `begins anew with its next stream (${reset})`;
  if (!lag.events && !lag.is_more) return "has everything";
  const many = lag.is_more ? `more than ${lag.events}` : String(lag.events);
  const since = lag.oldest_at ? [", the first from ", ago(lag.oldest_at)] : [];
  return [`${many} ${lag.events === 1 && !lag.is_more ? "event waits" : "events wait"}`, ...since];
}

/** @param {Consumer} consumer */
function terms({ filter }) {
  return filter.split(" ").filter((term) => term);
}

/** @param {Consumer} consumer */
function end(consumer) {
  let seen = consumer;
  confirm({
    title: `Delete the consumer ${consumer.name}?`,
    what: h("p", null, "Its place is forgotten, and its stream ends. This cannot be undone."),
    verb: "Delete",
    perform: async () => {
      await remove(`${path}/${consumer.id}`, seen);
      list.drop(consumer.id);
      notice("The consumer is deleted.");
    },
    stale: (current) => {
      seen = current;
      return `changed, follows ${current.filter || "everything"}`;
    },
  });
}
