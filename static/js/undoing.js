/**
 * Undo: what a leaked key has done since a time, counted first, then taken back portion by portion.
 * @module
 */

import { h, signal } from "./core.js";
import { confirm, sheet } from "./dialog.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import { notice } from "./notices.js";
import * as place from "./place.js";
import { here } from "./session.js";

/** @typedef {{alerts_fired: number, alerts_cleared: number, incidents_opened: number,
 * incidents_reopened: number, notes: number, acknowledgements: number, pings: number,
 * heartbeats_made: number, heartbeats_changed: number, heartbeats_deleted: number}} Effects */
/** @typedef {{what: string, subject: string, name: string, incident: string | null, kept: string | null}}
 * NamedEffect */
/** @typedef {{preview: boolean, receipts: number, effects: Effects, left: number, undone: NamedEffect[],
 * undone_total: number, kept: NamedEffect[], kept_total: number}} Undone */

/** @type {[keyof Effects, string][]} */
const EFFECTS = [
  ["alerts_fired", "alerts fired"],
  ["alerts_cleared", "alerts cleared"],
  ["incidents_opened", "incidents opened"],
  ["incidents_reopened", "incidents reopened"],
  ["notes", "notes"],
  ["acknowledgements", "acknowledgements"],
  ["pings", "pings"],
  ["heartbeats_made", "heartbeats made"],
  ["heartbeats_changed", "heartbeats changed"],
  ["heartbeats_deleted", "heartbeats deleted"],
];

/** Why an effect was left. @type {Record<string, string>} */
const WHY = {
  others: "others have said the same",
  worked_on: "somebody has worked on it since",
  ended: "somebody has ended it since",
  fired_since: "it has fired since",
  not_empty: "other alerts are in it",
  changed: "it was changed since",
  taken: "another one has its name by now",
  full: "there are as many as there may be",
  unknown: "what was before is not known any more",
};
const NAMED_MOST = 100;

/** Ask which requests are meant, and count what they did. @param {string} path of the integration */
export function undo(path) {
  sheet("Take back what it did?", (close) => {
    const since = h("input", { type: "datetime-local", required: true });
    const addresses = h("textarea", { rows: "3", autocomplete: "off", spellcheck: "false" });
    return form({
      submit: "Count it first",
      fields: [
        { name: "since", label: "Since", control: since, hint: "When the key may have leaked." },
        {
          name: "addresses",
          label: "Only from these addresses and networks, one a line",
          control: addresses,
          hint: "Such as 203.0.113.9 or 203.0.113.0/24, at most 50. With none, whatever came since then.",
        },
      ],
      send: async () => {
        const asked = {
          since: new Date(since.value).toISOString(),
          addresses: addresses.value.split(/\s+/).filter(Boolean),
        };
        const counted = await create(`${path}/undo`, { ...asked, preview: true });
        close();
        ask(path, asked, counted);
      },
    });
  });
}

/** @param {string} path @param {object} asked @param {Undone} counted */
function ask(path, asked, counted) {
  if (!counted.receipts) return notice("Nothing came since then that is not taken back already.");
  const left = signal(counted.left);
  confirm({
    title: `Take back ${counted.left} requests?`,
    verb: "Take it back",
    what: [
      h("p", null, counts(counted)),
      h(
        "p",
        null,
        "What they opened is closed, unless somebody works on it; what they cleared fires again. Every correction " +
          "is on the timeline.",
      ),
      ...(counted.kept.length
        ? [h("p", null, "This would be left:"), ...named(counted.kept, counted.kept_total)]
        : []),
      h("p", { class: "faint", role: "status" }, () => `${left.value} to go`),
    ],
    perform: async () => {
      /** @type {Undone} */
      let done;
      /** @type {NamedEffect[]} */
      const kept = [];
      let total = 0;
      do {
        done = await create(`${path}/undo`, asked);
        left.value = done.left;
        kept.push(...done.kept.slice(0, NAMED_MOST - kept.length));
        total += done.kept_total;
      } while (done.left && done.receipts);
      notice("What it did is taken back.");
      if (total) setTimeout(() => sheet("What was left", () => named(kept, total))); // when this one is closed
    },
  });
}

/** What was left, and why. @param {NamedEffect[]} kept @param {number} total */
function named(kept, total) {
  return [
    h(
      "ul",
      { class: "items plain", "aria-label": "What is left" },
      ...kept.map(({ what, name, incident, kept: why }) =>
        h(
          "li",
          null,
          h(
            "span",
            null,
            incident ? h("a", { href: place.page(here.slug, incident) }, name || incident) : name,
            ` (${what.replace(".", " ").replaceAll("_", " ")})`,
          ),
          h("span", { class: "faint" }, WHY[why ?? ""] ?? why),
        )
      ),
    ),
    total > kept.length ? h("p", { class: "faint" }, `And ${total - kept.length} more.`) : null,
  ];
}

/** `By the newest 3 of them: alerts fired: 2, notes: 1.` @param {Undone} counted */
export function counts({ receipts, effects }) {
  const parts = EFFECTS.filter(([name]) => effects[name]).map(([name, words]) =>
    `${words}: ${effects[name]}`
  );
  return `By the newest ${receipts} of them: ${parts.join(", ") || "nothing that is left to see"}.`;
}
