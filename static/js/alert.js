/**
 * What came with an alert: its severity and source, text, labels, links and runbook.
 * @module
 */

import { h } from "./core.js";
import { link, prose } from "./prose.js";

const LABELS = 6;

/** @param {Record<string, any>} data of `alert.fired` */
export function alertBody(
  { severity, source, reporter, text, labels = {}, links = [], runbook, occurred_at },
) {
  const pairs = Object.entries(labels);
  const facts = [severity, source, reporter !== source && reporter].filter(Boolean);
  return h(
    "div",
    { class: "alert-body" },
    h(
      "p",
      { class: "facts" },
      ...facts.map((fact) => h("span", null, fact)),
      occurred_at ? h("span", null, `since ${new Date(occurred_at).toISOString().slice(0, 19)}Z`) : null,
    ),
    text ? h("div", { class: "prose" }, ...prose(text)) : null,
    pairs.length
      ? h("ul", { class: "labels", "aria-label": "Labels" }, ...pairs.slice(0, LABELS).map(label))
      : null,
    pairs.length > LABELS
      ? h(
        "details",
        null,
        h("summary", null, `${pairs.length - LABELS} more labels`),
        h("ul", { class: "labels" }, ...pairs.slice(LABELS).map(label)),
      )
      : null,
    runbook || links.length
      ? h(
        "p",
        { class: "links" },
        runbook ? link(runbook, "Runbook") : null,
        ...links.map((/** @type {{href: string, text?: string}} */ one) =>
          link(one.href, one.text || host(one.href))
        ),
      )
      : null,
  );
}

/** @param {[string, string]} pair */
function label([name, value]) {
  return h("li", null, h("span", null, name), " ", value);
}

/** @param {string} href */
function host(href) {
  return URL.canParse(href) ? new URL(href).host : href;
}
