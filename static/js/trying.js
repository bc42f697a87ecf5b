/**
 * Sending a test alert through an integration, and following it until its incident is open.
 * @module
 */

import { call } from "./api.js";
import { INTEGRATIONS, receiptPage } from "./catalogue.js";
import { h, signal } from "./core.js";
import { create } from "./edit.js";
import { told } from "./faults.js";
import { ending, follow, stateOf } from "./outcome.js";
import * as place from "./place.js";
import { here, leaveIfSignedOut } from "./session.js";

/** @typedef {import("./core.js").Content} Content */
/** @typedef {import("./wire.js").Incident} Incident */

const PAUSE = 400;
const TRIES = 50;

const pause = () => new Promise((/** @type {(value: void) => void} */ go) => setTimeout(go, PAUSE));

/** @param {{id: string, name: string}} integration */
export function trying({ id, name }) {
  const busy = signal(false);
  const said = signal(/** @type {{words: Content, tone: string} | null} */ (null));

  async function send() {
    if (busy.peek()) return;
    busy.value = true;
    said.value = { words: "Sending…", tone: "waiting" };
    try {
      const { receipt } = await create(`${INTEGRATIONS}/${id}/test`);
      said.value = await followed(receipt, (words) => said.value = { words, tone: "waiting" });
    } catch (fault) {
      leaveIfSignedOut(fault);
      said.value = { words: told(fault), tone: "bad" };
    } finally {
      busy.value = false;
    }
  }

  return h(
    "div",
    { class: "trying" },
    h(
      "button",
      {
        type: "button",
        "aria-disabled": () => String(busy.value),
        "aria-label": `Send a test alert through ${name}`,
        onclick: send,
      },
      "Send a test alert",
    ),
    h("p", { role: "status", class: () => `said ${said.value?.tone ?? ""}` }, () => said.value?.words),
  );
}

/** @param {string} receipt @param {(words: Content) => void} say @returns {Promise<{words: Content, tone: string}>} */
async function followed(receipt, say) {
  const path = place.api(here.slug, `/receipts/${receipt}`);
  const its = () => h("a", { href: receiptPage(receipt) }, "its receipt");
  const last = await follow(
    () => call("GET", path),
    pause,
    TRIES,
    ({ state }) => say(stateOf(state).meaning),
  );
  if (!last) return { words: ["It is kept, but not processed yet: see ", its(), "."], tone: "bad" };
  const { sentence, incident, bad } = ending(last);
  const link = incident ? h("a", { href: place.page(here.slug, incident) }, await title(incident)) : null;
  return { words: [sentence, " ", link, link && ", ", its(), "."], tone: bad ? "bad" : "good" };
}

/** The incident as it is called; "the incident" where it cannot be read now. @param {string} id */
async function title(id) {
  try {
    /** @type {Incident} */
    const incident = await call("GET", place.api(here.slug, `/incidents/${id}`));
    return `#${incident.number} ${incident.title}`;
  } catch {
    return "the incident";
  }
}
