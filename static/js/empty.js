/**
 * What the board says when there is nothing on it, and what to do then.
 * @module
 */

import { call } from "./api.js";
import { h, signal } from "./core.js";
import { notice } from "./notices.js";
import { settings } from "./parts.js";
import * as place from "./place.js";
import { here, may } from "./session.js";

/** @typedef {import("./tools.js").Show} Show */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */

/** @param {{show: Signal<Show>, query: Signal<string>, turn: (to: Show) => void}} board */
export function empty({ show, query, turn }) {
  if (query.value) {
    const clear = () => {
      const input = document.querySelector("input[type=search]");
      if (input instanceof HTMLInputElement) input.value = query.value = "";
    };
    return say(`No incident here matches “${query.value}”.`, button("Clear the filter", clear));
  }
  if (show.value === "mine") {
    return say(
      "You have acknowledged nothing that is open.",
      button("Show open incidents", () => turn("open")),
    );
  }
  if (show.value === "all") return say("No incidents yet.", firstAlert());
  const ever = signal(/** @type {boolean | null} */ (null));
  call("GET", place.api(here.slug, "/incidents?status=all&limit=1")).then(
    (page) => ever.value = page.data.length > 0,
    () => ever.value = true,
  );
  return h("div", null, () => {
    if (ever.value === null) return null;
    if (!ever.value) return say("No incidents yet.", firstAlert());
    return say("Nothing is open.", button("Show all incidents", () => turn("all")));
  });
}

/** @param {string} sentence @param {import("./core.js").Child} rest */
function say(sentence, rest) {
  return h("section", { class: "empty" }, h("p", null, sentence), rest);
}

/** @param {string} label @param {() => void} run */
function button(label, run) {
  return h("button", { type: "button", onclick: run }, label);
}

function firstAlert() {
  const line = `curl ${location.origin}/api/v1/ingest/events \\
  -H "Authorization: Bearer $INTEGRATION_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"title": "Test alert", "severity": "warning", "dedup_key": "test"}'`;
  const copy = () =>
    navigator.clipboard.writeText(line).then(
      () => notice("Copied."),
      () => notice("Select the text and copy it."),
    );
  return h(
    "div",
    null,
    nextStep(),
    h(
      "p",
      { class: "faint" },
      "Send a test alert with the key of an integration; it opens an incident here within a second:",
    ),
    h("pre", { tabindex: "0", role: "region", "aria-label": "Command that sends a test alert" }, line),
    button("Copy", copy),
  );
}

/** Who may set up integrations is led to one, or to making the first. */
function nextStep() {
  const any = signal(/** @type {string | null} */ (null));
  if (may("integration:manage")) {
    call("GET", place.api(here.slug, "/integrations?limit=1")).then(
      ({ data }) => any.value = data[0]?.id ?? "",
      () => {}, // the command below is there all the same
    );
  }
  const all = settings(here.slug, "integrations");
  return h("p", { class: "next" }, () => {
    if (any.value === null) return null;
    return any.value
      ? h("a", { href: `${all}/${any.value}` }, "Send a test alert from here")
      : h("a", { href: all }, "Make an integration");
  });
}
