/**
 * When a key leaked: who has used it, hearing known addresses only, and letting go of what waited.
 * @module
 */

import { call } from "./api.js";
import { ago, badge } from "./catalogue.js";
import { h, signal } from "./core.js";
import { sheet } from "./dialog.js";
import { attempt, create } from "./edit.js";
import { choice, form } from "./form.js";
import { notice } from "./notices.js";
import { undo } from "./undoing.js";

/** @typedef {import("./catalogue.js").Sendable} Sendable */
/** @typedef {{address: string, count: number, first_at: string, last_at: string, quarantined: number}} Use */
/** @typedef {{data: Use[], counted: number, since: string | null}} Uses */
/** @template T @typedef {import("./core.js").Signal<T>} Signal */

/** @type {[string, string][]} */
const RELEASES = [
  ["process", "Process it, in the order in which it came"],
  ["discard", "Discard it: it stays stored, and opens nothing"],
];

/** @param {{path: string, integration: Signal<Sendable | null>, manages: Signal<boolean>}} wants */
export function leaked({ path, integration, manages }) {
  const uses = signal(/** @type {Uses | null} */ (null));
  const hold = () => integration.value?.hold ?? null;
  const isReleasing = () => Boolean(hold()?.releasing);

  async function look() {
    uses.value = await call("GET", `${path}/uses`);
  }

  function holdBack() {
    sheet("Hear known addresses only?", (close) => {
      const addresses = h("textarea", { rows: "5", autocomplete: "off", spellcheck: "false" });
      addresses.value = (integration.peek()?.hold?.addresses ?? []).join("\n");
      return [
        h("p", null, "What comes from elsewhere is answered and kept, and waits until you let it go."),
        form({
          submit: "Put on hold",
          fields: [{
            name: "addresses",
            label: "Addresses and networks, one a line",
            control: addresses,
            hint: "Such as 203.0.113.9 or 203.0.113.0/24, at most 50. With none, nobody is heard.",
          }],
          send: async () => {
            const asked = addresses.value.split(/\s+/).filter(Boolean);
            integration.value = await create(`${path}/hold`, { addresses: asked });
            close();
            notice("The integration is on hold.");
          },
        }),
      ];
    });
  }

  function release() {
    sheet("Hear every address again?", (close) => {
      const quarantined = choice(RELEASES);
      return form({
        submit: "Release",
        fields: [{ name: "quarantined", label: "What waited", control: quarantined }],
        send: async () => {
          integration.value = await create(`${path}/release`, { quarantined: quarantined.value });
          close();
          notice("The integration is released.");
        },
      });
    });
  }

  return [
    h("p", null, () => {
      const now = hold();
      if (!now) {
        return "On hold, it hears the addresses that you name; the rest waits. Then look who uses it, rotate the key, " +
          "take back what it did, and release it.";
      }
      if (now.releasing) return `It is released: what waited is being ${now.releasing}ed.`;
      const heard = now.addresses.length ? now.addresses.join(", ") : "nobody";
      return [badge("warn", "On hold"), " since ", ago(now.since), `; heard: ${heard}.`];
    }),
    h(
      "div",
      { class: "do start", role: "group", "aria-label": "Hold", hidden: () => !manages.value },
      h(
        "button",
        { type: "button", hidden: isReleasing, onclick: holdBack },
        () => hold() ? "Change the addresses" : "Put on hold",
      ),
      h("button", { type: "button", hidden: () => !hold() || isReleasing(), onclick: release }, "Release"),
      h(
        "button",
        { type: "button", onclick: () => attempt(look) },
        () => uses.value ? "Look again" : "Who has used it",
      ),
      h("button", { type: "button", class: "grave", onclick: () => undo(path) }, "Take back what it did"),
    ),
    () => uses.value && told(uses.value),
  ];
}

/** @param {Uses} uses */
function told({ data, counted, since }) {
  if (!data.length) return h("p", { class: "nothing" }, "Nothing has come in yet.");
  return [
    h(
      "ul",
      { class: "items plain", "aria-label": "Uses by address" },
      ...data.map(({ address, count, last_at, quarantined }) =>
        h(
          "li",
          null,
          h("span", null, h("code", null, address || "unknown"), " ", ...waits(quarantined)),
          h("span", { class: "faint" }, `${count} ×, last `, ago(last_at)),
        )
      ),
    ),
    h("p", { class: "faint" }, `Of the newest ${counted} requests; the first of them came `, ago(since)),
  ];
}

/** @param {number} count */
function waits(count) {
  return count ? [badge("warn", `${count} wait`)] : [];
}
