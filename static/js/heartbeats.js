/**
 * Settings: the heartbeats, how each does, how to ping it, and making, changing and deleting one.
 * @module
 */

import { fields, HEARTBEATS, MANAGES, pinging } from "./beatfields.js";
import { beatRow } from "./beatrow.js";
import { integrationList, MANY, named } from "./catalogue.js";
import { h, signal } from "./core.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import { listing, rows } from "./listing.js";
import { settings as address } from "./parts.js";
import { pick } from "./pick.js";
import { here, may } from "./session.js";
import { lockedWithout, settings } from "./settings.js";

/** @typedef {import("./beatfields.js").Heartbeat} Heartbeat */

const AGAIN = 10_000;
/** @type {ReturnType<typeof listing<Heartbeat>>} */
const list = listing(HEARTBEATS);
const integrations = integrationList();
/** The one that was made here, to show how it is pinged. */
const made = signal(/** @type {Heartbeat | null} */ (null));
const wanted = new URLSearchParams(location.search).get("integration") ?? "";

const page = settings({
  part: "heartbeats",
  intro:
    "Who is expected to be heard of. A job that has stopped sends no alert: when its ping is late, we do.",
  about: ["heartbeat.", "integration.", "service.", "alert."],
  read: () => Promise.all([list.read(), integrations.read(MANY)]),
  body: () => [
    h(
      "section",
      { "aria-labelledby": "all" },
      h("h2", { id: "all" }, "Heartbeats"),
      rows(list, {
        label: "Heartbeats",
        empty: "There is no heartbeat: no silence tells anybody.",
        row: (item) => beatRow(item, list),
      }),
    ),
    h("section", { "aria-labelledby": "new" }, h("h2", { id: "new" }, "New heartbeat"), making()),
    () => made.value && fresh(made.value),
  ],
});

// no event tells of a ping
setInterval(() => document.hidden || void page.again(), AGAIN);

function making() {
  const own = fields();
  const integration = pick(() => named(integrations.items.value), () => wanted);
  const make = form({
    submit: "Make the heartbeat",
    fields: [
      own.name,
      {
        name: "integration",
        label: "Integration",
        control: integration,
        hint: "Its key is what the pings come with, and its service is where an alarm goes.",
      },
      own.interval,
      own.grace,
      own.fed,
    ],
    send: async () => {
      /** @type {Heartbeat} */
      const one = await create(HEARTBEATS, { ...own.body(), integration: integration.value });
      list.put(one);
      made.value = one;
      own.clear();
    },
  });
  const none = () => !integrations.items.value.length;
  return [
    h("div", { hidden: () => !may(MANAGES) || none() }, make),
    h(
      "p",
      { class: "locked", hidden: () => !may(MANAGES) || !none() },
      "A heartbeat belongs to an integration: ",
      h("a", { href: address(here.slug, "integrations") }, "make an integration"),
      " first.",
    ),
    lockedWithout(MANAGES, "Only owners and admins make heartbeats."),
  ];
}

/** @param {Heartbeat} one */
function fresh(one) {
  return h(
    "section",
    { "aria-labelledby": "fresh" },
    h("h2", { id: "fresh" }, `Ping ${one.name}`),
    pinging(one),
    h(
      "p",
      null,
      h("button", { type: "button", class: "quiet", onclick: () => made.value = null }, "I have it: hide it"),
    ),
  );
}
