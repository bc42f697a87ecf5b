/**
 * What came in for one integration: each request with what became of it, newest first.
 * @module
 */

import { ago, badge, receiptPage } from "./catalogue.js";
import { h } from "./core.js";
import { listing, rows } from "./listing.js";
import { decisionOf, stateOf } from "./outcome.js";
import * as place from "./place.js";
import { here } from "./session.js";

/** @typedef {import("./outcome.js").Receipt} Receipt */

/** @param {string} integration its id @returns {ReturnType<typeof listing<Receipt>>} */
export function arrivals(integration) {
  return listing(place.api(here.slug, `/receipts?integration=${encodeURIComponent(integration)}`), 20);
}

/** @param {ReturnType<typeof arrivals>} list */
export function arrivalRows(list) {
  return rows(list, { label: "What came in", empty: "Nothing has come in yet.", row });
}

/** @param {import("./core.js").Signal<Receipt>} item */
function row(item) {
  const { id, received_at, format } = item.peek();
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("a", { href: receiptPage(id) }, () => became(item.value)),
      h("p", { class: "faint" }, `${format}, `, ago(received_at)),
    ),
    h("div", { class: "do" }, () => {
      const { word, tone } = stateOf(item.value.state);
      return badge(tone, word);
    }),
  );
}

/** The first decision stands for the request, with how many more there are. @param {Receipt} receipt */
function became({ items, reason }) {
  const [first, ...more] = items;
  if (!first) return reason || "Not processed yet";
  return decisionOf(first.decision) + (more.length ? `, and ${more.length} more` : "");
}
