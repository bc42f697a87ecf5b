/**
 * The help dialog: what the keys do, and the switch for single keys.
 * @module
 */

import { h } from "./core.js";
import { bindings, shown, singles, switchSingles } from "./keys.js";

const list = h("dl", { class: "keys" });
const dialog = h(
  "dialog",
  { class: "help", "aria-labelledby": "help-title" },
  h(
    "form",
    { method: "dialog" },
    h(
      "header",
      null,
      h("h2", { id: "help-title" }, "Keyboard"),
      h("button", { class: "quiet" }, "Close"),
    ),
    list,
    h(
      "label",
      { class: "switch" },
      h("input", {
        type: "checkbox",
        checked: () => singles.value,
        onchange: (/** @type {Event} */ { currentTarget }) =>
          switchSingles(/** @type {HTMLInputElement} */ (currentTarget).checked),
      }),
      "Single keys act (switch off when they get in the way of speech input)",
    ),
  ),
);

export function openHelp() {
  if (!dialog.isConnected) document.body.append(dialog);
  list.replaceChildren(
    ...bindings.map(({ keys, what }) =>
      h("div", null, h("dt", null, ...shown(keys).map((key) => h("kbd", null, key))), h("dd", null, what))
    ),
  );
  dialog.showModal();
}
