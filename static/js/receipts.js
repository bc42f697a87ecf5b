/**
 * Where did my alert go: any request by its receipt or correlation id, and the dead letters of all integrations.
 * @module
 */

import { Problem } from "./api.js";
import { ago, badge, receiptPage } from "./catalogue.js";
import { derive, h, signal } from "./core.js";
import { replay } from "./deadletter.js";
import { attempt, create } from "./edit.js";
import { form } from "./form.js";
import { listing, rows } from "./listing.js";
import { notice } from "./notices.js";
import { decisionOf, stateOf } from "./outcome.js";
import * as place from "./place.js";
import { here, may } from "./session.js";
import { settings } from "./settings.js";

/** @typedef {import("./outcome.js").Receipt} Receipt */
/** @typedef {{replayed: number, left: number, truncated: number}} ReplayedAll */

const ID = /^rcp_[0-9a-z]{26}$/;
const SIZE = 50;

/** @type {ReturnType<typeof listing<Receipt>>} */
const dead = listing(place.api(here.slug, "/receipts?state=dead"), SIZE);
/** @type {import("./core.js").Signal<ReturnType<typeof listing<Receipt>> | null>} */
const found = signal(/** @type {ReturnType<typeof listing<Receipt>> | null} */ (null));
const integrations = derive(() => [
  ...new Map(dead.items.value.map(({ integration }) => [integration.id, integration])).values(),
]);

settings({
  part: "receipts",
  title: () => "Receipts",
  intro: "What became of each request that came in.",
  about: ["incident.", "receipt.", "integration."],
  read: () => dead.read(),
  body: () => [
    h(
      "section",
      { "aria-labelledby": "where" },
      h("h2", { id: "where" }, "Where did my alert go?"),
      search(),
    ),
    () => found.value && rows(found.value, { label: "Found", empty: "Nothing came under this id.", row }),
    h(
      "section",
      { "aria-labelledby": "dead" },
      h("h2", { id: "dead" }, "Dead letters"),
      h(
        "p",
        { class: "faint" },
        "Kept, and not processed: they could not be read, or failed alone five times.",
      ),
      () => may("receipt:replay") && integrations.value.map(replayAll),
      rows(dead, { label: "Dead letters", empty: "None.", row }),
    ),
  ],
});

function search() {
  const id = h("input", { autocomplete: "off", spellcheck: "false", maxlength: "255" });
  return form({
    submit: "Find",
    inline: true,
    fields: [{
      name: "correlation",
      label: "Receipt, request or correlation id",
      control: id,
      hint: "The receipt is in the answer to the sender; X-Request-ID and correlation_id are its own.",
    }],
    send: async () => {
      const wanted = id.value.trim();
      if (!wanted) {
        const detail = "Say which id.";
        throw new Problem(400, { errors: [{ pointer: "/correlation", code: "missing", detail }] });
      }
      if (ID.test(wanted)) {
        location.assign(receiptPage(wanted));
        return;
      }
      /** @type {ReturnType<typeof listing<Receipt>>} */
      const list = listing(place.api(here.slug, `/receipts?correlation=${encodeURIComponent(wanted)}`), SIZE);
      await list.read();
      found.value = list;
    },
  });
}

/** @param {import("./wire.js").Named} integration */
function replayAll({ id, name }) {
  /** Some hundred at a time, until none is left that can be replayed. */
  async function all() {
    let count = 0;
    /** @type {ReplayedAll} */
    let told;
    do {
      told = await create(place.api(here.slug, `/integrations/${encodeURIComponent(id)}/replay`), {});
      count += told.replayed;
    } while (told.replayed && told.left > told.truncated);
    notice(`${count} of ${name} are processed once more.`);
    await dead.read();
  }
  return h(
    "div",
    { class: "do start" },
    h("button", { type: "button", onclick: () => attempt(all) }, `Replay all of ${name}`),
  );
}

/** @param {import("./core.js").Signal<Receipt>} item */
function row(item) {
  const { id, received_at, format, integration } = item.peek();
  return h(
    "li",
    null,
    h(
      "div",
      { class: "what" },
      h("a", { href: receiptPage(id) }, () => became(item.value)),
      h("p", { class: "faint" }, `${integration.name}, ${format}, `, ago(received_at)),
    ),
    h(
      "div",
      { class: "do" },
      () => badge(stateOf(item.value.state).tone, stateOf(item.value.state).word),
      h(
        "button",
        {
          type: "button",
          hidden: () => item.value.state !== "dead" || item.value.truncated || !may("receipt:replay"),
          "aria-label": `Replay ${id}`,
          onclick: () =>
            attempt(async () => {
              await replay(item.peek());
              dead.drop(id);
            }),
        },
        "Replay",
      ),
    ),
  );
}

/** @param {Receipt} receipt */
function became({ items, reason }) {
  return reason || (items[0] ? decisionOf(items[0].decision) : "Not processed yet");
}
