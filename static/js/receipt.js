/**
 * One receipt: what came in, and what became of each part of it.
 * @module
 */

import { call } from "./api.js";
import { ago, badge, pageOf } from "./catalogue.js";
import { clockTime, day } from "./clock.js";
import { derive, h, signal } from "./core.js";
import { deeds } from "./deadletter.js";
import { decisionOf, stateOf, times } from "./outcome.js";
import { settings as address } from "./parts.js";
import * as place from "./place.js";
import { copied } from "./sending.js";
import { here } from "./session.js";
import { settings } from "./settings.js";

/** @typedef {import("./outcome.js").Receipt} Receipt */
/** @typedef {import("./outcome.js").Item} Item */

const SHOWN = 100;
const PAUSE = 1_000;

const id = place.last(location.pathname);
const receipt = signal(/** @type {Receipt | null} */ (null));
const room = signal(SHOWN);
const body = derive(() => receipt.value?.body ?? "");

const page = settings({
  part: "receipts",
  title: () => "Receipt",
  intro: h("a", { href: address(here.slug, "receipts") }, "All receipts"),
  about: ["incident."],
  read: async () => {
    receipt.value = await call("GET", place.api(here.slug, `/receipts/${encodeURIComponent(id)}`));
    // no event tells of a request that changed nothing: what waits is looked at again
    if (receipt.value?.state === "stored") setTimeout(page.again, PAUSE);
  },
  body: () => [
    h("div", null, () => receipt.value && facts(receipt.value)),
    deeds(receipt),
    h(
      "section",
      { "aria-labelledby": "became" },
      h("h2", { id: "became" }, "What became of it"),
      () => items(receipt.value?.items ?? []),
    ),
    () => receipt.value?.events.length ? caused(receipt.value) : null,
    () => body.value ? [h("h2", null, "What came in, at most 1 MiB"), copied("Body", body.value)] : null,
  ],
});

/** @param {Receipt} one */
function facts(one) {
  const { word, tone, meaning } = stateOf(one.state);
  return h(
    "dl",
    { class: "facts-list" },
    fact("State", badge(tone, word)),
    one.state === "done" ? null : fact("Meaning", meaning),
    one.reason ? fact("Why", one.reason) : null,
    fact("Integration", h("a", { href: pageOf("integrations", one.integration.id) }, one.integration.name)),
    fact("Format", one.format),
    fact("Received", ...moment(one.received_at)),
    fact("Processed", ...moment(one.processed_at)),
    fact("Receipt", h("code", null, one.id)),
    fact("Request", h("code", null, one.request_id)),
    one.correlation_id ? fact("Correlation", h("code", null, one.correlation_id)) : null,
    one.truncated ? fact("Size", "It was too large: only its beginning was kept.") : null,
  );
}

/** @param {string | null} at */
function moment(at) {
  return at ? [`${day(at)}, ${clockTime(at)}, `, ago(at)] : ["not yet"];
}

/** @param {string} name @param {import("./core.js").Simple[]} value */
function fact(name, ...value) {
  return [h("dt", null, name), h("dd", null, ...value)];
}

/** What is on the timelines because of it. @param {Receipt} one */
function caused(one) {
  const { events, events_total, consumers } = one;
  return h(
    "section",
    { "aria-labelledby": "caused" },
    h("h2", { id: "caused" }, "Timeline events"),
    h(
      "ol",
      { class: "items" },
      ...events.map(({ type, time }) =>
        h(
          "li",
          null,
          h("div", { class: "what" }, h("code", null, type), h("p", { class: "faint" }, ...moment(time))),
        )
      ),
    ),
    events_total > events.length
      ? h("p", { class: "faint" }, `The first ${events.length} of ${events_total}.`)
      : null,
    consumers.length ? [h("h3", null, "Consumers"), heard(one)] : null,
  );
}

/** Who follows the stream, and how much of it each has. @param {Receipt} one */
function heard({ events, consumers }) {
  return h(
    "ul",
    { class: "items", "aria-label": "Consumers" },
    ...consumers.map(({ name, acknowledged }) =>
      h(
        "li",
        null,
        h("div", { class: "what" }, h("code", null, name)),
        badge(acknowledged < events.length ? "waiting" : "good", `has ${acknowledged} of ${events.length}`),
      )
    ),
  );
}

/** @param {Item[]} all */
function items(all) {
  if (!all.length) return h("p", { class: "nothing" }, "Nothing yet.");
  return [
    h("ol", { class: "items decisions" }, ...all.slice(0, room.value).map(decision)),
    all.length > room.value
      ? h(
        "p",
        { class: "more" },
        h("button", { type: "button", onclick: () => room.value += SHOWN }, "Show more"),
        h("span", { class: "faint" }, `${room.value} of ${all.length} shown`),
      )
      : null,
  ];
}

/** @param {Item} item */
function decision(item) {
  const { index, decision, rule, dedup_key, alert, incident, detail } = item;
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("strong", null, `${index + 1}. ${decisionOf(decision)}${times(item)}`),
      h("p", { class: "faint" }, rule, detail ? `: ${detail}` : ""),
      dedup_key ? h("p", { class: "faint" }, "key ", h("code", null, dedup_key)) : null,
      alert ? h("p", { class: "faint" }, "alert ", h("code", null, alert)) : null,
    ),
    incident ? h("a", { href: place.page(here.slug, incident) }, "Open the incident") : null,
  );
}
