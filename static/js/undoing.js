/**
 * Undo: what a leaked key has done since a time, counted first, then taken back portion by portion.
 * @module
 */

import { h, signal } from "./core.js";
import { confirm, sheet } from "./dialog.js";
import { create } from "./edit.js";
import { form } from "./form.js";
import { notice } from "./notices.js";

/** @typedef {{alerts_fired: number, alerts_cleared: number, incidents_opened: number, notes: number,
 * acknowledgements: number}} Effects */
/** @typedef {{preview: boolean, receipts: number, effects: Effects, left: number}} Undone */

/** @type {[keyof Effects, string][]} */
const EFFECTS = [
  ["alerts_fired", "alerts fired"],
  ["alerts_cleared", "alerts cleared"],
  ["incidents_opened", "incidents opened"],
  ["notes", "notes"],
  ["acknowledgements", "acknowledgements"],
];

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
      h("p", { class: "faint", role: "status" }, () => `${left.value} to go`),
    ],
    perform: async () => {
      /** @type {Undone} */
      let done;
      do {
        done = await create(`${path}/undo`, asked);
        left.value = done.left;
      } while (done.left && done.receipts);
      notice("What it did is taken back.");
    },
  });
}

/** `By the newest 3 of them: alerts fired: 2, notes: 1.` @param {Undone} counted */
export function counts({ receipts, effects }) {
  const parts = EFFECTS.filter(([name]) => effects[name]).map(([name, words]) =>
    `${words}: ${effects[name]}`
  );
  return `By the newest ${receipts} of them: ${parts.join(", ") || "nothing that is left to see"}.`;
}
