/**
 * What can be done with a dead letter: replay it as it came, mend it first, or let nothing become of it.
 * @module
 */

import { receiptPage } from "./catalogue.js";
import { h } from "./core.js";
import { sheet } from "./dialog.js";
import { attempt, create } from "./edit.js";
import { form } from "./form.js";
import { notice } from "./notices.js";
import * as place from "./place.js";
import { here, may } from "./session.js";

/** @typedef {import("./outcome.js").Receipt} Receipt */

/** @param {string} id @param {string} verb */
function path(id, verb) {
  return place.api(here.slug, `/receipts/${encodeURIComponent(id)}/${verb}`);
}

/** Replay as it came. Throws Problem. @param {Receipt} receipt @returns {Promise<Receipt>} */
export async function replay(receipt) {
  const shown = await create(path(receipt.id, "replay"), {});
  notice("It is processed once more.");
  return shown;
}

/** The buttons, while the receipt is a dead letter and the role allows it.
 * @param {import("./core.js").Signal<Receipt | null>} receipt as it is shown, and is again afterwards */
export function deeds(receipt) {
  const dead = () => receipt.value?.state === "dead" && may("receipt:replay");
  const now = () => /** @type {Receipt} */ (receipt.peek());
  return h(
    "div",
    { class: "do start", role: "group", "aria-label": "Dead letter", hidden: () => !dead() },
    h(
      "button",
      {
        type: "button",
        class: "primary",
        hidden: () => receipt.value?.truncated ?? false,
        onclick: () => attempt(async () => receipt.value = await replay(now())),
      },
      "Replay",
    ),
    h("button", { type: "button", onclick: () => mend(now()) }, "Mend and replay"),
    h(
      "button",
      { type: "button", onclick: () => discard(now(), (shown) => receipt.value = shown) },
      "Discard",
    ),
  );
}

/** @param {Receipt} receipt */
function mend(receipt) {
  sheet("Replay with another body?", () => {
    const body = h("textarea", { rows: "14", autocomplete: "off", spellcheck: "false" });
    body.value = receipt.body ?? "";
    return [
      h("p", null, "It becomes a request of its own. What was sent stays as it is, and says which one."),
      form({
        submit: "Replay",
        fields: [{ name: "body", label: `Body, ${receipt.format}`, control: body }],
        send: async () => {
          /** @type {Receipt} */
          const shown = await create(path(receipt.id, "replay"), { body: body.value });
          location.assign(receiptPage(shown.id));
        },
      }),
    ];
  });
}

/** @param {Receipt} receipt @param {(shown: Receipt) => void} done */
function discard(receipt, done) {
  sheet("Let nothing become of it?", (close) => {
    const reason = h("input", { autocomplete: "off", maxlength: "500" });
    return [
      h("p", null, "It stays, with your name and your reason."),
      form({
        submit: "Discard",
        fields: [{ name: "reason", label: "Reason", control: reason }],
        send: async () => {
          done(await create(path(receipt.id, "discard"), { reason: reason.value }));
          close();
          notice("It is discarded.");
        },
      }),
    ];
  });
}
